from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from starlette.testclient import TestClient

import modelpack
from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature, Param
from modelpack.serving.app import create_app
from modelpack.serving.model_info import model_info
from modelpack.serving.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelpack.pyfunc.model import PyFuncModel

SIGNATURE = ModelSignature(
    ColumnSchema((Column(DataType.LONG, "a"),)),
    ColumnSchema((Column(DataType.DOUBLE, "b"),)),
    (Param("scale", DataType.DOUBLE, 1.0),),
)


def test_a_model_is_described(make_described: Callable[..., PyFuncModel], tmp_path: Path) -> None:
    """What it is called, where it comes from, what it takes, and what it needs."""
    (tmp_path / "requirements.txt").write_text("# made by hand\nnumpy==2.1.0\n\npandas\n")
    model = make_described(SIGNATURE, len, example=pd.DataFrame({"a": [7]}))
    with TestClient(create_app(model, settings=ServerSettings(model_name="iris"))) as client:
        response = client.get("/model")
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "name": "iris",
        "model_uuid": None,
        "digest": "sha256:1",
        "created": "2024-01-31T12:00:00.500000+00:00",
        "run_id": None,
        "written_by": None,
        "flavors": ["python_function"],
        "signature": {
            "text": "a long → b double",
            "inputs": [{"type": "long", "name": "a", "required": True}],
            "outputs": [{"type": "double", "name": "b", "required": True}],
            "params": [{"name": "scale", "default": 1.0, "shape": None, "type": "double"}],
        },
        "policy": "safe",
        "python_version": "3.12.1",
        "requirements": ["numpy==2.1.0", "pandas"],
        "example": {"body": {"dataframe_split": {"columns": ["a"], "data": [[7]]}}, "stored": True},
        "modelpack_version": modelpack.__version__,
    }


def test_the_description_tells_nothing_of_the_server(
    make_described: Callable[..., PyFuncModel], tmp_path: Path
) -> None:
    """Where the model stands is nobody's business."""
    assert str(tmp_path) not in str(model_info(make_described(SIGNATURE, len), ServerSettings(model_name="m")))


def test_a_model_without_signature_and_requirements_is_described(make_described: Callable[..., PyFuncModel]) -> None:
    """Both may be missing in old models."""
    described = model_info(make_described(None, len), ServerSettings())
    assert described["signature"] is None
    assert described["requirements"] == []

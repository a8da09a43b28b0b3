"""Models to deploy on this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import modelpack
import modelpack.pyfunc
from modelpack.deployments.local.options import LocalOptions
from modelpack.deployments.local.places import Place, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MODULE = """
import os, time
from modelpack.pyfunc import PythonModel

class Plus(PythonModel):
    def __init__(self, number, fails=""):
        self.number, self.fails = number, fails

    def load_context(self, context):
        if self.fails:
            raise RuntimeError(self.fails)

    def predict(self, context, model_input, params=None):
        if (model_input["x"] == 13).any():
            os._exit(3)
        time.sleep(float(os.environ.get("PAUSE", "0")))
        return model_input["x"] + self.number + float(os.environ.get("ADDED", "0"))
"""


@pytest.fixture
def save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Save a model that adds a number, or that cannot be loaded: `save(2.0)`, `save(2.0, fails="no luck")`."""
    (tmp_path / "plus_model.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    from plus_model import Plus  # type: ignore[import-not-found]  # written above

    def save(number: float, **arguments: Any) -> Path:
        path = tmp_path / f"model-{number:g}{''.join(arguments.values())}"
        if not path.exists():
            rows = pd.DataFrame({"x": [1.5]})
            modelpack.pyfunc.save_model(
                path,
                python_model=Plus(number, **arguments),
                code_paths=[tmp_path / "plus_model.py"],
                signature=modelpack.infer_signature(rows, rows["x"]),
            )
        return path

    return save


@pytest.fixture(autouse=True)
def place(modelpack_home: Path) -> Iterator[Place]:  # noqa: ARG001 - where it is
    """Where the deployment `plus` is kept; it is deleted after the test."""
    yield place_of("plus", LocalOptions())
    modelpack.deployments.delete("plus", target="local")


def deploy(model: Path, **options: Any) -> modelpack.deployments.records.Deployment:
    """Deploy a model as `plus`."""
    return modelpack.deploy(model, target="local", name="plus", options=options)


def get() -> modelpack.deployments.records.Deployment:
    """What stands as `plus`."""
    return modelpack.deployments.get("plus", target="local")


def ask(x: float = 1.0) -> float:
    """What the deployment `plus` predicts."""
    body = json.dumps({"inputs": {"x": [x]}}).encode()
    answer = modelpack.deployments.invoke("plus", body, content_type="application/json", target="local")
    number: float = json.loads(answer.body)["predictions"][0]
    return number

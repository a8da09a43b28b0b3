"""Models to serve, and a client for each."""

from __future__ import annotations

import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.package.input_example import InputExample
from modelpack.pyfunc.model import PyFuncModel
from modelpack.schema.mlmodel import MLmodel
from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature, Param
from modelpack.serving.app import create_app
from modelpack.serving.settings import ServerSettings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # newer releases of Starlette want httpx2 in place of httpx, and take both
    from starlette.testclient import TestClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SIGNATURE = ModelSignature(
    inputs=ColumnSchema((Column(DataType.DOUBLE, "x"), Column(DataType.DOUBLE, "y"))),
    outputs=ColumnSchema((Column(DataType.DOUBLE, "z"),)),
    params=(Param("scale", DataType.DOUBLE, 1.0),),
)


class Plane:
    """Two times x plus y, times the param `scale`."""

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Score a frame."""
        return (2 * data["x"] + data["y"]).to_numpy() * (params or {}).get("scale", 1.0)


class Function:
    """A model that is any function of the data."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002 - the Predictor protocol
        """Score with the function."""
        return self._function(data)


@pytest.fixture
def make_model() -> Callable[..., PyFuncModel]:
    """Make a model: of a function of the data, or the plane; without a signature when asked."""

    def make(function: Callable[[Any], Any] | None = None, *, signed: bool = True) -> PyFuncModel:
        return PyFuncModel(
            Plane() if function is None else Function(function),
            mlmodel=MLmodel(flavors={}, signature=SIGNATURE if signed else None, model_uuid="5" * 32),
            path=Path("no_files"),
            digest=f"sha256:{'0' * 64}",
            native=None,
        )

    return make


@pytest.fixture
def make_client(make_model: Callable[..., PyFuncModel]) -> Iterator[Callable[..., TestClient]]:
    """Make a client of a server: `make_client(function, signed=False, max_body=10)`."""
    with ExitStack() as stack:

        def make(function: Callable[[Any], Any] | None = None, *, signed: bool = True, **settings: Any) -> TestClient:
            app = create_app(make_model(function, signed=signed), settings=ServerSettings(**settings))
            return stack.enter_context(TestClient(app, raise_server_exceptions=False))

        yield make


@pytest.fixture
def client(make_client: Callable[..., TestClient]) -> TestClient:
    """A client of a server of the plane."""
    return make_client()


@pytest.fixture
def make_described(tmp_path: Path) -> Callable[..., PyFuncModel]:
    """Make a model of any signature: `make_described(signature, function, example=frame)`."""

    def make(signature: ModelSignature | None, function: Callable[[Any], Any], example: Any = None) -> PyFuncModel:
        rendered = None if example is None else InputExample.of(example).rendered()
        if rendered is not None:
            rendered.write(tmp_path)
        described = MLmodel(
            flavors={"python_function": {"python_version": "3.12.1"}},
            signature=signature,
            utc_time_created="2024-01-31 12:00:00.5",
            saved_input_example_info=None if rendered is None else rendered.info,
        )
        return PyFuncModel(Function(function), mlmodel=described, path=tmp_path, digest="sha256:1", native=None)

    return make

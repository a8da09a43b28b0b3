"""Models of any signature behind the protocol."""

from __future__ import annotations

import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.pyfunc.model import PyFuncModel
from modelpack.schema.mlmodel import MLmodel
from modelpack.schema.signature import ModelSignature
from modelpack.serving.app import create_app
from modelpack.serving.settings import ServerSettings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # newer releases of Starlette want httpx2 in place of httpx, and take both
    from starlette.testclient import TestClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class Recorder:
    """A model that remembers what it was given, and answers with a function of it."""

    def __init__(self, function: Callable[[Any], Any], *, takes_arrays: bool) -> None:
        self._function = function
        self.takes_arrays = takes_arrays
        self.given: list[tuple[Any, Mapping[str, Any] | None]] = []

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Answer with the function."""
        self.given.append((data, params))
        return self._function(data)


@dataclass(frozen=True)
class Served:
    """A model called `m` behind a server, and a client of it."""

    client: TestClient
    model: Recorder

    @property
    def data(self) -> Any:
        """What the model was given last."""
        return self.model.given[-1][0]

    @property
    def params(self) -> Any:
        """The params that the model was given last."""
        return self.model.given[-1][1]

    def infer(self, *inputs: dict[str, Any], status: int = 200, **document: Any) -> Any:
        """The answer to these inputs, which has to have this status."""
        response = self.client.post("/v2/models/m/infer", json={"inputs": list(inputs), **document})
        assert response.status_code == status, response.text
        return response.json()

    def outputs(self, *inputs: dict[str, Any], **document: Any) -> dict[str, dict[str, Any]]:
        """The tensors of the answer by name."""
        return {each["name"]: each for each in self.infer(*inputs, **document)["outputs"]}


def tensor(name: str, datatype: str, shape: list[int], data: Any, **parameters: Any) -> dict[str, Any]:
    """One input of a request."""
    described = {"name": name, "datatype": datatype, "shape": shape, "data": data}
    return {**described, "parameters": parameters} if parameters else described


@pytest.fixture(name="tensor")
def _tensor() -> Callable[..., dict[str, Any]]:
    """Make one input of a request."""
    return tensor


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Serve a function of the data as the model `m`: `serve(function, ModelSignature(…), takes_arrays=True)`."""
    with ExitStack() as stack:

        def make(
            function: Callable[[Any], Any] = len,
            signature: ModelSignature | None = None,
            *,
            takes_arrays: bool = False,
            **settings: Any,
        ) -> Served:
            recorder = Recorder(function, takes_arrays=takes_arrays)
            mlmodel = MLmodel(flavors={"toy": {}, "python_function": {}}, signature=signature, model_uuid="5" * 32)
            model = PyFuncModel(recorder, mlmodel=mlmodel, path=Path("no_files"), digest="sha256:0", native=None)
            app = create_app(model, settings=ServerSettings(model_name="m", **settings))
            client = stack.enter_context(TestClient(app, raise_server_exceptions=False))
            return Served(client, recorder)

        yield make

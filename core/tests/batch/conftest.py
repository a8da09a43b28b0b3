"""What the tests of batch scoring share: a model that misbehaves on demand, and inputs for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import modelpack.pyfunc
from modelpack.data.codecs import codec_for_file, encode
from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature, Param

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNATURE = ModelSignature(
    inputs=ColumnSchema((Column(DataType.DOUBLE, "x"), Column(DataType.DOUBLE, "y"))),
    outputs=ColumnSchema((Column(DataType.DOUBLE, "z"),)),
    params=(Param("scale", DataType.DOUBLE, 1.0),),
)


def plane(traces: Path) -> modelpack.pyfunc.PythonModel:
    """2 x + y, with accidents at some values of x. The class is pickled by value, so any process can load it.

    Each load leaves a file in `traces`, and so does each wait.
    """
    place = str(traces)

    class Plane(modelpack.pyfunc.PythonModel):
        def load_context(self, context: Any) -> None:  # noqa: ARG002 - the PythonModel protocol
            import os
            import pathlib
            import secrets

            pathlib.Path(place, f"load-{os.getpid()}-{secrets.token_hex(4)}").touch()

        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - the PythonModel protocol
            import os
            import pathlib
            import resource
            import signal
            import time

            x = model_input["x"]
            if (x == 13).any():
                raise ValueError("unlucky")
            if (x == 99).any():
                os.kill(os.getpid(), signal.SIGKILL)
            if (x == 55).any():  # what this process writes from now on is as if the disk were full
                resource.setrlimit(resource.RLIMIT_FSIZE, (64, resource.RLIM_INFINITY))
            for value, seconds in ((66, 2), (77, 60)):
                if (x == value).any():
                    pathlib.Path(place, f"wait-{os.getpid()}").touch()
                    time.sleep(seconds)
            return (2 * x + model_input["y"]).to_numpy() * params["scale"]

    return Plane()


@pytest.fixture
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the model leaves traces of what happened to it."""
    return tmp_path_factory.mktemp("traces")


@pytest.fixture
def saved(tmp_path_factory: pytest.TempPathFactory, traces: Path) -> Path:
    """The plane as a model directory."""
    path = tmp_path_factory.mktemp("models") / "plane"
    modelpack.pyfunc.save_model(path, python_model=plane(traces), signature=SIGNATURE)
    for trace in traces.iterdir():
        trace.unlink()
    return path


@pytest.fixture
def loads(traces: Path) -> Callable[[], list[int]]:
    """The ids of the processes that have loaded the model, one for each load."""
    return lambda: [int(trace.name.split("-")[1]) for trace in traces.glob("load-*")]


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of rows, in the format of its suffix: `id`, `x` and `y`, and other columns."""

    def make(name: str, xs: list[float], **columns: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        frame = pd.DataFrame({"id": [f"{os.path.basename(name)[0]}{place}" for place in range(len(xs))]})  # noqa: PTH119 - its first letter
        frame = frame.assign(x=pd.Series(xs, dtype=float), y=0.5, **columns)
        body = encode(frame, codec_for_file(path).media_types[0])
        path.write_bytes(body.replace(b"predictions", b"dataframe_records") if path.suffix == ".json" else body)
        return path

    return make

"""The servers that are compared: how each is started, and what it is asked.

All run one process that predicts, log no requests, and have the same uvicorn, uvloop and httptools where they use them.
Where a peer offers batching, it is on, with a short time to wait.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Form: TypeAlias = Literal["split", "array", "tensor"]
PROGRAMS = Path(__file__).resolve().parent / "programs"


@dataclass(frozen=True, slots=True)
class Launch:
    """What a start needs: the environment's interpreter, the folder of the model, a free port, and our options."""

    python: str
    model: Path
    port: int
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Server:
    """A server to measure.

    Attributes:
        name: What the tables call it.
        environment: The environment that it runs in.
        command: The words that start it.
        form: How it wants a table in JSON.
        path: Where it predicts.
        ping: Where it says that it lives.
        variables: What it needs in its environment, by the start.
        arrow: Whether it takes Arrow.
    """

    name: str
    environment: str
    command: Callable[[Launch], list[str]]
    form: Form
    path: str = "/invocations"
    ping: str = "/ping"
    variables: Callable[[Launch], Mapping[str, str]] = field(default=lambda _: {})
    arrow: bool = False


def _modelpack(launch: Launch) -> list[str]:
    model = str(launch.model / "modelpack")
    where = ["--port", str(launch.port), "--trust", "all"]
    return [launch.python, "-m", "modelpack", "serve", model, *where, *launch.options]


def _bare(kind: str) -> Callable[[Launch], list[str]]:
    def command(launch: Launch) -> list[str]:
        return [launch.python, str(PROGRAMS / "app_bare.py"), kind, str(launch.model), str(launch.port)]

    return command


def _mlflow(launch: Launch) -> list[str]:
    where = ["--host", "127.0.0.1", "--port", str(launch.port), "--workers", "1", "--env-manager", "local"]
    return [launch.python, "-m", "mlflow", "models", "serve", "--model-uri", str(launch.model / "mlflow"), *where]


def _mlserver(launch: Launch) -> list[str]:
    folder = launch.model / f"mlserver-{launch.port}"
    folder.mkdir(exist_ok=True)  # a port may come again in a later round
    ports = {"http_port": launch.port, "grpc_port": launch.port + 1, "metrics_port": launch.port + 2}
    settings = {"host": "127.0.0.1", "debug": False, "parallel_workers": 0, **ports}
    (folder / "settings.json").write_text(json.dumps(settings))
    model = {
        "name": "bench",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "max_batch_size": 64,
        "max_batch_time": 0.0005,
        "parameters": {"uri": str(launch.model / "array.pkl"), "version": "1"},
    }
    (folder / "model-settings.json").write_text(json.dumps(model))
    return [launch.python, "-c", "from mlserver.cli import main; main()", "start", str(folder)]


def _bentoml(launch: Launch) -> list[str]:
    where = ["--host", "127.0.0.1", "--port", str(launch.port), "--working-dir", str(PROGRAMS)]
    return [launch.python, "-m", "bentoml", "serve", "app_bentoml:Model", *where]


def _litserve(launch: Launch) -> list[str]:
    return [launch.python, str(PROGRAMS / "app_litserve.py"), str(launch.model), str(launch.port)]


def _bento_variables(launch: Launch) -> dict[str, str]:
    return {"BENCH_MODEL": str(launch.model), "BENTOML_HOME": str(launch.model / "bentoml")}


SERVERS = (
    Server("echo", "modelpack", _bare("echo"), "split", arrow=True),
    Server("numpy", "modelpack", _bare("numpy"), "split", arrow=True),
    Server("pandas", "modelpack", _bare("pandas"), "split", arrow=True),
    Server("modelpack", "modelpack", _modelpack, "split", arrow=True),
    Server("modelpack-v2", "modelpack", _modelpack, "tensor", "/v2/models/modelpack/infer"),
    Server("mlflow", "mlflow", _mlflow, "split", variables=lambda _: {"UVICORN_ACCESS_LOG": "false"}),
    Server("mlserver", "mlserver", _mlserver, "tensor", "/v2/models/bench/infer", "/v2/health/live"),
    Server("bentoml", "bentoml", _bentoml, "array", "/predict", "/livez", variables=_bento_variables),
    Server("litserve", "litserve", _litserve, "array", "/predict", "/health"),
)

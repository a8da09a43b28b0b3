"""A real engine, and an image of the scoring server on it."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import modelpack
import modelpack.pyfunc
from modelpack.images.context import write_build_context
from modelpack.images.options import ImageOptions
from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture

sys.path.insert(0, str(Path(__file__).parents[3] / "tests" / "images" / "kit"))
sys.path.insert(0, str(Path(__file__).parent))

from docker_engine import DockerEngine
from engine_fixtures import docker_base, docker_engine  # noqa: F401 - fixtures
from handed_image import handed_image  # noqa: F401 - a fixture
from plus_model import Plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "plus"


def pytest_configure(config: pytest.Config) -> None:
    """Docker's client leaves the sockets of what it executed in a container to the garbage collector."""
    config.addinivalue_line("filterwarnings", "ignore:unclosed <socket:ResourceWarning")


@pytest.fixture(scope="session")
def server_image(docker_engine: DockerEngine, docker_base: str, tmp_path_factory: pytest.TempPathFactory) -> str:  # noqa: F811, ARG001 - fixtures
    """An image of the scoring server with what the tests' models need, and one of them in it."""
    scratch = tmp_path_factory.mktemp("image")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELPACK_HOME", str(scratch / "home"))
        digest = save_plus(scratch / "model", 0.0)
        context = write_build_context(scratch / "model", scratch / "context", options=ImageOptions(trust=digest))
    docker_engine.docker("build", "-q", "--network", "host", "-t", "scoring-server:1", str(context.path))
    return "scoring-server:1"


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Save a model that adds a number, and may fail: `save(1.0)`, `save(1.0, fails="no luck")`."""

    def save(number: float, **arguments: str) -> Path:
        path = tmp_path / f"plus-{number:g}{''.join(arguments.values())}"
        if not path.exists():
            save_plus(path, number, **arguments)
        return path

    return save


@pytest.fixture
def place(docker_engine: DockerEngine, server_image: str) -> Iterator[dict[str, object]]:  # noqa: F811 - a fixture
    """Options that lead to the engine; the deployment `plus` is deleted after the test, and then nothing is left."""
    before = on_engine(docker_engine)
    options: dict[str, object] = {"docker_host": docker_engine.host, "image": server_image}
    yield options
    modelpack.deployments.delete(NAME, target="docker", options=options)
    assert on_engine(docker_engine) == before


def save_plus(path: Path, number: float, **arguments: str) -> str:
    """Save a model; answers its digest."""
    rows = pd.DataFrame({"x": [1.5]})
    return modelpack.pyfunc.save_model(
        path,
        python_model=Plus(number, **arguments),
        code_paths=[Path(__file__).with_name("plus_model.py")],
        signature=modelpack.infer_signature(rows, rows["x"]),
    ).digest


def on_engine(engine: DockerEngine) -> list[str]:
    """Everything that the engine has: containers, networks, volumes and images; not what its builder keeps of steps."""
    listings = {
        "container": ["ps", "-a", "--format", "{{.Names}}"],
        "network": ["network", "ls", "--format", "{{.Name}}"],
        "volume": ["volume", "ls", "--format", "{{.Name}}"],
        "image": ["images", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"],
    }
    return sorted(
        f"{kind}/{line}" for kind, words in listings.items() for line in engine.docker(*words).stdout.splitlines()
    )


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port

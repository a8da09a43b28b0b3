"""What every target has to do, with the target `docker` on a real engine."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from conftest import on_engine
from docker_engine import DockerEngine

from modelpack.testing import TargetTests

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module", autouse=True)
def _engine(docker_engine: DockerEngine, server_image: str) -> None:
    TestDocker.place = {"docker_host": docker_engine.host, "image": server_image}
    TestDocker.engine = docker_engine


class TestDocker(TargetTests):
    """Containers on an engine of the tests' own."""

    target = "docker"
    distribution = "modelpack-deploy-docker"
    library = "docker"
    has_logs = True
    runs_locally = True
    patience = 300.0
    secret_options = {"env": {"TOKEN": "an-unguessable-token"}}  # noqa: RUF012 - as the kit declares it

    place: Mapping[str, Any]
    engine: DockerEngine

    def options(self, scratch: Path) -> Mapping[str, Any]:  # noqa: ARG002 - nothing is written
        """The engine, and an image of the scoring server on it."""
        return self.place

    def footprint(self, options: Mapping[str, Any]) -> Collection[str]:  # noqa: ARG002 - there is one engine
        """Containers, networks, volumes and images."""
        return [line.partition(" ")[0] for line in on_engine(self.engine)]

    @contextmanager
    def foreign(self, options: Mapping[str, Any]) -> Iterator[str]:
        """A container of somebody else, from the same image."""
        name = "modelpack.theirs.forwarder.00000000"
        self.engine.docker("create", "--name", name, options["image"])
        yield "theirs"
        self.engine.docker("rm", name)

    def changed_options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Less memory."""
        return {**options, "memory": "700m"}

    def observed(self, options: Mapping[str, Any], name: str) -> Mapping[str, Any]:  # noqa: ARG002 - there is one engine
        """The containers' limit."""
        labels = [f"--filter=label=modelpack.{label}" for label in (f"deployment={name}", "role=server")]
        (server,) = self.engine.docker("ps", "-q", *labels).stdout.split()
        (told,) = json.loads(self.engine.docker("inspect", server).stdout)
        return {"memory": told["HostConfig"]["Memory"]}

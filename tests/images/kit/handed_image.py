"""One image in a registry, and an engine: what the session `images` hands to the tests of targets, and they take.

Those run in environments of their own, since the libraries of the platforms hold one another down. Put this directory
on `sys.path`, and import the fixture `handed_image`.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from docker_engine import NETWORK, PROGRAM, DockerEngine

ROOT = Path(__file__).parents[3]
_VARIABLE = "MODELPACK_TEST_HANDED_IMAGE"
_SCRIPT = f"""#!/bin/sh
case "$1" in
build) shift; exec {PROGRAM} build --network host "$@" ;;
run) shift; exec {PROGRAM} run --network {NETWORK} "$@" ;;
*) exec {PROGRAM} "$@" ;;
esac
"""
"""`docker` for those who know nothing of the test's engine, on which only what asks for a network has one."""


@dataclass(frozen=True, slots=True)
class HandedImage:
    """An image of a model that takes numbers in the column `x`.

    Attributes:
        name: Where it is, in a registry on this machine; the engine may have to pull it.
        id: The engine's id of it.
        model: The model in it.
        host: Where the engine listens.
    """

    name: str
    id: str
    model: Path
    host: str

    @property
    def engine(self) -> DockerEngine:
        """The engine."""
        return DockerEngine(self.host)

    def running(self) -> set[str]:
        """The ids of the images whose containers run."""
        containers = self.engine.docker("ps", "-q").stdout.split()
        return (
            set(self.engine.docker("inspect", "-f", "{{.Image}}", *containers).stdout.split()) if containers else set()
        )

    def digests(self) -> set[str]:
        """The digests that it has in registries; there ought to be one."""
        told = self.engine.docker("inspect", "-f", "{{range .RepoDigests}}{{println .}}{{end}}", self.id).stdout
        return {name.partition("@")[2] for name in told.split()}

    def pass_tests(self, python: str, file: str) -> None:
        """Let a file of tests take the image, and be passed by another interpreter.

        Raises:
            AssertionError: One of its tests failed or was skipped.
        """
        command = [python, "-m", "pytest", "-p", "no:cacheprovider", str(ROOT / file)]
        with _program() as directory:
            path = os.pathsep.join([str(directory), os.environ["PATH"]])
            variables = {**self.engine.environment, "PATH": path, _VARIABLE: json.dumps(asdict(self), default=str)}
            done = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, check=False)
        said = f"{shlex.join(command)}:\n{done.stdout}{done.stderr}"
        assert done.returncode == 0, said
        assert " skipped" not in done.stdout.splitlines()[-1], said


@pytest.fixture
def handed_image() -> HandedImage:
    """What was handed; else the test is skipped."""
    if _VARIABLE not in os.environ:
        pytest.skip("needs a Docker engine and an image, which the session `images` hands to it")
    found = json.loads(os.environ[_VARIABLE])
    return HandedImage(**{**found, "model": Path(found["model"])})


def run_command(image: str, port: int, variables: Mapping[str, str], mounts: Mapping[str, Path]) -> list[str]:
    """How an engine starts a container in the foreground, as the platforms of the cloud start an image.

    Args:
        image: The image.
        port: Where its port 8080 is reached on this machine.
        variables: The variables that it is given.
        mounts: The directories that it may read, by where they are.
    """
    mounted = [word for place, path in mounts.items() for word in ("-v", f"{path}:{place}:ro")]
    given = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
    return ["docker", "run", "--rm", "-p", f"127.0.0.1:{port}:8080", *mounted, *given, image, "serve"]


@contextmanager
def _program() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="modelpack-docker-") as scratch:
        program = Path(scratch, "docker")
        program.write_text(_SCRIPT)
        program.chmod(0o755)
        yield program.parent

"""A Docker engine of the test run's own: another data directory and socket, and nothing of the machine's network."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from base_image import NAME, ROOT_NAME, base_tar, write_base
from debian_packages import require

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = "/usr/bin/docker"
"""Debian's client, which belongs to Debian's engine; another one on the path may lack what builds images."""
NETWORK = "modelpack"
"""The network on which containers have addresses and ports of their own; `-p` works there."""

_PATIENCE = 20
"""How often what an engine leaves behind is tried to be removed, twice a second."""


@dataclass(frozen=True, slots=True)
class DockerEngine:
    """A running engine.

    Attributes:
        host: Where it listens, as `DOCKER_HOST` says it.
    """

    host: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment of programs that are to use the engine."""
        return {**os.environ, "DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "1"}

    def docker(self, *arguments: str, check: bool = True, seconds: float = 600) -> subprocess.CompletedProcess[str]:
        """Run the client; unless told otherwise, its failure is the test's."""
        command = [PROGRAM, *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, timeout=seconds
        )
        assert not check or done.returncode == 0, f"{' '.join(command)} failed: {done.stdout}{done.stderr}"
        return done

    def add_base(self) -> str:
        """Make `python:3.11-slim` known, and answer its name."""
        self.docker("import", str(base_tar()), ROOT_NAME)
        with tempfile.TemporaryDirectory() as scratch:
            self.docker("build", "-q", "-t", NAME, str(write_base(Path(scratch))))
        return NAME


@contextmanager
def docker_engine() -> Iterator[DockerEngine]:
    """Start an engine, and end it with all its containers; skips the test where none can be started."""
    require(dockerd="docker.io", iptables="iptables")
    if os.geteuid() != 0:
        pytest.skip("needs root to start a Docker engine")
    scratch = Path(tempfile.mkdtemp(prefix="modelpack-engine-"))  # a socket's path must be short
    engine = DockerEngine(f"unix://{scratch}/docker.sock")
    places = {"data-root": "data", "exec-root": "exec", "pidfile": "docker.pid"}
    command = ["dockerd", "-H", engine.host, *(f"--{option}={scratch / place}" for option, place in places.items())]
    with (scratch / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--iptables=false", "--bridge=none"], stdout=log, stderr=log)
    try:
        _await_engine(engine, process, scratch / "log")
        engine.docker("network", "create", NETWORK)
        yield engine
    finally:
        _clear(engine)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        _remove(scratch)


def _await_engine(engine: DockerEngine, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            pytest.skip(f"no Docker engine can run here: {log.read_text()[-500:]}")
        if engine.docker("version", check=False).returncode == 0:
            return
        time.sleep(0.1)
    pytest.skip(f"the Docker engine does not answer: {log.read_text()[-500:]}")


def _clear(engine: DockerEngine) -> None:
    """Networks outlive an engine, and so do the processes of containers."""
    if containers := engine.docker("ps", "-aq", check=False).stdout.split():
        engine.docker("rm", "-f", *containers, check=False)
    for _ in range(_PATIENCE):
        networks = engine.docker("network", "ls", "-q", "--filter", "type=custom", check=False).stdout.split()
        if not networks or engine.docker("network", "rm", *networks, check=False).returncode == 0:
            return
        time.sleep(0.5)


def _remove(directory: Path) -> None:
    """What an engine had mounted may be busy for a moment after its end."""
    for _ in range(_PATIENCE):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(0.5)

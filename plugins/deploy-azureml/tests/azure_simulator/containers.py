"""What a deployment runs: the real scoring server, or Azure's own inference server, as a process."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from azure_simulator.messages import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GRACE = 30.0
OWN_ROUTES = {"liveness": "/", "readiness": "/", "scoring": "/score"}
"""The routes of Azure's inference server."""


@dataclass(frozen=True, slots=True, eq=False)
class Container:
    """A running container.

    Attributes:
        process: Its one process.
        port: Where that listens.
        log: Where it writes.
        routes: The paths of `liveness`, `readiness` and `scoring`.
    """

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    routes: Mapping[str, str]

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def answers(self, route: str) -> bool:
        """Whether a probe of a route passes."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{self.routes[route]}", timeout=2) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except OSError:
            return False

    def wait_until_ready(self, seconds: float) -> None:
        """Poll the probes.

        Raises:
            ServiceError: The process has ended, or the time has passed; it is stopped then.
        """
        deadline = time.monotonic() + seconds
        while not (self.answers("liveness") and self.answers("readiness")):
            if not self.is_running:
                raise _not_ready("User container has crashed or terminated", self)
            if time.monotonic() > deadline:
                self.stop()
                raise _not_ready(f"Readiness probe failed for {seconds:g} seconds", self)
            time.sleep(0.05)

    def stop(self) -> None:
        """End it as Azure does: SIGTERM, and SIGKILL when it does not heed that."""
        if self.is_running:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_image(environment: Mapping[str, str], routes: Mapping[str, str], log: Path) -> Container:
    """Start what is in one of our images with `serve`."""
    port = _free_port()
    given = {"MODELPACK_WORKERS": "1", **environment, "MODELPACK_PORT": str(port), "MODELPACK_HOST": "127.0.0.1"}
    return _started([sys.executable, "-m", "modelpack.serving.container", "serve"], given, port, routes, log)


def start_script(script: Path, environment: Mapping[str, str], log: Path) -> Container:
    """Start Azure's inference server on a scoring script.

    Raises:
        ServiceError: The server is not installed.
    """
    command = Path(sys.executable).with_name("azmlinfsrv")
    if not command.is_file() and shutil.which("azmlinfsrv") is None:
        raise ServiceError(
            500, "ResourceNotReady", "azureml-inference-server-http is not installed where the tests run"
        )
    port = _free_port()
    given = {**environment, "AML_APP_ROOT": str(script.parent)}
    arguments = ["--entry_script", str(script), "--port", str(port), "--worker_count", "1"]
    return _started([str(command), *arguments], given, port, OWN_ROUTES, log)


def _started(
    command: Sequence[str], environment: Mapping[str, str], port: int, routes: Mapping[str, str], log: Path
) -> Container:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE", "IDENTITY_"))}
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env={**inherited, **environment}, cwd=log.parent, stdout=output, stderr=subprocess.STDOUT
        )
    return Container(process, port, log, routes)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _not_ready(what: str, container: Container) -> ServiceError:
    lines = container.log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
    return ServiceError(400, "ResourceNotReady", f"{what}. See the logs of the container.", details=tuple(lines))

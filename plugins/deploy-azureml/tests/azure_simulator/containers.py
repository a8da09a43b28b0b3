"""What a deployment runs: the real scoring server, or Azure's own inference server, as a process."""

from __future__ import annotations

import os
import shutil
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
from modelpack.testing.program import Program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelpack.testing.program import Process
    from modelpack.testing.warm_programs import WarmPrograms

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

    process: Process
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
            self.process.terminate()
        try:
            self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_image(
    programs: WarmPrograms, environment: Mapping[str, str], routes: Mapping[str, str], log: Path
) -> Container:
    """Start what is in one of our images with `serve`."""
    port = _free_port()
    given = {"MODELPACK_WORKERS": "1", **environment, "MODELPACK_PORT": str(port), "MODELPACK_HOST": "127.0.0.1"}
    program = _program(["-m", "modelpack.serving.container", "serve"], given, log)
    return Container(_started(programs, program, log), port, log, routes)


def start_script(programs: WarmPrograms, script: Path, environment: Mapping[str, str], log: Path) -> Container:
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
    program = _program([str(command), *arguments], given, log)
    return Container(_started(programs, program, log), port, log, OWN_ROUTES)


def _program(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Program:
    return Program(arguments, {**inherited_variables(), **environment}, log.parent)


def inherited_variables() -> dict[str, str]:
    """What a container shares with this process: not what leads here."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AZURE", "IDENTITY_"))}


def _started(programs: WarmPrograms, program: Program, log: Path) -> Process:
    with log.open("ab") as output:
        return programs.start(program, output)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _not_ready(what: str, container: Container) -> ServiceError:
    lines = container.log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
    return ServiceError(400, "ResourceNotReady", f"{what}. See the logs of the container.", details=tuple(lines))

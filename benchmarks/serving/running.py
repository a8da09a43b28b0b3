"""A server as a process: started, asked once, stopped."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import Launch, Server

HOST = "127.0.0.1"
PATIENCE = 120.0
OK = 200
_QUIET = {"DO_NOT_TRACK": "1", "BENTOML_DO_NOT_TRACK": "true", "MLFLOW_DISABLE_TELEMETRY": "true"}


class ServerError(Exception):
    """A server that does not start, or answers wrongly; the others are measured nevertheless."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted."""

    path: str
    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Running:
    """A server that has answered."""

    process: int
    port: int
    start_seconds: float


@contextmanager
def running(server: Server, launch: Launch, first: Request) -> Iterator[Running]:
    """Start a server, wait for its first answer, and end it with all its processes afterwards."""
    log = launch.model / f"{server.name}.log"
    environment = {**os.environ, **_QUIET, **server.variables(launch)}
    environment["PATH"] = os.pathsep.join([os.path.dirname(launch.python), environment["PATH"]])  # noqa: PTH120 - a text
    command = server.command(launch)
    with log.open("ab") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stderr=output, cwd=launch.model, env=environment, start_new_session=True
        )
        try:
            _wait(process, launch.port, first, log)
            yield Running(process.pid, launch.port, time.perf_counter() - start)
        finally:
            _end(process)


def post(port: int, request: Request) -> tuple[int, bytes, str]:
    """Status, body and media type of the answer to a request on a connection of its own."""
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
    try:
        connection.request("POST", request.path, request.body, {"Content-Type": request.media_type})
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheader("Content-Type", "")
    finally:
        connection.close()


def free_ports() -> int:
    """A port that is free with the two after it."""
    for first in range(20_000 + os.getpid() % 10_000, 60_000, 3):
        with suppress(OSError):
            for port in range(first, first + 3):
                with socket.socket() as probe:
                    probe.bind((HOST, port))
            return first
    raise SystemExit("no port is free")


def _wait(process: subprocess.Popen[bytes], port: int, first: Request, log: Path) -> None:
    status = 0
    end = time.perf_counter() + PATIENCE
    while status != OK:
        if process.poll() is not None or time.perf_counter() > end:
            raise ServerError(f"does not answer (status {status}):\n{log.read_text()[-2_000:]}")
        with suppress(OSError, http.client.HTTPException):
            status, _, _ = post(port, first)
        if status != OK:
            time.sleep(0.005)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=15)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # its session: what it left behind, too
    process.wait()

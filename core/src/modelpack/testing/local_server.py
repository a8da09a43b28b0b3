"""A model that a target serves on this machine, in a process of its own."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelpack.testing.interpreter import pickled
from modelpack.testing.target_bench import BODY, JSON, numbers
from modelpack.testing.target_probes import run_local

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelpack.testing.target_bench import Bench

PAUSE = 0.1
_PROGRAM = """
import pickle, sys
sys.path[:] = pickle.load(sys.stdin.buffer)
function, *arguments = pickle.load(sys.stdin.buffer)
sys.exit(function(*arguments))
"""


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that was started.

    Attributes:
        process: Its process.
        port: Where it listens.
        log: What it prints.
        patience: How many seconds it may take to start, and to stop.
    """

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    patience: float

    def answers(self) -> list[float]:
        """What the model predicts for the kit's rows, as soon as the server answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/invocations", BODY, {"Content-Type": JSON})
        deadline = time.monotonic() + self.patience
        while True:
            try:
                with urllib.request.urlopen(request, timeout=self.patience) as answer:  # noqa: S310 - our own server
                    return numbers(json.load(answer))
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"the server does not answer: {self.output()}") from None
                time.sleep(PAUSE)

    def stopped(self) -> int:
        """Tell the server to stop, and answer its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(self.patience)

    def output(self) -> str:
        """What it has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def local_server(bench: Bench) -> Iterator[LocalServer]:
    """Start a server with the first model, as `modelpack run-local` does; it is ended with the block."""
    port, log = _free_port(), bench.root / "local-server.log"
    call = pickled(run_local, str(bench.model("first").path), bench.suite.target, bench.options, port)
    with log.open("wb") as output, tempfile.TemporaryFile() as task:
        task.write(pickle.dumps(sys.path) + call)
        task.seek(0)
        process = subprocess.Popen(  # noqa: S603 - this interpreter and our own program
            [sys.executable, "-c", _PROGRAM], stdin=task, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield LocalServer(process, port, log, bench.suite.patience)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and those that it started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port

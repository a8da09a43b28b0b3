"""What a server of several processes tells of itself, over real sockets."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from modelpack.testing.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="workers are forks")]

SCRIPT = """
import logging, os, sys
from pathlib import Path
from modelpack.pyfunc.model import PyFuncModel
from modelpack.schema.mlmodel import MLmodel
from modelpack.serving.processes.run import serve
from modelpack.serving.settings import ServerSettings

class Which:
    def predict(self, data, params=None):
        logging.getLogger("which").warning("asked")
        return [os.getpid()]

if __name__ == "__main__":
    model = PyFuncModel(Which(), mlmodel=MLmodel(flavors={}), path=Path("none"), digest="sha256:0", native=None)
    settings = ServerSettings(port=0, workers=2, log_format="json")
    serve(model, settings, lambda text: print(text.splitlines()[0], file=sys.stderr, flush=True))
"""


class Server:
    """A server with two workers."""

    def __init__(self, script: Path) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([sys.executable, str(script)], stdout=pipe, stderr=pipe, text=True)
        assert self.process.stderr is not None
        self.url = self.process.stderr.readline().split()[-1]

    def worker(self, name: str) -> int:
        """Ask for predictions, and answer which process made them."""
        headers = {"Content-Type": "application/json", "X-Request-ID": name}
        response = httpx.post(f"{self.url}/invocations", content=b'{"instances": [1]}', headers=headers, timeout=30)
        return int(response.json()["predictions"][0])

    def metrics(self) -> str:
        """What any of the workers tells."""
        return httpx.get(f"{self.url}/metrics", timeout=30).text

    def log(self) -> list[dict[str, Any]]:
        """Stop, and answer what was logged."""
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=30)
        return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that was started."""
    script = tmp_path / "server.py"
    script.write_text(SCRIPT, encoding="utf-8")
    server = Server(script)
    yield server
    server.process.terminate()
    server.process.communicate(timeout=30)


def test_counts_outlive_a_worker_that_is_killed(server: Server) -> None:
    """Each worker tells the counts of both; those of the killed one stay, and its memory is no longer told."""
    served = 'modelpack_requests_total{method="POST",route="/invocations",status="200"} '
    workers = [server.worker(f"r{number}") for number in range(10)]
    wait_until(lambda: f"{served}10.0" in server.metrics())
    os.kill(workers[-1], signal.SIGKILL)
    wait_until(lambda: "process_open_fds{" in (text := quietly(server.metrics)) and f'pid="{workers[-1]}"' not in text)
    assert f"{served}10.0" in server.metrics()


def quietly(ask: Callable[[], str]) -> str:
    """What is answered; a request may be lost with the worker that has just been killed."""
    try:
        return ask()
    except httpx.TransportError:
        return ""


def test_every_line_of_the_log_is_an_entry(server: Server) -> None:
    """Those of the model's own code name the request for which it was called."""
    for number in range(10):
        server.worker(f"r{number}")
    entries = server.log()
    asked = {entry["request_id"] for entry in entries if entry["logger"] == "which"}
    answered = {entry["request_id"] for entry in entries if entry["logger"] == "modelpack.access"}
    assert asked == answered == {f"r{number}" for number in range(10)}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["time"]) for entry in entries)

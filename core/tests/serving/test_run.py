"""The server as a process, over real sockets."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from typing import TYPE_CHECKING

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.serving.listening import listening_socket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCRIPT = """
import time
from pathlib import Path
from modelpack.pyfunc.model import PyFuncModel
from modelpack.schema.mlmodel import MLmodel
from modelpack.serving.run import serve
from modelpack.serving.settings import ServerSettings

class Slow:
    def predict(self, data, params=None):
        time.sleep(float(data["seconds"][0]))
        return [1]

model = PyFuncModel(Slow(), mlmodel=MLmodel(flavors={}), path=Path("none"), digest="sha256:0", native=None)
serve(model, ServerSettings(port=0, grace=3), lambda text: print(text, flush=True))
"""


ANNOUNCED = ["listening", "model", "digest", "signature", "try"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running server, and where it listens."""
    script = tmp_path / "server.py"
    script.write_text(SCRIPT, encoding="utf-8")
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    announced = [process.stdout.readline().rstrip() for _ in ANNOUNCED]
    found = re.search(r"http://127\.0\.0\.1:\d+", announced[0])
    assert found is not None, process.stderr.read() if process.stderr else ""
    assert [line.partition(" ")[0] for line in announced] == ANNOUNCED
    yield process, found[0]
    if process.poll() is None:
        process.kill()
    process.communicate()


def ask(url: str, seconds: float) -> object:
    """Invoke the model, which takes so long."""
    request = urllib.request.Request(  # noqa: S310 - the server under test
        f"{url}/invocations",
        json.dumps({"dataframe_records": [{"seconds": seconds}]}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - see above
        return json.load(response)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_server_answers_finishes_what_it_has_begun_and_exits_with_0(
    server: tuple[subprocess.Popen[str], str], number: signal.Signals
) -> None:
    """A stop signal ends the process cleanly, and no request is cut off."""
    process, url = server
    assert ask(url, 0) == {"predictions": [1]}
    answers: list[object] = []
    begun = threading.Thread(target=lambda: answers.append(ask(url, 1)))
    begun.start()
    threading.Event().wait(0.3)
    os.kill(process.pid, number)
    begun.join()
    _, errors = process.communicate(timeout=30)
    assert answers == [{"predictions": [1]}]
    assert (process.returncode, errors) == (0, "")


@pytest.mark.slow
def test_a_model_that_never_returns_does_not_keep_the_server_from_ending(
    server: tuple[subprocess.Popen[str], str],
) -> None:
    """After the grace period the process ends."""
    process, url = server
    address = url.removeprefix("http://").partition(":")
    body = b'{"dataframe_records": [{"seconds": 3600}]}'
    with socket.create_connection((address[0], int(address[2]))) as client:
        client.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        threading.Event().wait(0.5)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_taken_port_is_told() -> None:
    """The hint says how to choose another."""
    with listening_socket("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidArgumentError, match=f"port {port} on 127.0.0.1 is taken") as caught:
            listening_socket("127.0.0.1", port)
    assert "--port" in str(caught.value.hint)


def test_an_address_of_another_machine_is_told() -> None:
    """Before the model is loaded."""
    with pytest.raises(InvalidArgumentError, match=r"192\.0\.2\.1"):
        listening_socket("192.0.2.1", 0)


def test_small_answers_are_sent_at_once() -> None:
    """Asyncio turns Nagle's algorithm off only for sockets that say that they are TCP; else an answer waits 40 ms."""
    with listening_socket("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP

"""The server as processes, over real sockets."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from modelpack.testing.waiting import is_running, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

SCRIPT = """
import ctypes, json, os, sys, time
from pathlib import Path
from modelpack.pyfunc.model import PyFuncModel
from modelpack.schema.mlmodel import MLmodel
from modelpack.serving.processes import supervisor
from modelpack.serving.processes.run import serve
from modelpack.serving.scoring import track_record
from modelpack.serving.settings import ServerSettings

class Moody:
    def predict(self, data, params=None):
        mood = data["mood"][0]
        if mood == "exit":
            os._exit(3)
        if mood == "crash":
            ctypes.string_at(0)
        if mood == "hold":
            ctypes.PyDLL(None).sleep(3600)
        if mood.startswith("sleep"):
            time.sleep(float(mood[5:]))
        return [os.getpid()]

settings = json.loads(sys.argv[1])
supervisor._SILENCE = settings.pop("silence", 60)
if settings.get("loop_calls"):
    track_record._PROVEN, track_record._QUICK = 5, 1.0  # whatever else this machine does
for name in {"socket", "tls_certificate", "tls_key"} & set(settings):
    settings[name] = Path(settings[name])
model = PyFuncModel(Moody(), mlmodel=MLmodel(flavors={}), path=Path("none"), digest="sha256:0", native=None)
serve(model, ServerSettings(port=0, access_log=False, **settings), lambda text: print(text, flush=True))
"""

ANNOUNCED = ["listening", "model", "digest", "signature", "try"]


class Server:
    """A server that was started, and what it announced."""

    def __init__(self, script: Path, settings: dict[str, Any]) -> None:
        command = [sys.executable, str(script), json.dumps(settings)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.lines = [self.process.stdout.readline().rstrip() for _ in ANNOUNCED]
        place = self.lines[0].removeprefix("listening on ").partition("://")[2]
        self.port = int(place.rpartition(":")[2]) if place else 0

    def connect(self) -> http.client.HTTPConnection:
        """A connection that stays."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, mood: str = "fine") -> int:
        """The process that answered; 0 when the connection was lost."""
        with closing(self.connect()) as connection:
            try:
                return invoke(connection, mood)
            except (OSError, http.client.HTTPException):
                return 0

    def answering(self) -> int:
        """The process that answered; 0 also when it could not."""
        return max(self.ask(), 0)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """The exit code, and what the server said on standard error."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


def invoke(connection: http.client.HTTPConnection, mood: str = "fine") -> int:
    """The process that answered a request, or the negative status."""
    body = json.dumps({"dataframe_records": [{"mood": mood}]})
    connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    content = response.read()
    return int(json.loads(content)["predictions"][0]) if response.status == 200 else -response.status


def lost(connection: http.client.HTTPConnection) -> None:
    """Ask for what takes an hour, until the connection ends."""
    with suppress(OSError, http.client.HTTPException):
        invoke(connection, "sleep3600")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start a server with settings."""
    script = tmp_path / "server.py"
    script.write_text(SCRIPT, encoding="utf-8")
    started: list[Server] = []

    def make(**settings: Any) -> Server:
        started.append(Server(script, settings))
        return started[-1]

    yield make
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
        server.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_server_answers_finishes_what_it_has_begun_and_exits_with_0(
    start: Callable[..., Server], number: signal.Signals
) -> None:
    """A stop signal ends the processes cleanly, and no request is cut off."""
    server = start()
    assert [line.partition(" ")[0] for line in server.lines] == ANNOUNCED
    assert server.ask() not in (0, server.process.pid)
    answers: list[int] = []
    begun = threading.Thread(target=lambda: answers.append(server.ask("sleep1")))
    begun.start()
    threading.Event().wait(0.3)
    assert server.stop(number) == (0, "")
    begun.join()
    assert answers[0] > 0
    with closing(server.connect()) as connection, pytest.raises(ConnectionRefusedError):
        connection.connect()


def test_a_model_that_never_returns_does_not_keep_the_server_from_ending(start: Callable[..., Server]) -> None:
    """After the grace period the processes end, and the client is told."""
    server = start(grace=1)
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(server.ask("sleep3600")))
    waiting.start()
    threading.Event().wait(0.5)
    code, errors = server.stop()
    waiting.join()
    assert (code, answers) == (0, [-503])
    assert "Traceback" not in errors


@pytest.mark.parametrize(("mood", "ending"), [("exit", "exit code 3"), ("crash", "SIGSEGV"), ("hold", "SIGABRT")])
def test_a_model_that_ends_or_stops_its_process_takes_only_its_own_request(
    start: Callable[..., Server], mood: str, ending: str
) -> None:
    """The next request is answered by a new process, and the log says what happened where."""
    server = start(timeout=1, silence=3 if mood == "hold" else 60)
    former = wait_until(server.answering)
    assert server.ask(mood) == 0
    assert wait_until(server.answering) != former
    code, errors = server.stop()
    assert code == 0
    assert ending in errors or mood == "hold"
    assert mood == "exit" or "in predict" in errors
    assert (mood == "hold") == ("does not react" in errors)


def test_a_worker_that_is_killed_loses_only_its_own_requests(start: Callable[..., Server]) -> None:
    """Connections to the other go on, and those that were lost find a worker again."""
    server = start(workers=2)
    answered: list[list[int]] = [[] for _ in range(12)]
    failed: list[int] = []
    enough = threading.Event()

    def load(mine: list[int]) -> None:
        connection = server.connect()
        while not enough.is_set():
            try:
                mine.append(invoke(connection))
            except (OSError, http.client.HTTPException):
                failed.append(mine[-1] if mine else 0)
                connection.close()  # the next request opens it again
        connection.close()

    clients = [threading.Thread(target=load, args=(mine,)) for mine in answered]
    for client in clients:
        client.start()
    wait_until(lambda: all(len(mine) > 5 for mine in answered))
    victim = answered[0][-1]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: all(mine[-1] != victim for mine in answered))
    enough.set()
    for client in clients:
        client.join()
    assert set(failed) == {victim}
    assert all(mine[-1] not in (0, victim) for mine in answered)
    assert len(failed) == sum(victim in mine for mine in answered) < len(answered)
    assert server.stop()[0] == 0


def test_a_worker_without_threads_left_is_replaced(start: Callable[..., Server]) -> None:
    """Calls that never return take one after the other, until another worker takes over."""
    server = start(timeout=0.3, threads=1, max_batch=1)
    former = wait_until(server.answering)

    def successor() -> bool:
        answer = server.ask()
        if answer == former:
            assert server.ask("sleep3600") in (0, -504, -503, -429)
        return answer > 0 and answer != former

    wait_until(successor)
    assert "lost its threads" in server.stop()[1]


def test_a_quick_model_that_hangs_on_the_loop_is_replaced_while_others_are_answered(
    start: Callable[..., Server],
) -> None:
    """Requests go to another process, which makes its calls in threads; the one that hung is ended."""
    server = start(loop_calls=True, grace=1)
    with closing(server.connect()) as connection:
        first = {invoke(connection) for _ in range(20)}
    (pid,) = first
    hung = threading.Thread(target=server.ask, args=["sleep3600"])
    hung.start()
    other = wait_until(lambda: 0 if (answered := server.answering()) == pid else answered)
    with closing(server.connect()) as connection:
        assert {invoke(connection) for _ in range(20)} == {other}
    sleeping = threading.Thread(target=server.ask, args=["sleep3"])
    sleeping.start()
    assert server.ask() == other
    hung.join(timeout=60)
    sleeping.join(timeout=60)
    assert not hung.is_alive()
    code, errors = server.stop()
    assert code == 0
    assert f"worker {pid} stands still" in errors


def test_sighup_replaces_the_workers_while_requests_are_answered(start: Callable[..., Server]) -> None:
    """None is lost."""
    server = start(workers=2)
    former = {server.ask() for _ in range(20)}
    server.process.send_signal(signal.SIGHUP)
    answers: list[int] = []

    def all_new() -> bool:
        answers.append(server.ask())
        return len(answers) > 40 and not set(answers[-40:]) & former

    wait_until(all_new)
    assert 0 not in answers
    assert server.stop()[0] == 0


def test_a_unix_socket_is_served(start: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command to try names it, and it is gone afterwards."""
    monkeypatch.chdir(tmp_path)
    server = start(socket="model.sock", workers=2)
    assert server.lines[0] == "listening on model.sock (a Unix socket)"
    assert "curl --unix-socket model.sock http://localhost/invocations" in server.lines[4]
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("model.sock")
        client.sendall(b"GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.1 200"
    assert server.stop() == (0, "")
    assert not Path("model.sock").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_tls_is_spoken_with_certificate_files(start: Callable[..., Server], tmp_path: Path, workers: int) -> None:
    """A client that trusts the certificate is answered; one that speaks plain HTTP is not, and does no harm."""
    authority = trustme.CA()
    own = authority.issue_cert("127.0.0.1")
    own.private_key_and_cert_chain_pem.write_to_path(tmp_path / "own.pem")
    server = start(tls_certificate=str(tmp_path / "own.pem"), workers=workers)
    assert server.lines[0] == f"listening on https://127.0.0.1:{server.port}"
    assert f"--cacert {tmp_path / 'own.pem'}" in server.lines[4]
    context = ssl.create_default_context()
    authority.configure_trust(context)
    assert server.ask() == 0
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=30)
    assert invoke(connection) > 0
    assert invoke(connection, "sleep0.1") > 0
    connection.close()
    assert server.stop()[0] == 0


def test_a_worker_whose_loop_stands_still_ends_with_a_supervisor_that_was_killed(start: Callable[..., Server]) -> None:
    """Nobody else would end it."""
    server = start(loop_calls=True, workers=2)
    with closing(server.connect()) as connection:
        for _ in range(20):
            invoke(connection)
        pid = invoke(connection)
        hung = threading.Thread(target=lost, args=[connection])
        hung.start()
        threading.Event().wait(0.1)
        server.process.kill()
        hung.join(timeout=60)
    assert not hung.is_alive()
    wait_until(lambda: not is_running(pid))


def test_workers_end_with_a_supervisor_that_was_killed(start: Callable[..., Server]) -> None:
    """And leave the port to the next."""
    server = start(workers=2)
    workers = {server.ask() for _ in range(20)}
    server.process.kill()
    server.process.communicate(timeout=30)  # standard output ends when no worker holds it any more
    wait_until(lambda: not any(map(is_running, workers)))

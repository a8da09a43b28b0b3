"""The supervisor over real processes: tiny programs that report as workers do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.errors import ModelFailureError, ModelpackError
from modelpack.serving.processes import roster, supervisor
from modelpack.serving.processes.launching import Child
from modelpack.serving.processes.supervisor import Supervisor
from modelpack.serving.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

START = """
import os, select, signal, sys, time
reports, lifeline = map(int, sys.argv[1:])
def say(text): os.write(reports, text)
def wait(): select.select([lifeline], [], [], 60)
def tell(number): os.kill(os.getppid(), number)
"""
STAY = "say(b'R'); wait()"
STOP_ALL = "say(b'R'); tell(signal.SIGTERM); wait()"


class Scripted:
    """Starts one program after another; the last again and again."""

    def __init__(self, *programs: str) -> None:
        self._programs = programs
        self.pids: list[int] = []
        self.is_cautious = False

    def start(self, lifeline: int, forget: Callable[[], None]) -> Child:  # noqa: ARG002 - it is no fork
        """Start the next."""
        program = self._programs[min(len(self.pids), len(self._programs) - 1)]
        reader, writer = os.pipe()
        command = [sys.executable, "-I", "-S", "-c", START + program, str(writer), str(lifeline)]
        process = subprocess.Popen(command, pass_fds=(writer, lifeline))
        process.returncode = 0  # the supervisor notices its end
        os.close(writer)
        self.pids.append(process.pid)
        return Child(process.pid, reader)

    def cautious(self) -> Scripted:
        """This one, which remembers that it was asked."""
        self.is_cautious = True
        return self


@pytest.fixture
def supervise() -> Callable[..., dict[str, Any]]:
    """Supervise programs until they have the supervisor stop, and answer what happened."""

    def run(*programs: str, **settings: Any) -> dict[str, Any]:
        launcher = Scripted(*programs)
        seen: dict[str, Any] = {"launcher": launcher, "ready": 0, "closing": 0, "ended": [], "pids": launcher.pids}

        def count(name: str) -> None:
            seen[name] += 1

        Supervisor(
            launcher,
            ServerSettings(**settings),
            ready=lambda: count("ready"),
            ended=seen["ended"].append,
            closing=lambda: count("closing"),
        ).run()
        for pid in launcher.pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
        return seen

    return run


def test_so_many_workers_run_until_told_to_stop(supervise: Callable[..., dict[str, Any]]) -> None:
    """The server is announced once, and all workers have ended when it has."""
    seen = supervise(STAY, STAY, STOP_ALL, workers=3)
    assert (seen["ready"], seen["closing"]) == (1, 1)
    assert sorted(seen["ended"]) == sorted(seen["pids"])
    assert len(seen["pids"]) == 3


@pytest.mark.parametrize(
    "end", ["sys.exit(7)", "os.kill(os.getpid(), signal.SIGKILL)", "os.kill(os.getpid(), signal.SIGSEGV)"]
)
def test_a_worker_that_dies_is_replaced(
    supervise: Callable[..., dict[str, Any]], caplog: pytest.LogCaptureFixture, end: str
) -> None:
    """The log says how it ended."""
    seen = supervise(f"say(b'R'); {end}", STOP_ALL)
    assert len(seen["pids"]) == 2
    assert any(word in caplog.text for word in ("exit code 7", "SIGKILL", "SIGSEGV"))
    assert f"worker {seen['pids'][0]}" in caplog.text


def test_workers_that_never_start_are_given_up(supervise: Callable[..., dict[str, Any]]) -> None:
    """After a few attempts, with an error."""
    with pytest.raises(ModelFailureError, match="the last one ended with exit code 3 before it was ready"):
        supervise("sys.exit(3)")


def test_a_worker_that_says_why_it_cannot_start_is_believed(supervise: Callable[..., dict[str, Any]]) -> None:
    """Another attempt would fail alike."""
    error = '{"error_code":"PERMISSION_DENIED","message":"no trust","hint":"modelpack trust"}'
    with pytest.raises(ModelpackError, match="no trust") as caught:
        supervise(f"say(b'E' + {error.encode()!r}); sys.exit(1)", workers=2)
    assert (caught.value.error_code, caught.value.hint) == ("PERMISSION_DENIED", "modelpack trust")


def test_a_replacement_that_fails_to_start_is_tried_again(supervise: Callable[..., dict[str, Any]]) -> None:
    """What worked once may work again: files on a network come and go."""
    fails = "say(b'E{}'); sys.exit(1)"
    seen = supervise("say(b'R'); sys.exit(1)", fails, fails, STOP_ALL)
    assert len(seen["pids"]) == 4


def test_a_worker_that_is_silent_is_replaced(
    supervise: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A model that keeps the interpreter's lock keeps the event loop from turning."""
    monkeypatch.setattr(supervisor, "_SILENCE", 0.5)
    monkeypatch.setattr(roster, "_LAST_WORDS", 0.1)
    deaf = "signal.signal(signal.SIGABRT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    beating = "say(b'R')\nfor turn in range(30): say(b'.'); time.sleep(0.1)\ntell(signal.SIGTERM); wait()"
    seen = supervise(deaf + STAY, beating, timeout=0.1)
    assert len(seen["pids"]) == 2
    assert f"worker {seen['pids'][0]} does not react" in caplog.text


def test_an_exhausted_worker_ends_when_its_successor_is_ready(supervise: Callable[..., dict[str, Any]]) -> None:
    """It goes on until then."""
    seen = supervise("say(b'R'); say(b'X'); wait()", "say(b'R'); time.sleep(0.5); tell(signal.SIGTERM); wait()")
    assert len(seen["pids"]) == 2
    assert seen["ended"][0] == seen["pids"][0]


def test_a_worker_whose_loop_stands_still_has_a_cautious_successor(
    supervise: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The one that stands still is ended when the other is ready."""
    monkeypatch.setattr(roster, "_LATE", 0.1)
    stuck = "signal.signal(signal.SIGTERM, signal.SIG_IGN); say(b'R'); say(b'S'); time.sleep(60)"
    seen = supervise(stuck, "say(b'R'); time.sleep(5); tell(signal.SIGTERM); wait()", grace=0.1)
    assert len(seen["pids"]) == 2
    assert seen["ended"][0] == seen["pids"][0]
    assert seen["launcher"].is_cautious
    assert f"worker {seen['pids'][0]} stands still" in caplog.text


def test_workers_are_replaced_one_by_one_on_sighup(supervise: Callable[..., dict[str, Any]]) -> None:
    """Each ends when its successor is ready."""
    both = "say(b'R'); time.sleep(0.3); tell(signal.SIGHUP); wait()"
    seen = supervise(STAY, both, STAY, STOP_ALL, workers=2)
    assert len(seen["pids"]) == 4
    assert set(seen["ended"]) == set(seen["pids"])


def test_a_worker_whose_successor_cannot_start_goes_on(
    supervise: Callable[..., dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    """A mistake in a new certificate must not end a server that works."""
    first = (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); say(b'R'); tell(signal.SIGHUP); "
        "time.sleep(1); tell(signal.SIGTERM); wait()"
    )
    seen = supervise(first, "sys.exit(1)")
    assert len(seen["pids"]) == 2
    assert "the one it was to replace goes on" in caplog.text


def test_a_worker_that_does_not_end_in_time_is_killed(
    supervise: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The grace is the requests', not for ever."""
    monkeypatch.setattr(roster, "_LATE", 0.2)
    seen = supervise("signal.signal(signal.SIGTERM, signal.SIG_IGN); " + STOP_ALL, grace=0)
    assert len(seen["pids"]) == 1


def test_told_twice_to_stop_it_ends_at_once(supervise: Callable[..., dict[str, Any]]) -> None:
    """Somebody presses Ctrl-C again."""
    twice = "say(b'R'); tell(signal.SIGINT); time.sleep(1); tell(signal.SIGINT); wait()"
    seen = supervise("signal.signal(signal.SIGTERM, signal.SIG_IGN); " + twice, grace=60)
    assert len(seen["pids"]) == 1


def test_the_handlers_of_signals_are_as_before(supervise: Callable[..., dict[str, Any]]) -> None:
    """A program that serves may go on to do something else."""
    former = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)]
    supervise(STOP_ALL)
    after = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)]
    assert after == former


def test_workers_learn_that_their_supervisor_has_ended() -> None:
    """Even if it was killed: their pipe ends."""
    program = f"""
import os, sys
sys.path[:] = {sys.path!r}
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_supervisor import Scripted, ServerSettings, Supervisor
settings = ServerSettings()
quiet = lambda *_: None
Supervisor(Scripted("say(b'R'); tell(signal.SIGKILL); wait(); print('ended', flush=True)"), settings,
           ready=quiet, ended=quiet, closing=quiet).run()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "ended\n")

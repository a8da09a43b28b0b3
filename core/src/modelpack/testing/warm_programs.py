"""Programs that start at once: forks of a process that has imported what they need.

A scoring server imports for a second or more before it serves. Tests that start one server after another pay for that
once when the servers are forks of one warm process; each is a process of its own all the same, with its own variables,
working directory, output and session, and runs what `python -m …` would run. The fixture `warm_programs` of
`modelpack.testing.fixtures` is the one of a test run.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from modelpack.testing.fork_server import BEGUN, HEARD, READY
from modelpack.testing.program import end_session, start_program

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from modelpack.testing.program import Output, Process, Program

SERVER: Final = (
    "modelpack.serving.*",
    "modelpack.pyfunc.*",
    "modelpack.package.*",
    "modelpack.plugins.*",
    "modelpack.cli.serve",
    "modelpack.testing.target_models",
    "uvicorn.lifespan.on",
    "cloudpickle",
    "numpy",
    "pandas",
    "pyarrow",
)
"""What the scoring server imports before it serves, as far as it is installed."""

_SINGLE = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")}
_READ_EARLY = ("PYTHON", "LD_", "LC_", "LANG")
"""How the variables begin that an interpreter and its libraries read when they start."""
_SHORT = 32


class WarmPrograms:
    """Starts programs of this interpreter, as forks of a process that has imported modules for all of them.

    That process starts with the first program; there is another one for programs that are to have other variables of
    the interpreter, such as `PYTHONPATH`. Everything ends with `close`, and with the process that called this, however
    that ends. Where a fork would not be the same as a process of its own (not on Linux, or when a module has started a
    thread or keeps a file open), programs are started the usual way.

    Several threads may use one object.

    Example:
        ```python
        with WarmPrograms() as programs, log.open("wb") as output:
            arguments = ["-m", "modelpack", "serve", model, "--port", "8080"]
            server = programs.start(Program(arguments, os.environ, tmp_path), output)
            ...
            server.terminate()
            server.wait()
        ```
    """

    def __init__(self, modules: Iterable[str] = SERVER) -> None:
        """Prepare.

        Args:
            modules: What to import beforehand; `PACKAGE.*` is a package with all that is in it, and what is not
                installed is passed over. No module may start a thread or open a file when it is imported.
        """
        self._modules = tuple(modules)
        self._lock = threading.Lock()
        self._warm: dict[frozenset[tuple[str, str]], _WarmProcess] = {}
        self._plain: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        """Nothing is started yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every program."""
        self.close()

    def start(self, program: Program, output: Output) -> Process:
        """Start a program.

        Args:
            program: The program.
            output: Where its standard output and standard error go. Its standard input is empty.

        Raises:
            OSError: It could not be started.
        """
        with self._lock:
            warm = self._warmed(program)
            if warm.forks:
                return warm.forked(program, output)
            self._plain = [each for each in self._plain if each.poll() is None]
            self._plain.append(start_program(program, output))
            return self._plain[-1]

    def _warmed(self, program: Program) -> _WarmProcess:
        early = {name: value for name, value in program.environment.items() if name.startswith(_READ_EARLY)}
        key = frozenset(early.items())
        if key not in self._warm:
            self._warm[key] = _WarmProcess(early, self._modules)
        return self._warm[key]

    def close(self) -> None:
        """End every program; again does no harm."""
        with self._lock:
            for each in self._plain:
                end_session(each)
            for warm in self._warm.values():
                warm.close()
            self._plain.clear()
            self._warm.clear()


class _WarmProcess:
    """The process that becomes programs, for those with the same variables of the interpreter.

    Attributes:
        forks: Whether it does.
    """

    def __init__(self, early: Mapping[str, str], modules: Iterable[str]) -> None:
        self.forks = False
        if sys.platform != "linux":
            return
        others = {name: value for name, value in os.environ.items() if not name.startswith(_READ_EARLY)}
        self._orders, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter and our own program
                [sys.executable, "-m", "modelpack.testing.fork_server", str(theirs.fileno()), *modules],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**others, **early, **_SINGLE},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self.forks = self._orders.recv(len(READY)) == READY

    def forked(self, program: Program, output: Output) -> Process:
        """Let it become a program."""
        status, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, tempfile.TemporaryFile() as file:
            file.write(program.to_json())
            file.flush()
            descriptor = output if isinstance(output, int) else output.fileno()
            socket.send_fds(self._orders, [b"\0"], [file.fileno(), descriptor, theirs.fileno()])
        told = status.recv(_SHORT)
        if not told.startswith(BEGUN):
            status.close()
            raise ChildProcessError(f"a program could not be started: {' '.join(program.arguments)}")
        return _Fork(program.arguments, int(told.removeprefix(BEGUN)), status.detach())

    def close(self) -> None:
        """End it, and what it has become."""
        if sys.platform == "linux":
            self._orders.close()
            self._process.wait()


class _Fork:
    """A program that is a fork; `status` is the descriptor of its socket."""

    def __init__(self, arguments: Sequence[str], pid: int, status: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._arguments = arguments
        self._status = status
        self._lock = threading.Lock()
        os.set_blocking(status, False)

    def __del__(self) -> None:
        os.close(self._status)  # not before: somebody may wait

    def poll(self) -> int | None:
        with self._lock:
            if self.returncode is None:
                with suppress(BlockingIOError):
                    self.returncode = self._told()
            return self.returncode

    def _told(self) -> int:
        told = os.read(self._status, _SHORT)
        with suppress(OSError):
            if not told:  # the warm process has died
                os.killpg(self.pid, signal.SIGKILL)
            os.write(self._status, HEARD)  # from here on, the process id may be another's
        return int(told) if told else -signal.SIGKILL

    def wait(self, timeout: float | None = None) -> int:
        waiting = select.poll()
        waiting.register(self._status, select.POLLIN)
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            if not waiting.poll(left) and timeout is not None:
                raise subprocess.TimeoutExpired([Path(sys.executable).name, *self._arguments], timeout)
        return code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

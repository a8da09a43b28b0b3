"""The process behind `WarmPrograms`: it imports what programs need, and becomes one of them in each fork.

Started as `python -m modelpack.testing.fork_server DESCRIPTOR MODULE…`. Through the socket with that descriptor comes
one byte for each program, with three descriptors: a file with the `Program`, what becomes its output, and a socket on
which it says its process id, and this process its exit code. The end of the socket is the end of everything.
"""

from __future__ import annotations

import atexit
import gc
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from modelpack.pyfunc.forking import fork, leave
from modelpack.pyfunc.signals import held
from modelpack.testing.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

READY: Final = b"ready"
UNFIT: Final = b"unfit"
"""What this process says first: whether it may be forked."""

BEGUN: Final = b"begun "
"""How a program says its process id."""
HEARD: Final = b"heard"
"""What this process is told about an exit code."""


def become(program: Program) -> None:
    """Be a program, in this process."""
    os.chdir(program.directory)
    os.environ.clear()
    os.environ.update(program.environment)
    _forget_the_past()
    kind, *rest = program.arguments
    if kind == "-m":
        module, *sys.argv[1:] = rest
        _search_first(str(Path.cwd()))
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    elif kind == "-c":
        code, *sys.argv[1:] = rest
        sys.argv[0] = kind
        _search_first("")
        main = sys.modules["__main__"] = type(sys)("__main__")
        exec(compile(code, "<string>", "exec"), main.__dict__)  # noqa: S102 - what -c is for
    else:
        sys.argv[1:] = rest
        _search_first(str(Path(kind).resolve().parent))
        runpy.run_path(kind, run_name="__main__")


def _forget_the_past() -> None:
    """Let nothing be as the first process found it."""
    time.tzset()
    tempfile.tempdir = None
    numpy_random: Any = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()  # Python's own is seeded anew in each fork


def _search_first(directory: str) -> None:
    if not sys.flags.safe_path:
        sys.path[0] = directory


@dataclass(slots=True)
class _Child:
    """A program that was started; `status` is the descriptor of its socket, `ended` whether its exit code was told."""

    pid: int
    status: int
    ended: bool = False

    def look(self) -> bool:
        """Tell the exit code if it has come to that; its process id remains taken until that was heard."""
        found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None or self.ended:
            return False
        self.ended = True
        code = found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
        with suppress(OSError):  # nobody wants to know
            os.write(self.status, str(code).encode())
        return True

    def bury(self) -> None:
        """Release its process id."""
        os.waitpid(self.pid, 0)
        os.close(self.status)

    def kill(self) -> None:
        """End it, and those of its session."""
        for end in (os.killpg, os.kill):
            with suppress(OSError):
                end(self.pid, signal.SIGKILL)


class _Forks:
    """Forks for as long as the other end of a socket is open."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._wake, self._waker = socket.socketpair()
        for end in (self._wake, self._waker):
            end.settimeout(0)
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(orders, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)

    def next_program(self) -> Program | None:
        """In each fork, what it is to be; in the first process None, when everything is over."""
        signal.signal(signal.SIGCHLD, _pass)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._wake:
                    self._look_at_children()
                elif key.fileobj is not self._orders:
                    self._heard(key.fd)
                elif (order := self._order()) is None:
                    self._end()
                    return None
                elif (program := self._started(*order)) is not None:
                    return program

    def _order(self) -> list[int] | None:
        content, descriptors, _, _ = socket.recv_fds(self._orders, 1, 3)
        return descriptors if content else None

    def _started(self, file: int, output: int, status: int) -> Program | None:
        program = _read(file)
        with held():
            pid = fork()
            if pid == 0:
                self._close()
                _settle(output, status)
                return program
        os.close(output)
        self._children[status] = _Child(pid, status)
        return None

    def _look_at_children(self) -> None:
        with suppress(BlockingIOError):
            self._wake.recv(4096)
        for child in self._children.values():
            if child.look():
                self._selector.register(child.status, selectors.EVENT_READ)

    def _heard(self, status: int) -> None:
        """The other end of a program's socket knows the exit code, or nobody has it any more."""
        self._selector.unregister(status)
        self._children.pop(status).bury()

    def _end(self) -> None:
        for child in self._children.values():
            child.kill()
        for child in self._children.values():
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            child.look()
            child.bury()

    def _close(self) -> None:
        """Let go, in a fork, of what belongs to the first process."""
        signal.set_wakeup_fd(-1)
        self._selector.close()
        for each in (self._orders, self._wake, self._waker):
            each.close()


def _read(descriptor: int) -> Program:
    with open(descriptor, "rb") as file:
        file.seek(0)
        return Program.from_json(file.read())


def _settle(output: int, status: int) -> None:
    """Make a fork look like a process that was just started."""
    os.setsid()
    for standard in (1, 2):
        os.dup2(output, standard)
    os.write(status, b"%b%d" % (BEGUN, os.getpid()))
    os.closerange(3, max(_open()) + 1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _pass(number: int, frame: object) -> None:
    """Let a signal wake the selector."""


def _open() -> set[int]:
    """The descriptors of this process, maybe with the one that this takes."""
    return {int(name) for name in os.listdir("/proc/self/fd")}  # noqa: PTH208 - names, of what may be gone


def _import(names: Iterable[str]) -> None:
    """Import what is installed of the modules; `PACKAGE.*` is a package with all that is in it."""
    for name in names:
        package = name.removesuffix(".*")
        with suppress(ModuleNotFoundError):
            module = import_module(package)
            if package != name:
                inner = pkgutil.iter_modules(module.__path__, f"{package}.")
                _import(each.name + ".*" * each.ispkg for each in inner if not each.name.endswith(".__main__"))


def _is_fit(before: set[int]) -> bool:
    """Whether a fork of this process has all that it needs and nothing of another's: no thread, no open file."""
    threads = len(os.listdir("/proc/self/task"))  # noqa: PTH208 - their number
    return threads == 1 and len(_open()) <= len(before)


class _Ending:
    """Ends a program when all that is to be done at its exit has been: nobody takes its modules down one by one."""

    def __init__(self) -> None:
        self._code: int | None = None

    def __call__(self) -> None:
        if self._code is not None:
            leave(self._code)

    def after(self, run: Callable[[], None]) -> None:
        """Run a program, and note how it ends."""
        try:
            run()
        except SystemExit as stop:
            self._code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
            raise
        except Exception:
            self._code = 1
            raise
        self._code = 0


def main(descriptor: str, *modules: str) -> None:
    """Import, say whether forks can be had, and fork."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ending = _Ending()
    atexit.register(ending)  # before what modules register, to be called after it
    orders = socket.socket(fileno=int(descriptor))
    before = _open()
    _import(modules)
    if not _is_fit(before):
        orders.send(UNFIT)
        return
    gc.collect()
    gc.freeze()
    orders.send(READY)
    program = _Forks(orders).next_program()
    if program is not None:
        ending.after(partial(become, program))


if __name__ == "__main__":
    main(*sys.argv[1:])

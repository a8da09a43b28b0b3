"""Starting workers: forks of this process, or programs of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Protocol

from modelpack.batch.local.worker import work
from modelpack.pyfunc.forking import fork, leave, search_path
from modelpack.pyfunc.signals import held, leave_to_supervisor

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from modelpack.batch.local.messages import Task
    from modelpack.pyfunc.model import PyFuncModel


class Launcher(Protocol):
    """Starts workers."""

    def start(self, forget: Callable[[], None]) -> WorkerProcess:
        """Start one.

        Args:
            forget: Lets go of what belongs to the driver; called in a fork of it.
        """


class WorkerProcess:
    """A worker as its driver sees it."""

    def __init__(self, pid: int, pipe: Connection) -> None:
        """Take over a process that was started."""
        self.pid = pid
        self.pipe = pipe

    def end(self, *, kill: bool = False) -> str:
        """Wait for its end, in words that tell of it; or bring it about."""
        if kill:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self.pipe.close()
        _, status = os.waitpid(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if code >= 0:
            return f"ended with exit code {code}"
        return f"was killed by {signal.Signals(-code).name}"


class Forks:
    """Workers that share the memory of what this process has loaded: the model, or only modules."""

    def __init__(self, task: Task, load: Callable[[], PyFuncModel]) -> None:
        """Prepare to fork; `load` answers the model, in the worker."""
        self._task = task
        self._load = load

    def start(self, forget: Callable[[], None]) -> WorkerProcess:
        """Fork a worker."""
        ours, theirs = Pipe()
        with held():
            pid = fork()
            if pid == 0:
                self._work(ours, theirs, forget)
        theirs.close()
        return WorkerProcess(pid, ours)

    def _work(self, ours: Connection, theirs: Connection, forget: Callable[[], None]) -> None:
        code = 1
        try:
            ours.close()
            forget()
            leave_to_supervisor()
            code = work(self._load, self._task, theirs)
        finally:
            leave(code)


class Programs:
    """Workers that are new interpreters, for a process that cannot be forked."""

    def __init__(self, task: Task) -> None:
        """Prepare to start programs."""
        self._task = task

    def start(self, forget: Callable[[], None]) -> WorkerProcess:  # noqa: ARG002 - nothing is inherited unasked
        """Start a worker, which loads the model itself."""
        ours, theirs = Pipe()
        with held():
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "modelpack.batch.local.worker"], stdin=theirs.fileno()
            )
        process.returncode = 0  # its end is for the driver to notice
        theirs.close()
        with suppress(OSError):  # it ended already, and is noticed as any other
            ours.send(search_path())
            ours.send(self._task)
        self._task = replace(self._task, model=replace(self._task.model, versions="ignore"))  # said by the first
        return WorkerProcess(process.pid, ours)

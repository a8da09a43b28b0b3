"""Two ways to start a worker: a fork of this process, or a program of its own."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from copy import copy
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from modelpack.pyfunc.forking import fork, leave, search_path
from modelpack.pyfunc.signals import held
from modelpack.serving.processes.configuration import WorkerConfiguration

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.pyfunc.source import ModelSource
    from modelpack.serving.settings import ServerSettings


class Child(NamedTuple):
    """A process that was started.

    Attributes:
        pid: Its id.
        reports: The pipe that it reports through.
    """

    pid: int
    reports: int


class Launcher(Protocol):
    """Starts workers."""

    def start(self, lifeline: int, forget: Callable[[], None]) -> Child:
        """Start one.

        Args:
            lifeline: A pipe that ends when the supervisor does.
            forget: Lets go of what belongs to the supervisor; called in a fork of it.
        """

    def cautious(self) -> Launcher:
        """One like this, whose workers make every call to the model in a thread, however quick it used to be."""


class Forks:
    """Workers that share the memory of what this process has loaded: the model, or only the server's own modules."""

    def __init__(self, load: Callable[[], PyFuncModel], settings: ServerSettings, listener: socket.socket) -> None:
        """Prepare to fork: what is loaded stays where it is, so that pages remain shared.

        Args:
            load: Answers the model, in the worker.
            settings: The server's settings.
            listener: The listening socket.
        """
        self._load = load
        self._settings = settings
        self._listener = listener
        import_module("modelpack.serving.processes.worker")
        gc.collect()
        gc.freeze()

    def start(self, lifeline: int, forget: Callable[[], None]) -> Child:
        """Fork a worker."""
        reader, writer = os.pipe()
        with held():
            pid = fork()
            if pid == 0:
                os.close(reader)
                self._work(writer, lifeline, forget)
        os.close(writer)
        return Child(pid, reader)

    def cautious(self) -> Forks:
        """See `Launcher.cautious`."""
        return _without_loop_calls(self)

    def _work(self, writer: int, lifeline: int, forget: Callable[[], None]) -> None:
        from modelpack.serving.processes.worker import become_worker, work

        code = 1
        try:
            forget()
            become_worker()
            code = work(self._load, self._settings, self._listener, (writer, lifeline))
        finally:
            leave(code)


def _without_loop_calls(launcher: LauncherT) -> LauncherT:
    other = copy(launcher)
    other._settings = replace(launcher._settings, loop_calls=False)  # noqa: SLF001 - of this module's own classes
    return other


class Programs:
    """Workers that are new interpreters, for a process that cannot be forked."""

    def __init__(self, source: ModelSource, settings: ServerSettings, listener: socket.socket) -> None:
        """Prepare to start programs."""
        self._source = source
        self._settings = settings
        self._listener = listener

    def start(self, lifeline: int, forget: Callable[[], None]) -> Child:  # noqa: ARG002 - nothing is inherited unasked
        """Start a worker, which loads the model itself."""
        reader, writer = os.pipe()
        configuration = WorkerConfiguration(
            settings=self._settings,
            source=self._source,
            search_path=search_path(),
            listener=self._listener.fileno(),
            reports=writer,
            lifeline=lifeline,
        )
        self._source = replace(self._source, versions="ignore")  # what differs has been said by the first
        with held():
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "modelpack.serving.processes.worker"],
                stdin=subprocess.PIPE,
                pass_fds=(configuration.listener, writer, lifeline),
            )
        os.close(writer)
        _tell(process, configuration.text())
        return Child(process.pid, reader)

    def cautious(self) -> Programs:
        """See `Launcher.cautious`."""
        return _without_loop_calls(self)


LauncherT = TypeVar("LauncherT", Forks, Programs)


def _tell(process: subprocess.Popen[bytes], text: bytes) -> None:
    if process.stdin is not None:
        try:
            with process.stdin as stream:
                stream.write(text)
        except BrokenPipeError:
            pass  # it ended already, and is noticed as any other
    process.returncode = 0  # its end is for the supervisor to notice

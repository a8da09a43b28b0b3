"""The process that keeps a server's workers running, and answers no request itself."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import sys
import time
from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from modelpack.errors import ModelFailureError
from modelpack.pyfunc.signals import SUPERVISED
from modelpack.serving.processes.reports import EXHAUSTED, READY, STALLED
from modelpack.serving.processes.roster import Member, Roster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelpack.serving.processes.launching import Launcher
    from modelpack.serving.settings import ServerSettings

LOGGER = logging.getLogger("modelpack.serving")

_IMPATIENCE = 0.5
"""Seconds after which a second signal to stop is meant as one; wrappers of commands pass the first on, too."""

_ATTEMPTS = 3
"""How often starting is tried before any worker was ever ready."""

_SILENCE = 10.0
"""Seconds beyond the time-out of requests after which a worker that says nothing is taken for hung."""

_LONGEST_PAUSE = 10.0
"""Seconds between attempts to start a worker, at most."""

_TURN = 1.0
"""Seconds that the supervisor waits for news."""


class Supervisor:
    """Starts workers, replaces those that end or hang, and ends them all when it is told to."""

    def __init__(
        self,
        launcher: Launcher,
        settings: ServerSettings,
        *,
        ready: Callable[[], object],
        ended: Callable[[int], object],
        closing: Callable[[], object],
    ) -> None:
        """Prepare to supervise.

        Args:
            launcher: Starts a worker.
            settings: The number of workers, and how long requests and their end may take.
            ready: Called when the first worker answers requests.
            ended: Called with the process id of each worker that has ended.
            closing: Called when no more connections are to be accepted.
        """
        self._launcher = launcher
        self._wanted = settings.workers
        self._grace = settings.grace
        self._roster = Roster(silence=settings.timeout + _SILENCE)
        self._ready, self._ended, self._closing = ready, ended, closing
        self._signals: deque[int] = deque()
        self._to_reload: deque[Member] = deque()
        self._stopped: float | None = None
        self._ever_ready = False
        self._failures = 0
        self._next_start = 0.0
        self._lifeline = os.pipe()
        self._wake, self._waker = socket.socketpair()

    def run(self) -> None:
        """Keep the workers running until SIGTERM or SIGINT, then let them finish, and return.

        Raises:
            ModelpackError: No worker could start.
        """
        try:
            with self._signals_noted():
                while self._stopped is None or self._roster.members:
                    self._turn()
        finally:
            self._end_all()

    def _turn(self) -> None:
        """Take note of what has happened, and do what is due."""
        self._fill()
        self._await_news()
        while self._signals:
            self._obey(self._signals.popleft())
        for member in self._roster.gone():
            self._bury(member)
        for member in self._roster.overdue():
            LOGGER.error("worker %d does not react, and is ended", member.pid)
        self._go_on_reloading()

    def _await_news(self) -> None:
        members = {member.inbox.descriptor: member for member in self._roster.members if not member.inbox.ended}
        watched: list[int | socket.socket] = [self._wake, *members]
        with suppress(BlockingIOError):
            news, _, _ = select.select(watched, [], [], _TURN)
            for descriptor in news:
                if isinstance(descriptor, int):
                    self._listen(members[descriptor])
                else:
                    self._wake.recv(4096)

    def _listen(self, member: Member) -> None:
        for report in member.inbox.reports():
            self._roster.heard(member)
            if report == READY:
                self._welcome(member)
            elif report == EXHAUSTED:
                LOGGER.error("worker %d lost its threads to calls that never return, and is replaced", member.pid)
                self._replace(member)
            elif report == STALLED:
                LOGGER.error("worker %d stands still in a call to the model that used to be quick", member.pid)
                self._launcher = self._launcher.cautious()
                self._replace(member)

    def _welcome(self, member: Member) -> None:
        member.ready = True
        self._failures = 0
        if member.replaces is not None:
            self._roster.dismiss(member.replaces, self._grace)
            member.replaces = None
        if not self._ever_ready and self._stopped is None:
            self._ever_ready = True
            self._ready()

    def _fill(self) -> None:
        while self._stopped is None and self._roster.active() < self._wanted and time.monotonic() >= self._next_start:
            self._start()

    def _start(self, replaces: Member | None = None) -> None:
        child = self._launcher.start(self._lifeline[0], self._forget)
        self._roster.add(child, replaces)

    def _replace(self, member: Member) -> None:
        """Start a worker in place of another, which ends as soon as the new one is ready."""
        if self._stopped is None and not self._roster.has_successor(member):
            self._start(member)

    def _bury(self, member: Member) -> None:
        """Judge the end of a worker."""
        self._listen(member)
        member.inbox.close()
        self._ended(member.pid)
        if self._stopped is not None or member.dismissed:
            return
        if member.ready:
            LOGGER.error("worker %d %s; another takes its place", member.pid, member.ending)
        elif member.replaces is not None:
            LOGGER.error("worker %d %s; the one it was to replace goes on", member.pid, _with_reason(member))
            self._to_reload.clear()
        else:
            self._count_failure(member)

    def _count_failure(self, member: Member) -> None:
        """Try again later, unless no worker was ever ready and trying has no prospect."""
        self._failures += 1
        if not self._ever_ready and (member.inbox.failure is not None or self._failures >= _ATTEMPTS):
            raise member.inbox.failure or ModelFailureError(
                f"no worker could start: the last one {member.ending} before it was ready",
                hint="what it wrote to its log says more; `modelpack predict` loads the model in this process",
            )
        pause = min(0.25 * 2**self._failures, _LONGEST_PAUSE)
        self._next_start = time.monotonic() + pause
        LOGGER.error(
            "worker %d %s before it was ready; the next starts in %g s", member.pid, _with_reason(member), pause
        )

    def _go_on_reloading(self) -> None:
        """Replace the next worker that an order to reload is for, one at a time."""
        if not self._to_reload or any(member.replaces is not None for member in self._roster.members):
            return
        member = self._to_reload.popleft()
        if member in self._roster.members and not member.dismissed:
            self._replace(member)

    def _obey(self, number: int) -> None:
        if number == signal.SIGCHLD:
            return
        if number == signal.SIGHUP and not _on_terminal():
            LOGGER.warning("replacing the workers one by one")
            self._to_reload.extend(member for member in self._roster.members if member.ready)
        elif self._stopped is None:
            self._stop()
        elif time.monotonic() - self._stopped > _IMPATIENCE:
            LOGGER.warning("told to stop once more: what is at hand is given up")
            self._roster.kill()

    def _stop(self) -> None:
        self._stopped = time.monotonic()
        self._closing()
        for member in self._roster.members:
            self._roster.dismiss(member, self._grace)

    def _end_all(self) -> None:
        self._roster.kill()
        for member in self._roster.wait():
            member.inbox.close()
            self._ended(member.pid)
        for descriptor in self._lifeline:
            os.close(descriptor)
        self._wake.close()
        self._waker.close()

    def _forget(self) -> None:
        """Let go, in a fork, of what belongs to the supervisor."""
        signal.set_wakeup_fd(-1)
        for member in self._roster.members:
            member.inbox.close()
        os.close(self._lifeline[1])
        self._wake.close()
        self._waker.close()

    @contextmanager
    def _signals_noted(self) -> Iterator[None]:
        for end in (self._wake, self._waker):
            end.settimeout(0)
        wakeup = signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        numbers = [number for number in SUPERVISED if not _ignored(number)]
        former = {number: signal.signal(number, lambda number, _: self._signals.append(number)) for number in numbers}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup)


def _ignored(number: int) -> bool:
    """Whether the one who started the server wants a signal to do nothing, as `nohup` does."""
    return number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN


def _on_terminal() -> bool:
    """Whether SIGHUP means that the terminal was closed."""
    try:
        return sys.stdin.isatty()
    except (AttributeError, ValueError):
        return False


def _with_reason(member: Member) -> str:
    failure = member.inbox.failure
    return member.ending if failure is None else f"{member.ending}: {failure.message}"

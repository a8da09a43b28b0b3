"""The workers that a supervisor has: who is ready, who was heard when, who has to go."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modelpack.serving.processes.reports import Inbox

if TYPE_CHECKING:
    from modelpack.serving.processes.launching import Child

_LATE = 5.0
"""Seconds that a worker may take to end after its grace; and that the supervisor may itself have been stopped."""

_LAST_WORDS = 1.0
"""Seconds between the signal that shows where a worker hangs and the one that ends it."""


@dataclass(slots=True, eq=False)
class Member:
    """One worker.

    Attributes:
        pid: Its process id.
        inbox: What it reports.
        heard: When it was heard last.
        replaces: The worker that ends when this one is ready.
        ready: Whether it answers requests.
        deadline: When it has to be gone; None while it should go on.
        ending: How it ended, in words.
    """

    pid: int
    inbox: Inbox
    heard: float
    replaces: Member | None = None
    ready: bool = False
    deadline: float | None = None
    ending: str = field(default="ended")

    @property
    def dismissed(self) -> bool:
        """Whether its end is wanted."""
        return self.deadline is not None


class Roster:
    """All workers that have not ended."""

    def __init__(self, *, silence: float) -> None:
        """Take a worker that says nothing for so many seconds for hung."""
        self._silence = silence
        self._looked = time.monotonic()
        self.members: list[Member] = []

    def add(self, child: Child, replaces: Member | None) -> None:
        """Note a worker that was started."""
        self.members.append(Member(child.pid, Inbox(child.reports), time.monotonic(), replaces))

    def heard(self, member: Member) -> None:
        """Note that a worker has reported."""
        member.heard = time.monotonic()

    def active(self) -> int:
        """How many there are for good: neither told to go nor started in place of one that still works."""
        return sum(not member.dismissed and member.replaces is None for member in self.members)

    def has_successor(self, member: Member) -> bool:
        """Whether another was started in its place."""
        return any(each.replaces is member for each in self.members)

    def dismiss(self, member: Member, grace: float) -> None:
        """Tell a worker to finish what is at hand."""
        if not member.dismissed:
            member.deadline = time.monotonic() + grace + _LATE
            _send(member, signal.SIGTERM)

    def gone(self) -> list[Member]:
        """Those that have ended since the last time."""
        ended = [member for member in self.members if _has_ended(member)]
        self.members = [member for member in self.members if member not in ended]
        for member in self.members:
            if member.replaces in ended:
                member.replaces = None
        if os.getpid() == 1:
            _reap_orphans({member.pid for member in self.members})
        return ended

    def overdue(self) -> list[Member]:
        """Those that were found to hang just now; they and those past their deadline are ended."""
        now = time.monotonic()
        if now - self._looked > _LATE:  # this process was stopped itself: nothing could be heard
            for member in self.members:
                member.heard = now
        self._looked = now
        for member in self.members:
            if member.deadline is not None and now > member.deadline:
                _send(member, signal.SIGKILL)
        hung = [each for each in self.members if each.ready and not each.dismissed and now - each.heard > self._silence]
        for member in hung:
            member.deadline = now + _LAST_WORDS
            _send(member, signal.SIGABRT)
        return hung

    def kill(self) -> None:
        """End all at once."""
        for member in self.members:
            member.deadline = 0.0
            _send(member, signal.SIGKILL)

    def wait(self) -> list[Member]:
        """All, when they have ended."""
        for member in self.members:
            with suppress(ChildProcessError):
                os.waitpid(member.pid, 0)
        ended, self.members = self.members, []
        return ended


def _send(member: Member, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(member.pid, number)


def _has_ended(member: Member) -> bool:
    try:
        pid, status = os.waitpid(member.pid, os.WNOHANG)
    except ChildProcessError:
        return True
    if pid:
        member.ending = _ending(os.waitstatus_to_exitcode(status))
    return bool(pid)


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was ended by {signal.Signals(-code).name}"


def _reap_orphans(own: set[int]) -> None:
    """Collect processes that a container's first process is left with when their parents end."""
    with suppress(ChildProcessError):
        while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
            if found.si_pid in own:
                return
            os.waitpid(found.si_pid, 0)

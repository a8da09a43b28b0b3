"""How long what waits is left waiting, how much of it a thread takes, and how long all that may take."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from modelpack.serving.scoring.pace import Pace

if TYPE_CHECKING:
    from modelpack.serving.scoring.waiting import WaitingRoom
    from modelpack.serving.settings import ServerSettings

_SHORTEST_PATIENCE = 0.002
_LONGEST_PATIENCE = 0.02
"""Seconds for which an idle thread leaves what waits to the thread that works.

Calls that are shorter come together again soon, and one call for all costs less than two; longer ones run in parallel.
"""
_WORTH_SHARING = 0.01
"""Seconds of work in the rows of a batch from which idle threads share it."""
_QUICK = 0.0005
_ATTENTION = 0.001
"""Seconds of a call for which the loop stands by, and for how long at most."""
_DISTRACTED = 100
"""How many calls it does not stand by for after one that took longer."""


class Timing:
    """Decides by what it has learnt of the model's calls."""

    def __init__(self, settings: ServerSettings) -> None:
        """Know nothing of the model yet."""
        self._max_batch = settings.max_batch
        self._max_delay = settings.max_delay
        self._pace = Pace()
        self._latest = 0.0
        self._distracted = 0

    def begin(self) -> None:
        """A call begins."""
        self._latest = time.perf_counter()  # the loop's own clock may be no finer than a millisecond

    def observe(self, rows: int, seconds: float) -> None:
        """A call with so many rows took so long."""
        self._pace.observe(rows, seconds)
        if seconds > _ATTENTION:
            self._distracted = _DISTRACTED

    def patience(self, room: WaitingRoom, age: float, *, running: bool) -> float:
        """Seconds for which an idle thread shall leave what waits where it is.

        Args:
            room: What waits.
            age: For how many seconds the first of it has waited.
            running: Whether another thread is at work.
        """
        if not running and not self._max_delay:
            return 0.0
        if room.fills(self._max_batch):
            return 0.0
        delay = self._max_delay - age
        if not running:
            return delay
        usual = self._pace.usual
        patience = 0.0 if usual > _LONGEST_PATIENCE else max(_SHORTEST_PATIENCE, 1.5 * usual)
        return max(delay, patience - (time.perf_counter() - self._latest))

    def share(self, room: WaitingRoom, idle: int) -> int:
        """How many rows a thread shall take: what waits is shared out where it is the rows that take the time."""
        if idle == 1 or room.rows == 1:
            return self._max_batch
        work = self._pace.per_row * room.rows
        if work < _WORTH_SHARING or work < self._pace.usual:
            return self._max_batch
        return min(self._max_batch, math.ceil(room.rows / idle))

    def attention(self, rows: int) -> float:
        """Seconds for which the loop stands by for a call with so many rows, when nothing else waits.

        The client of a quick call hears sooner than if the thread had to wake the loop.
        """
        if self._distracted:
            self._distracted -= 1
            return 0.0
        return _ATTENTION if 0 < self._pace.seconds(rows) < _QUICK else 0.0

    def wait(self, room: WaitingRoom, threads: int, *, joins: bool) -> float:
        """Seconds that a job which came now would wait for one of the threads, all of them at work."""
        threads = max(1, threads)
        if not joins:
            return self._pace.usual * (room.jobs + 1) / threads
        return self._pace.usual + room.rows // self._max_batch * self._pace.seconds(self._max_batch) / threads

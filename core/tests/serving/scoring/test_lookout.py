"""Calls that do not come back are noticed."""

from __future__ import annotations

import threading
from time import perf_counter

from modelpack.serving.scoring.lookout import Lookout


def test_a_call_that_does_not_come_back_is_told_until_it_is_over() -> None:
    """And the next one again."""
    told: list[float] = []
    heard = threading.Semaphore(0)

    def stalled() -> None:
        told.append(perf_counter())
        heard.release()

    lookout = Lookout(stalled, seconds=0.02)
    for _ in range(2):
        begun = lookout.begun = perf_counter()
        assert heard.acquire(timeout=10)
        assert told[-1] - begun >= 0.02
        assert heard.acquire(timeout=10)
        lookout.begun = 0.0
        while heard.acquire(timeout=0.2):
            pass
    lookout.end()


def test_quick_calls_and_idleness_are_not_told() -> None:
    """However long they go on."""
    told: list[None] = []
    lookout = Lookout(lambda: told.append(None), seconds=0.05)
    end = perf_counter() + 0.3
    while perf_counter() < end:
        lookout.begun = perf_counter()
        threading.Event().wait(0.001)
        lookout.begun = 0.0
    threading.Event().wait(0.2)
    lookout.end()
    assert not told

from __future__ import annotations

from contextvars import copy_context

import pytest

from modelpack.serving.scoring.batching import Job
from modelpack.serving.scoring.timing import Timing
from modelpack.serving.scoring.waiting import WaitingRoom
from modelpack.serving.settings import ServerSettings


def room_of(jobs: int, rows: int = 1) -> WaitingRoom:
    """A room where so many jobs of so many rows wait."""
    room = WaitingRoom()
    for _ in range(jobs):
        room.add(Job(None, None, lambda _: b"", rows, "k", copy_context()))
    return room


def timing_of(*calls: tuple[int, float], **settings: float) -> Timing:
    """A timing that knows these calls, rows and seconds."""
    timing = Timing(ServerSettings(**settings))  # type: ignore[arg-type]  # the settings of a test
    for rows, seconds in calls:
        timing.observe(rows, seconds)
    return timing


def test_nothing_waits_while_nothing_runs() -> None:
    """Unless a delay was asked for, and then for what is left of it."""
    assert timing_of((1, 0.001)).patience(room_of(1), 0, running=False) == 0
    delayed = timing_of((1, 0.001), max_delay=0.01)
    assert delayed.patience(room_of(1), 0.004, running=False) == pytest.approx(0.006)


@pytest.mark.parametrize(("usual", "least", "most"), [(0.0005, 0.0015, 0.002), (0.01, 0.014, 0.015), (0.5, -1e9, 0)])
def test_what_waits_is_left_to_a_quick_call_and_not_to_a_slow_one(usual: float, least: float, most: float) -> None:
    """Quick calls come together again soon; slow ones run in parallel."""
    timing = timing_of((1, usual))
    timing.begin()
    assert least <= timing.patience(room_of(1), 0, running=True) <= most


def test_a_full_batch_is_not_left_waiting() -> None:
    """No one could join it any more."""
    timing = timing_of((1, 0.01), max_batch=4, max_delay=1.0)
    timing.begin()
    assert timing.patience(room_of(4), 0, running=True) == 0
    assert timing.patience(room_of(3), 0, running=True) > 0


def test_rows_that_take_their_time_are_shared() -> None:
    """Those that cost next to nothing are not, as each call costs something itself."""
    by_row = timing_of(*((rows, 0.005 * rows) for rows in (1, 20, 5)))
    assert [by_row.share(room_of(12), idle) for idle in (1, 2, 5)] == [1024, 6, 3]
    by_call = timing_of(*((rows, 0.02 + 1e-6 * rows) for rows in (1, 20, 5)))
    assert by_call.share(room_of(12), 2) == 1024


def test_the_loop_stands_by_for_quick_calls_only() -> None:
    """Not before it knows them, and not for a while after one that was slow."""
    assert timing_of().attention(1) == 0
    assert timing_of((1, 0.0002)).attention(1) > 0
    assert timing_of((1, 0.01)).attention(1) == 0
    timing = timing_of(*[(1, 0.0001)] * 50, (1, 0.002), *[(1, 0.0001)] * 50)
    assert [timing.attention(1) for _ in range(100)] == [0] * 100
    assert timing.attention(1) > 0


def test_the_wait_is_told_by_the_calls_before() -> None:
    """One for each request, or one for all that go together."""
    timing = timing_of((1, 1.0), max_batch=10)
    assert timing.wait(room_of(5), 2, joins=False) == pytest.approx(3)
    assert timing.wait(room_of(5), 2, joins=True) == pytest.approx(1)
    assert timing.wait(room_of(25), 2, joins=True) == pytest.approx(2)
    assert timing_of().wait(room_of(5), 0, joins=True) == 0

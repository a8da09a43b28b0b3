"""When the event loop may call the model itself."""

from __future__ import annotations

import pytest

from modelpack.serving.scoring.track_record import TrackRecord


def record_of(*calls: tuple[int, int, float]) -> TrackRecord:
    """A record that knows these calls: how many, of how many rows, of how many seconds each."""
    record = TrackRecord()
    for count, rows, seconds in calls:
        for _ in range(count):
            record.observe(rows, seconds)
    return record


@pytest.mark.parametrize(
    ("calls", "rows", "vouches"),
    [
        ([], 1, False),
        ([(199, 1, 0.0001)], 1, False),
        ([(200, 1, 0.0001)], 1, True),
        ([(500, 1, 0.002)], 1, False),
        ([(200, 1, 0.0001)], 3, False),
        ([(200, 8, 0.0001)], 16, True),
        ([(200, 1, 0.0001), (9, 1000, 0.05)], 1, True),
        ([(200, 8, 0.0001), (1, 16, 0.5)], 8, False),
        ([(400, 1, 0.0001), (5, 1, 0.005)], 1, True),
        ([(400, 1, 0.0001), (15, 1, 0.005)], 1, False),
        ([(400, 1, 0.0001), (1, 1, 0.5), (1000, 1, 0.0001)], 1, False),
        ([(400, 1, 0.0001), (1, 1, 0.5), (2000, 1, 0.0001)], 1, True),
        ([(400, 1, 0.0001), (1, 1, 0.5), (2000, 1, 0.0001), (1, 1, 0.5), (2000, 1, 0.0001)], 1, False),
        ([(400, 9, 0.0001), (1, 5, 0.5), (2000, 1, 0.0001)], 5, False),
        ([(400, 1, 0.0001), (1, 1, 0.5), (21_000, 1, 0.0001), (1, 1, 0.5), (2000, 1, 0.0001)], 1, True),
    ],
    ids=[
        "nothing is known",
        "too few quick calls",
        "enough quick calls",
        "slow calls",
        "more rows than were seen",
        "twice as many rows as were seen",
        "only calls with more rows are slow",
        "a call with as many rows as were vouched for is a lapse",
        "a call now and then is late",
        "many calls are late",
        "after a lapse it takes longer",
        "ten times as long",
        "after two lapses longer still",
        "calls of the size that lapsed have to come again",
        "a lapse is forgotten",
    ],
)
def test_a_model_has_to_prove_itself(calls: list[tuple[int, int, float]], rows: int, *, vouches: bool) -> None:
    """Quick many times, for as many rows, and after a lapse for longer."""
    assert record_of(*calls).vouches(rows) is vouches

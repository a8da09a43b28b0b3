from __future__ import annotations

import pytest

from modelpack.serving.scoring.pace import Pace


def test_nothing_is_known_before_the_first_call() -> None:
    """And nothing is claimed."""
    pace = Pace()
    assert (pace.usual, pace.per_row, pace.seconds(10)) == (0.0, 0.0, 0.0)


def test_what_every_call_takes_is_told_from_what_a_row_adds() -> None:
    """A line through the calls."""
    pace = Pace()
    for rows in (1, 5, 20, 3, 50):
        pace.observe(rows, 0.01 + 0.001 * rows)
    assert pace.per_row == pytest.approx(0.001)
    assert pace.seconds(100) == pytest.approx(0.11)


def test_calls_with_as_many_rows_say_nothing_of_a_row() -> None:
    """The call is all that is known."""
    pace = Pace()
    for _ in range(5):
        pace.observe(4, 0.02)
    assert pace.per_row == 0.0
    assert pace.seconds(1000) == pytest.approx(0.02)


def test_older_calls_count_less() -> None:
    """A model that became slow is known as slow soon."""
    pace = Pace()
    for _ in range(100):
        pace.observe(1, 0.001)
    for _ in range(60):
        pace.observe(1, 1.0)
    assert pace.usual > 0.9


def test_no_estimate_is_negative() -> None:
    """Whatever the line says."""
    pace = Pace()
    for rows, seconds in ((1, 0.5), (100, 0.1)):
        pace.observe(rows, seconds)
    assert pace.per_row == 0.0
    assert pace.seconds(0) >= 0.0

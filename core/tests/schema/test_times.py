from __future__ import annotations

import datetime as dt

from modelpack.schema.times import read_time, time_text


def test_a_moment_is_written_in_utc() -> None:
    """One form is written, whatever zone the moment came in (S6)."""
    vienna = dt.timezone(dt.timedelta(hours=2))
    assert time_text(dt.datetime(2026, 1, 31, 11, 30, tzinfo=vienna)) == "2026-01-31T09:30:00.000000Z"
    assert time_text(dt.datetime(2026, 1, 31, 9, 30)) == "2026-01-31T09:30:00.000000Z"  # noqa: DTZ001 - the case


def test_what_is_written_is_read() -> None:
    """The written form keeps microseconds and the zone."""
    moment = dt.datetime(2026, 1, 31, 9, 30, 0, 250001, tzinfo=dt.UTC)
    assert read_time(time_text(moment)) == moment

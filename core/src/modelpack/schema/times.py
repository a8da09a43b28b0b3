"""When a model was created: the one form that is written, and every form that is read."""

from __future__ import annotations

import datetime as dt
from typing import Any


def time_text(moment: dt.datetime) -> str:
    """The text that stands under `utc_time_created`: RFC 3339 in UTC, as in `2026-01-31T09:30:00.250000Z`.

    MLflow writes a blank for the `T` and no zone, and reads any text (S6).

    Args:
        moment: Without a zone it is taken for UTC.
    """
    return _in_utc(moment).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def read_time(value: Any) -> dt.datetime | None:
    """The moment that a `utc_time_created` or `time_created` of any release means, in UTC.

    Read are ISO 8601 with a `T` or a blank, with a zone or without (UTC), dates, and seconds since 1970 (MLflow's R
    clients). Another of R's forms (`19-09-25T13:56:34.34.95`) and everything else is no moment: None.
    """
    if isinstance(value, dt.datetime):
        return _in_utc(value)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    try:
        if isinstance(value, str):
            return _in_utc(dt.datetime.fromisoformat(value.strip()))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return dt.datetime.fromtimestamp(value, tz=dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _in_utc(moment: dt.datetime) -> dt.datetime:
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)

"""Columns of dates, from dates of every unit and from ISO 8601 text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from modelpack.data.libraries import require
from modelpack.pyfunc.mismatch import Mismatch
from modelpack.pyfunc.values import ISO_START

if TYPE_CHECKING:
    from modelpack.pyfunc.policy import Policy
    from modelpack.schema.signature import DataType

_ZONED = r"[T ].*(?:Z|z|[+-]\d{2}(?::?\d{2})?)$"


def dates_of_dates(series: pd.Series[Any], _wanted: DataType, _policy: Policy) -> pd.Series[Any] | None:
    """Dates of any unit in nanoseconds; None when they have to be looked at one by one."""
    if isinstance(series.dtype, pd.ArrowDtype):
        series = require("pyarrow", "arrow").array(series).to_pandas().set_axis(series.index)
    try:
        moments = pd.to_datetime(series)
    except (ValueError, TypeError, OverflowError):
        return None
    return _in_nanoseconds(moments) if moments.dtype.kind == "M" else None


def dates_of_text(series: pd.Series[Any], _wanted: DataType, _policy: Policy) -> pd.Series[Any] | None:
    """ISO 8601 text as dates, those with a zone in UTC; None when it has to be looked at one by one.

    Raises:
        Mismatch: Some have a time zone and some have none.
    """
    present = series.dropna().astype("object")
    if not present.str.match(ISO_START).all():
        return None
    zoned = present.str.contains(_ZONED)
    if zoned.any() and not zoned.all():
        raise _mixed_zones()
    try:
        return _in_nanoseconds(pd.to_datetime(series, format="ISO8601", utc=bool(zoned.any())))
    except (ValueError, OverflowError):
        return None


def _in_nanoseconds(series: pd.Series[Any]) -> pd.Series[Any]:
    """Nanoseconds, as MLflow has it; microseconds for dates before 1677 or after 2262."""
    try:
        return _in_unit(series, "ns")
    except pd.errors.OutOfBoundsDatetime:
        return _in_unit(series, "us")


def _in_unit(series: pd.Series[Any], unit: Literal["ns", "us"]) -> pd.Series[Any]:
    converted: pd.Series[Any] = series.dt.as_unit(unit)
    return converted


def dates_of_values(values: list[Any], index: pd.Index[Any]) -> pd.Series[Any]:
    """A column of Python's datetimes and None.

    Raises:
        Mismatch: Some have a time zone and some have none.
    """
    zones = {value.tzinfo is not None for value in values if value is not None}
    if len(zones) > 1:
        raise _mixed_zones()
    if zones == {True}:
        in_utc = [None if value is None else pd.Timestamp(value).tz_convert("UTC") for value in values]
        return _in_nanoseconds(pd.Series(in_utc, index=index, dtype="datetime64[us, UTC]"))
    return _in_nanoseconds(pd.Series(np.array(values, dtype="datetime64[us]"), index=index))


def _mixed_zones() -> Mismatch:
    return Mismatch("some values have a time zone and some have none", hint="give all of them a zone, or none")

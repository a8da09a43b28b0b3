"""The columns that a model takes, and the numbers that it makes of the columns of a frame."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelpack.errors import SchemaError
from modelpack.pyfunc.mismatch import missing_and_unexpected

if TYPE_CHECKING:
    from collections.abc import Sequence

_TRUTHS = {"True": ("true", "TRUE", "1"), "False": ("false", "FALSE", "0")}
"""What a category of truths may be called, by how H2O's client writes those of pandas."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a model.

    Attributes:
        name: Its name.
        levels: The texts of a category, in the model's order; None for numbers and times.
        codes: The place of each text.
    """

    name: str
    levels: tuple[str, ...] | None = None
    codes: dict[str | None, float] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, name: str, levels: Sequence[str] | None) -> Column:
        """A column of numbers, or of a category with these levels."""
        if levels is None:
            return cls(name)
        codes: dict[str | None, float] = {level: float(place) for place, level in enumerate(levels)}
        for text, others in _TRUTHS.items():
            known = next((other for other in others if other in codes), None)
            if known is not None:
                codes.setdefault(text, codes[known])
        return cls(name, tuple(levels), codes)

    def numbers(self, values: Any) -> Any:
        """The values of a Series as doubles: a category's codes, milliseconds for times, NaN for what is missing.

        A text that the model has not seen in training is missing to it, as it is to H2O.

        Raises:
            SchemaError: There is a text where the model takes numbers.
        """
        if self.levels is None:
            return _numbers(values, self.name)
        import numpy as np

        codes, texts = self.codes, map(text_of, values.tolist())
        return np.fromiter((codes.get(text, math.nan) for text in texts), dtype="float64", count=len(values))


def chosen(data: Any, names: Sequence[str] | None) -> Any:
    """The columns of a model from a table, in its order; others are left out, as H2O does.

    Args:
        data: A DataFrame, whose columns are told apart by their names; or rows without names, in the model's order.
        names: The names; None takes all columns.

    Raises:
        SchemaError: Columns are missing, or nameless ones are of another number.
    """
    import pandas as pd

    frame = data if isinstance(data, pd.DataFrame) else pd.DataFrame(data)
    found = frame.columns.tolist()
    if names is None or found == list(names):
        return frame
    if not any(isinstance(label, str) for label in found):
        return _by_place(frame, names)
    missing = [name for name in names if name not in found]
    if missing:
        raise missing_and_unexpected("columns", missing, [label for label in found if label not in names])
    return frame[list(names)]


def text_of(value: Any) -> str | None:
    """What H2O calls a value among a category; None for a missing one."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else str(int(value)) if value.is_integer() else repr(value)
    return None if is_missing(value) else str(value)


def is_missing(value: Any) -> bool:
    """Whether a single value is None, NaN, NaT or NA."""
    import pandas as pd

    return value is None or value is pd.NA or value is pd.NaT or value != value  # noqa: PLR0124 - NaN


def _by_place(frame: Any, names: Sequence[str]) -> Any:
    if len(frame.columns) != len(names):
        raise SchemaError(
            f"the model takes {len(names)} columns, and there are {len(frame.columns)} without names",
            hint=f"they are, in this order: {', '.join(names)}",
        )
    return frame.set_axis(list(names), axis=1)


def _numbers(values: Any, name: str) -> Any:
    import pandas as pd

    if values.dtype.kind in "fiub" and isinstance(values.dtype, type(values.to_numpy().dtype)):
        return values.to_numpy(dtype="float64")
    if isinstance(values.dtype, pd.DatetimeTZDtype) or values.dtype.kind == "M":
        return _milliseconds(values)
    try:
        return pd.to_numeric(values).to_numpy(dtype="float64", na_value=math.nan)
    except (TypeError, ValueError) as error:
        raise SchemaError(
            f"the model takes numbers in the column {name!r}, and there is something else: {error}",
            hint="H2O counts times in milliseconds since 1970; give them as datetimes or numbers",
        ) from error


def _milliseconds(values: Any) -> Any:
    """Since 1970, times without a zone as UTC: the zone that h2o.init sets."""
    import numpy as np

    if values.dt.tz is not None:
        values = values.dt.tz_convert("UTC").dt.tz_localize(None)
    microseconds = values.to_numpy(dtype="datetime64[us]")
    numbers = microseconds.astype("int64") / 1000.0
    return np.where(np.isnat(microseconds), math.nan, numbers)

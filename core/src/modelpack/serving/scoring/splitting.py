"""The output of one call as the outputs of the requests that were joined for it."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class NotSplittableError(Exception):
    """The output does not have one row for each row of the input; the text says what it has."""


def split(outputs: Any, ends: Sequence[int]) -> list[Any]:
    """What a model answered for each of several requests.

    Args:
        outputs: An array, Series, DataFrame, list, tuple or Arrow table, or a dict of such.
        ends: The position after the last row of each request; the last one is the number of all rows.

    Raises:
        NotSplittableError: The output is of another type, or has another number of rows.
    """
    rows = ends[-1]
    if isinstance(outputs, dict):
        return _split_columns(outputs, ends)
    if not _has_rows(outputs):
        raise NotSplittableError(f"answers {type(outputs).__name__}, which has no rows")
    if len(outputs) != rows:
        raise NotSplittableError(f"answers {len(outputs)} rows for {rows}")
    bounds = pairwise((0, *ends))
    if hasattr(outputs, "iloc"):
        return [_renumbered(outputs.iloc[start:end], outputs.index) for start, end in bounds]
    if hasattr(outputs, "slice"):
        return [outputs.slice(start, end - start) for start, end in bounds]
    return [outputs[start:end] for start, end in bounds]


def row_count(outputs: Any) -> int | None:
    """How many rows an output has; None when it has none, or columns of different lengths."""
    if isinstance(outputs, dict):
        counts = {row_count(column) for column in outputs.values()}
        return counts.pop() if len(counts) == 1 else None
    return len(outputs) if _has_rows(outputs) else None


def _split_columns(columns: dict[Any, Any], ends: Sequence[int]) -> list[Any]:
    if not columns:
        raise NotSplittableError("answers an empty dict, which has no rows")
    parts = {name: split(column, ends) for name, column in columns.items()}
    return [dict(zip(parts, values, strict=True)) for values in zip(*parts.values(), strict=True)]


def _has_rows(outputs: Any) -> bool:
    """Whether it is of a type whose slices are known to be its rows."""
    kind = type(outputs)
    if kind in (list, tuple):
        return True
    package = kind.__module__.partition(".")[0]
    if package == "numpy":
        return bool(getattr(outputs, "ndim", 0)) and isinstance(outputs, sys.modules["numpy"].ndarray)
    if package == "pandas":
        return hasattr(outputs, "iloc")
    return package == "pyarrow" and hasattr(outputs, "slice") and hasattr(outputs, "__len__")


def _renumbered(part: Any, index: Any) -> Any:
    """Rows that are merely numbered start at 0 in every answer, as they do when they are predicted alone."""
    if type(index).__name__ == "RangeIndex" and index.start == 0 and index.step == 1:
        return part.reset_index(drop=True)
    return part

"""The columns of pandas' frames and series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError
from modelpack.schema.numpy_types import dtype_type
from modelpack.schema.signature import AnyType, Column, ColumnType, DataType
from modelpack.schema.value_types import UNKNOWN, settled, shared_type, value_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def frame_columns(frame: pd.DataFrame) -> tuple[Column, ...]:
    """One column for each of the frame's; one that holds missing values is not required.

    Raises:
        InvalidArgumentError: The frame has no columns, several levels of labels, or a label twice; or a column cannot
            be described. The message names it.
    """
    if frame.columns.nlevels > 1:
        raise InvalidArgumentError(
            f"the columns have {frame.columns.nlevels} levels of labels, and a signature has one",
            hint="join the levels into one text for each column",
        )
    if not len(frame.columns):
        raise InvalidArgumentError("the frame has no columns, so there is nothing to describe")
    if not frame.columns.is_unique:
        label = frame.columns[frame.columns.duplicated()][0]
        raise InvalidArgumentError(f"two columns are called {label!r}", hint="give every column a name of its own")
    return tuple(series_column(series, column_name(label)) for label, series in frame.items())


def column_name(label: Any) -> str | int:
    """A column's label as a signature holds it.

    Raises:
        InvalidArgumentError: It is neither text nor a whole number.
    """
    if isinstance(label, str):
        return str(label)
    plain = label.item() if type(label).__module__ == "numpy" else label
    if isinstance(plain, int) and not isinstance(plain, bool):
        return int(plain)
    raise InvalidArgumentError(
        f"the column {label!r} is labelled with a {type(label).__name__}",
        hint="labels are text or whole numbers: frame.columns = frame.columns.astype(str)",
    )


def series_column(series: pd.Series[Any], name: str | int | None) -> Column:
    """The column that a series is.

    Args:
        series: The values.
        name: Its name; an unnamed column counts as required, since MLflow reads no other.

    Raises:
        InvalidArgumentError: No type describes all values; the message names the column.
    """
    place = "the series" if name is None else f"column {name!r}"
    kind = _series_type(series, place)
    missing = kind == UNKNOWN and len(series) > 0
    return Column(settled(kind), name, required=name is None or not (missing or bool(series.isna().any())))


def _series_type(series: pd.Series[Any], place: str) -> ColumnType:
    import pandas as pd

    dtype: Any = series.dtype
    if isinstance(dtype, pd.StringDtype):
        return DataType.STRING
    if isinstance(dtype, pd.CategoricalDtype):
        return _series_type(pd.Series(dtype.categories), place)
    if isinstance(dtype, pd.SparseDtype):
        dtype = dtype.subtype
    if isinstance(dtype, pd.ArrowDtype):
        from modelpack.schema.arrow_columns import arrow_array_type

        return arrow_array_type(series.array.__arrow_array__(), place)
    if isinstance(dtype, (pd.PeriodDtype, pd.IntervalDtype)) or dtype.kind != "O":
        return dtype_type(dtype, place)
    return column_type(series.tolist(), place)


def column_type(values: Sequence[Any], place: str) -> ColumnType:
    """The type of a column whose values are Python objects.

    Raises:
        InvalidArgumentError: They do not share a type, or a value has none; the message names the column.
    """
    kind = shared_type(values, place)
    if kind == AnyType():
        names = sorted({_described(value_type(value, place)) for value in values} - {""})
        raise InvalidArgumentError(
            f"{place} mixes values of different types: {', '.join(names)}",
            hint="convert the column to one type, or give the signature yourself, with AnyType() for it",
        )
    return kind


def _described(kind: ColumnType) -> str:
    if kind == UNKNOWN:
        return ""
    return kind.value if isinstance(kind, DataType) else type(kind).__name__.lower()

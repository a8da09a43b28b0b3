"""Tables from rows, records or columns of JSON values, typed by the signature."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from modelpack.data.columns import typed_column
from modelpack.data.libraries import require
from modelpack.data.names import repeated
from modelpack.errors import DataFormatError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from modelpack.data.plan import InputPlan


def table_from_rows(
    rows: Sequence[Sequence[Any]], names: list[Any] | None, plan: InputPlan, *, booleans: bool = True
) -> Any:
    """A table of rows whose values stand in the order of `names`.

    Args:
        rows: One list of values for each row.
        names: The columns' names; None to take the signature's, or positions without one.
        plan: The signature's part in it.
        booleans: Whether the values may include any; knowing that there are none saves a look at each number.

    Returns:
        A DataFrame; an array where the plan asks for one and the rows fit.

    Raises:
        DataFormatError: A row has more or fewer values than there are names, or a name stands twice.
    """
    names = _checked_names(rows, names, plan)
    array = None if plan.maker is None else plan.maker.from_rows(rows, names, booleans=booleans)
    if array is not None:
        return table_of_array(array, plan)
    _check_rows(rows, len(names))
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [[] for _ in names]
    return _frame(dict(zip(names, columns, strict=True)), plan)


def table_from_records(records: Sequence[Mapping[str, Any]], plan: InputPlan, *, booleans: bool = True) -> Any:
    """A table of objects, one for each row; a key that only some have is null in the others.

    Raises:
        DataFormatError: One of them is no object.
    """
    array = None if plan.maker is None else plan.maker.from_records(records, booleans=booleans)
    if array is not None:
        return table_of_array(array, plan)
    names = _record_names(records)
    if all(len(record) == len(names) for record in records) and len(names) > 1:
        rows = list(map(itemgetter(*names), records))
    else:
        rows = [tuple(map(record.get, names)) for record in records]
    return table_from_rows(rows, plan.column_names(names), plan, booleans=booleans)


def table_from_columns(columns: Mapping[str, Sequence[Any]], plan: InputPlan, *, booleans: bool = True) -> Any:
    """A table of columns by name.

    Raises:
        DataFormatError: The columns differ in length.
    """
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise DataFormatError(f"the columns differ in length: {lengths}")
    names = plan.column_names(list(columns))
    if plan.maker is not None:
        array = plan.maker.from_rows(list(zip(*columns.values(), strict=True)), names, booleans=booleans)
        if array is not None:
            return table_of_array(array, plan)
    return _frame(dict(zip(names, columns.values(), strict=True)), plan)


def _checked_names(rows: Sequence[Any], names: list[Any] | None, plan: InputPlan) -> list[Any]:
    if names is None:
        width = len(rows[0]) if rows and isinstance(rows[0], list) else 0
        return plan.names if len(plan.names) == width else list(range(width))
    if names == plan.names:
        return plan.names
    if not all(isinstance(name, (str, int)) for name in names):
        raise DataFormatError("a column's name is neither a text nor a number")
    if len(set(names)) != len(names):
        twice = repeated(names)
        raise DataFormatError(f"column {twice!r} stands twice")
    return names


def as_planned(frame: pd.DataFrame, plan: InputPlan) -> Any:
    """The frame of a whole body; an array where the plan asks for one and the frame fits it just so."""
    if not plan.arrays or frame.empty or set(frame.columns) != set(plan.names):
        return frame
    if any(dtype != plan.uniform for dtype in frame.dtypes):
        return frame
    return require("numpy", "pandas").array(frame[plan.names].to_numpy(), order="C")


def table_of_array(array: Any, plan: InputPlan) -> Any:
    """An array with the signature's columns, as it is where the plan asks for one, else as a frame."""
    return array if plan.arrays else require("pandas", "pandas").DataFrame(array, columns=plan.index, copy=False)


def _check_rows(rows: Sequence[Any], width: int) -> None:
    for position, row in enumerate(rows):
        if not isinstance(row, (list, tuple)):
            raise DataFormatError(f"row {position} is {json_name(row)}, not a list of values")
        if len(row) != width:
            raise DataFormatError(f"row {position} has {len(row)} values for {width} columns")


def _record_names(records: Sequence[Any]) -> list[str]:
    names: dict[str, None] = {}
    for position, record in enumerate(records):
        if not isinstance(record, dict):
            raise DataFormatError(f"record {position} is {json_name(record)}, not an object")
        if record.keys() != names.keys():
            names.update(dict.fromkeys(record))
    return list(names)


def _frame(columns: Mapping[Any, Sequence[Any]], plan: InputPlan) -> pd.DataFrame:
    pandas = require("pandas", "pandas")
    typed = {name: typed_column(values, plan.types.get(name), name) for name, values in columns.items()}
    frame: pd.DataFrame = pandas.DataFrame(typed, copy=False)
    return frame


def labelled(table: Any, index: list[Any]) -> Any:
    """The table with a label for each row; an array has no place for them.

    Raises:
        DataFormatError: There are more or fewer labels than rows.
    """
    if len(index) != len(table):
        raise DataFormatError(f"the index has {len(index)} labels for {len(table)} rows")
    if hasattr(table, "index") and index != list(range(len(index))):
        table.index = require("pandas", "pandas").Index(index)
    return table


def json_name(value: object) -> str:
    """What JSON calls a value, for error messages."""
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)

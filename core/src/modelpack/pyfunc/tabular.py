"""Everything that `predict` takes for a column signature, seen as labelled columns."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from modelpack.data.libraries import require
from modelpack.errors import SchemaError
from modelpack.pyfunc.mismatch import shown
from modelpack.pyfunc.nested import is_list, is_one_value
from modelpack.pyfunc.numeric import EXACT
from modelpack.schema.signature import AnyType, ColumnSchema, ColumnType, Map, Object

ColumnValues: TypeAlias = "pd.Series[Any] | np.ndarray[Any, Any]"
Values: TypeAlias = "Sequence[Any] | np.ndarray[Any, Any] | pd.Series[Any]"


@dataclass(frozen=True, slots=True)
class Table:
    """Columns in the order they came.

    Attributes:
        labels: The name of each; its position where the data has no names.
        index: The index of the rows.
        column: The values of the column at a position.
        frame: The caller's frame behind them, when there is one.
    """

    labels: Sequence[Hashable]
    index: pd.Index[Any]
    column: Callable[[int], ColumnValues]
    frame: pd.DataFrame | None = None


def as_table(data: Any, schema: ColumnSchema) -> Table:
    """See any accepted data as columns.

    Args:
        data: A DataFrame, Series, array, mapping, list, scalar, or Arrow data of any library.
        schema: Decides where data can be read in two ways, such as a list of numbers.

    Raises:
        SchemaError: The data cannot be read as columns of this schema.
    """
    if isinstance(data, pd.DataFrame):
        return _of_frame(data)
    if isinstance(data, pd.Series):
        return _of_series(data, schema)
    if isinstance(data, Mapping):
        return _of_mapping(data, schema)
    if isinstance(data, np.ndarray) and data.ndim > 0:
        return _of_array(data, schema)
    if isinstance(data, (list, tuple)):
        return _of_list(data, schema)
    return _of_another(data, schema)


def _of_another(data: Any, schema: ColumnSchema) -> Table:
    if is_arrow(data):
        return _of_new_frame(arrow_to_frame(data))
    if is_sparse(data):
        raise SchemaError("a sparse matrix has no columns", hint="give data.toarray() or a DataFrame")
    if len(schema.columns) == 1 and (np.isscalar(data) or isinstance(data, np.ndarray) or pd.api.types.is_scalar(data)):
        return _of_rows([data], schema)
    raise SchemaError(
        f"{type(data).__name__} cannot be read as {_count(schema)}",
        hint="give a DataFrame, a mapping from names to values, a list of records, an array or an Arrow table",
    )


def is_arrow(data: Any) -> bool:
    """Whether data offers itself as Arrow, as pyarrow's, Polars' and DuckDB's tables do."""
    return hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__")


def is_sparse(data: Any) -> bool:
    """Whether data is one of SciPy's sparse matrices."""
    return type(data).__module__.startswith("scipy.sparse")


def arrow_to_frame(data: Any) -> pd.DataFrame:
    """Arrow data as a frame; integers with nulls keep their type.

    Raises:
        MissingDependencyError: pyarrow is not installed.
    """
    pyarrow = require("pyarrow", "arrow")
    table = pyarrow.table(data)
    nullable = {
        field.type for field, column in zip(table.schema, table.columns, strict=True) if column.null_count > 0
    } & set(_nullable_dtypes(pyarrow))
    frame: pd.DataFrame = table.to_pandas(types_mapper={kind: _nullable_dtypes(pyarrow)[kind] for kind in nullable}.get)
    return frame


def _nullable_dtypes(pyarrow: Any) -> dict[Any, Any]:
    names = {f"{sign}int{bits}": f"{sign.upper()}Int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
    return {getattr(pyarrow, name)(): pd.api.types.pandas_dtype(dtype) for name, dtype in names.items()}


def _of_frame(frame: pd.DataFrame) -> Table:
    labels = list(frame.columns)
    if frame.columns.is_unique and frame.columns.nlevels == 1:  # by label is twice as fast
        return Table(labels, frame.index, lambda position: frame[labels[position]], frame)
    return Table(labels, frame.index, lambda position: frame.iloc[:, position], frame)


def _of_new_frame(frame: pd.DataFrame) -> Table:
    table = _of_frame(frame)
    return Table(table.labels, table.index, table.column)


def _of_series(series: pd.Series[Any], schema: ColumnSchema) -> Table:
    if len(schema.columns) == 1:
        return Table(_labels(schema), series.index, lambda _position: series)
    return _of_mapping(dict(zip(series.index, series, strict=True)), schema)


def _of_mapping(data: Mapping[Any, Any], schema: ColumnSchema) -> Table:
    if len(schema.columns) == 1 and _holds_rows([data], schema):
        return _of_rows([data], schema)
    types = _types_by_label(data, schema)
    known = {label: value for label, value in data.items() if str(label) in types}
    if all(is_one_value(value, types[str(label)]) for label, value in known.items()):
        return _of_columns(list(data), [[value] for value in data.values()], 1)
    lengths = {label: len(value) for label, value in known.items() if not _is_broadcast(value, types[str(label)])}
    if len(set(lengths.values())) > 1:
        raise SchemaError(
            f"columns differ in length: {', '.join(f'{name!r} {size}' for name, size in lengths.items())}"
        )
    count = next(iter(lengths.values()))
    columns = [
        [value] * count if str(label) in types and label not in lengths else value for label, value in data.items()
    ]
    return _of_columns(list(data), columns, count)


def _types_by_label(data: Mapping[Any, Any], schema: ColumnSchema) -> dict[str, ColumnType]:
    labels = (
        data if all(column.name is None for column in schema.columns) else [column.name for column in schema.columns]
    )
    return {str(label): column.type for label, column in zip(labels, schema.columns, strict=False)}


def _is_broadcast(value: Any, wanted: ColumnType) -> bool:
    """Whether one value stands for every row, beside columns that have one for each."""
    return not is_list(value) or (not isinstance(wanted, AnyType) and len(value) > 0 and is_one_value(value, wanted))


def _of_array(data: np.ndarray[Any, Any], schema: ColumnSchema) -> Table:
    if data.dtype.names is not None:
        return _of_new_frame(pd.DataFrame(data))
    if data.ndim == 2 and data.shape[1] == len(schema.columns) and not _holds_rows(data, schema):  # noqa: PLR2004
        return Table(_labels(schema), pd.RangeIndex(len(data)), lambda position: _cells(data[:, position]))
    return _of_list(data, schema)


def _of_list(data: Values, schema: ColumnSchema) -> Table:
    if len(data) == 0:
        return _of_columns(_labels(schema), [[] for _ in schema.columns], 0)
    if _holds_rows(data, schema):
        return _of_rows(data, schema)
    if len(schema.columns) == 1 and not _are_records(data, schema) and is_one_value(data, schema.columns[0].type):
        return _of_rows([data], schema)
    if all(isinstance(row, Mapping) for row in data):
        return _of_records(data)
    if not any(is_list(row) for row in data):
        data = [data]
    for position, row in enumerate(data):
        _check_length(row, position, schema)
    return _of_columns(_labels(schema), list(zip(*data, strict=True)), len(data))


def _are_records(data: Values, schema: ColumnSchema) -> bool:
    """Whether the items name the only column."""
    return isinstance(data[0], Mapping) and str(schema.columns[0].name) in map(str, data[0])


def _check_length(row: Any, position: int, schema: ColumnSchema) -> None:
    if not is_list(row):
        raise SchemaError(f"row {position} is {shown(row)}, where the rows before are lists")
    if len(row) != len(schema.columns):
        hint = "name them, in records or a DataFrame, to have extra ones dropped and optional ones filled"
        raise SchemaError(f"row {position} has {len(row)} values, the signature has {_count(schema)}", hint=hint)


def _holds_rows(data: Values, schema: ColumnSchema) -> bool:
    """Whether each item is the value of the only column."""
    if len(schema.columns) > 1:
        return False
    column = schema.columns[0]
    if isinstance(data[0], Mapping):
        return isinstance(column.type, (Object, Map, AnyType)) and not _are_records(data, schema)
    return is_one_value(data[0], column.type)


def _of_rows(values: Values, schema: ColumnSchema) -> Table:
    return _of_columns(_labels(schema), [values], len(values))


def _of_records(records: Any) -> Table:
    labels = list(dict.fromkeys(label for record in records for label in record))
    return _of_columns(labels, [[record.get(label) for record in records] for label in labels], len(records))


def _of_columns(labels: list[Hashable], columns: Sequence[Values], count: int) -> Table:
    return Table(labels, pd.RangeIndex(count), lambda position: _cells(columns[position]))


_NUMBERS = ({float}, {int}, {bool}, {int, float})


def _cells(values: Values) -> ColumnValues:
    """An array where the values are plain numbers, which is fast; else a Series of them."""
    if isinstance(values, pd.Series):
        return values.reset_index(drop=True)
    if isinstance(values, np.ndarray) and values.ndim == 1:
        return values if values.dtype.kind in "biuf" else pd.Series(values, copy=False)
    if set(map(type, values)) in _NUMBERS:
        array = np.array(values)
        if array.dtype.kind in "bi" or (array.dtype.kind == "f" and not (np.abs(array) >= EXACT).any()):
            return array
    return _objects(values)


def _objects(values: Values) -> pd.Series[Any]:
    cells = np.empty(len(values), dtype="object")
    for row, value in enumerate(values):
        cells[row] = value
    return pd.Series(cells, dtype="object", copy=False)


def _labels(schema: ColumnSchema) -> list[Hashable]:
    return [position if column.name is None else column.name for position, column in enumerate(schema.columns)]


def _count(schema: ColumnSchema) -> str:
    count = len(schema.columns)
    return f"{count} column{'s' if count != 1 else ''}"

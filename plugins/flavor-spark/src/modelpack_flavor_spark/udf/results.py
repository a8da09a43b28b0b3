"""What a model answers, as one Arrow array of the result type. This runs in Spark's Python workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.types import ArrayType, StructType

from modelpack.data.tables import prediction_columns
from modelpack.errors import InvalidArgumentError, ModelFailureError
from modelpack_flavor_spark.udf.rules import arrow_type, fits, is_list, positions, primitive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql.types import DataType

_PLACE = "the model answers"


def as_result(answer: Any, kind: DataType, rows: int, names: Sequence[str] = ()) -> pa.Array:
    """One value for each row.

    Missing values (None, NaN, NA) become nulls, as in pandas UDFs.

    Args:
        answer: An array, Series, list, DataFrame or dict of arrays.
        kind: The result type.
        rows: How many rows were scored.
        names: The columns' names where the answer has none.

    Raises:
        InvalidArgumentError: Nothing in the answer fits the result type.
        ModelFailureError: The answer has another number of rows.
    """
    columns = _columns(answer, names)
    found = len(next(iter(columns.values()))) if columns else 0
    if found != rows:
        raise ModelFailureError(f"the model answered {found} rows for {rows}")
    if isinstance(kind, StructType):
        return _struct(columns, kind)
    return _value(columns, kind)


def _columns(answer: Any, names: Sequence[str]) -> dict[str, pa.Array]:
    """The answer as columns; a list of values as one, with its integers as such though some are missing."""
    if isinstance(answer, list) and not any(isinstance(item, dict) or np.ndim(item) for item in answer):
        return {names[0] if len(names) == 1 else "prediction": _array(answer)}
    if isinstance(answer, list) and answer and all(np.ndim(item) == 1 for item in answer):
        widths = {len(item) for item in answer}
        answer = np.asarray(answer) if len(widths) == 1 else answer
    return {name: _array(values) for name, values in prediction_columns(answer, names).items()}


def _array(values: Any) -> pa.Array:
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # values of several types, which fit text alone
        array = pa.array([None if value is None else str(value) for value in values], pa.string())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _struct(columns: dict[str, pa.Array], kind: StructType) -> pa.Array:
    """Each field from the column of its name, or, where the names of the answer are made up, from that in its place."""
    by_name = all(field.name in columns for field in kind.fields)
    if not by_name and len(columns) != len(kind.fields):
        missing = ", ".join(field.name for field in kind.fields if field.name not in columns)
        raise InvalidArgumentError(
            f"the model answers no {missing}; its columns are {', '.join(columns)}",
            hint=f"name them in result_type, or answer {len(kind.fields)} columns",
        )
    arrays = []
    for number, field in enumerate(kind.fields):
        name = field.name if by_name else list(columns)[number]
        arrays.append(_value({name: columns[name]}, field.dataType))
    return pa.StructArray.from_arrays(arrays, fields=list(arrow_type(kind)))


def _value(columns: dict[str, pa.Array], kind: DataType) -> pa.Array:
    types = {name: column.type for name, column in columns.items()}
    chosen = [list(columns.values())[number] for number in positions(kind, types, _PLACE)]
    if not isinstance(kind, ArrayType):
        return _cast(chosen[0], str(primitive(kind)), arrow_type(kind))
    if is_list(chosen[0].type):
        return _lists(chosen[0], kind)
    element = str(primitive(kind.elementType))
    return _gathered([_cast(column, element, arrow_type(kind.elementType)) for column in chosen], kind)


def _cast(column: pa.Array, wanted: str, target: pa.DataType) -> pa.Array:
    if wanted == "string":
        return _texts(column)
    return column if column.type == target else column.cast(target, safe=False)


def _texts(column: pa.Array) -> pa.Array:
    """Each cell as Python writes it."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column.cast(pa.string())
    plain = fits(column.type, "double") and column.null_count == 0
    cells = column.to_numpy() if plain else column.to_pylist()
    return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())


def _lists(column: pa.Array, kind: ArrayType) -> pa.Array:
    element = str(primitive(kind.elementType))
    if element != "string" or pa.types.is_string(column.type.value_type):
        return column.cast(arrow_type(kind), safe=False)
    cells = [
        None if cell is None else [None if item is None else str(item) for item in cell] for cell in column.to_pylist()
    ]
    return pa.array(cells, arrow_type(kind))


def _gathered(columns: list[pa.Array], kind: ArrayType) -> pa.Array:
    """The cells of each row in one list."""
    width, rows = len(columns), len(columns[0])
    places = np.arange(width * rows, dtype=np.int64).reshape(width, rows).T.ravel()
    values = pc.take(pa.concat_arrays(columns), pa.array(places))
    offsets = pa.array(np.arange(0, width * rows + 1, width, dtype=np.int32))
    return pa.ListArray.from_arrays(offsets, values, type=arrow_type(kind))

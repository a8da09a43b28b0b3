"""The columns of Arrow tables and record batches."""

from __future__ import annotations

from typing import Any

from modelpack.errors import InvalidArgumentError
from modelpack.schema.signature import Array, Column, ColumnType, DataType, Map, Object, Property
from modelpack.schema.value_types import UNKNOWN, settled

_SCALARS: dict[str, ColumnType] = {
    "bool": DataType.BOOLEAN,
    "int8": DataType.INTEGER,
    "int16": DataType.INTEGER,
    "int32": DataType.INTEGER,
    "uint8": DataType.INTEGER,
    "uint16": DataType.INTEGER,
    "uint32": DataType.LONG,
    "int64": DataType.LONG,
    "halffloat": DataType.FLOAT,
    "float": DataType.FLOAT,
    "double": DataType.DOUBLE,
    "string": DataType.STRING,
    "large_string": DataType.STRING,
    "string_view": DataType.STRING,
    "binary": DataType.BINARY,
    "large_binary": DataType.BINARY,
    "binary_view": DataType.BINARY,
    "null": UNKNOWN,
}
_HINTS = {
    "uint64": "cast it to int64 when its values fit, or to float64",
    "decimal": "cast it to float64, or to string where every digit counts",
    "duration": "cast it to int64",
    "time": "cast it to string",
}


def table_columns(table: Any) -> tuple[Column, ...]:
    """One column for each of the table's; one that holds nulls is not required.

    Args:
        table: A `pyarrow.Table` or `RecordBatch`.

    Raises:
        InvalidArgumentError: The table has no columns or a name twice, or a column cannot be described. The message
            names it.
    """
    names = table.schema.names
    if not names:
        raise InvalidArgumentError("the table has no columns, so there is nothing to describe")
    duplicates = [name for name in names if names.count(name) > 1] if len(set(names)) < len(names) else []
    if duplicates:
        raise InvalidArgumentError(
            f"two columns are called {duplicates[0]!r}", hint="give every column a name of its own"
        )
    return tuple(_column(name, array) for name, array in zip(names, table.columns, strict=True))


def _column(name: str, array: Any) -> Column:
    kind = settled(arrow_array_type(array, f"column {name!r}"))
    return Column(kind, name, required=array.null_count == 0)


def arrow_array_type(array: Any, place: str) -> ColumnType:
    """The type of an Arrow array's values; a field of a struct is required where the data has no nulls in it.

    Args:
        array: A `pyarrow` array, chunked or not.
        place: Where it stands, for messages.

    Raises:
        InvalidArgumentError: No type of a signature holds the values.
    """
    return _scalar(array.type) or _nested(array, place)


def _nested(array: Any, place: str) -> ColumnType:
    import pyarrow as pa

    if isinstance(array, pa.StructArray):
        return _struct_type(array, place)
    if isinstance(array, pa.MapArray):
        return Map(arrow_array_type(array.items, f"{place}, values"))
    if hasattr(array, "flatten") and not isinstance(array, pa.ChunkedArray):
        return Array(arrow_array_type(array.flatten(), f"{place}, items"))
    return arrow_array_type(_storage(array, place), place)


def _storage(array: Any, place: str) -> Any:
    import pyarrow as pa

    if isinstance(array, pa.ChunkedArray):
        return pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if isinstance(array, pa.ExtensionArray):
        return array.storage
    if isinstance(array, pa.DictionaryArray):
        return array.dictionary
    raise _unsupported(array.type, place)


def _scalar(kind: Any) -> ColumnType | None:
    name = str(kind)
    if name.startswith(("timestamp", "date", "fixed_size_binary")):
        return DataType.BINARY if name.startswith("fixed") else DataType.DATETIME
    return _SCALARS.get(name)


def _struct_type(array: Any, place: str) -> ColumnType:
    if not array.type.num_fields:
        return UNKNOWN
    properties = []
    for index in range(array.type.num_fields):
        field = array.type.field(index)
        values = array.field(index)
        if array.null_count:
            values = values.filter(array.is_valid())
        kind = arrow_array_type(values, f"{place}, property {field.name!r}")
        properties.append(Property(field.name, kind, required=values.null_count == 0))
    return Object(tuple(sorted(properties, key=lambda item: item.name)))


def _unsupported(kind: Any, place: str) -> InvalidArgumentError:
    hint = next((text for start, text in _HINTS.items() if str(kind).startswith(start)), None)
    return InvalidArgumentError(f"{place} has the type {kind}, which no type of a signature describes", hint=hint)

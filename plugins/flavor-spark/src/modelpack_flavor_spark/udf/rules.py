"""Which columns of an answer a result type takes (S155 to S159): decided by their types, never by their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql.types import DataType

_FITTING = {
    "int": frozenset({"int8", "uint8", "int16", "uint16", "int32"}),
    "long": frozenset({"int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"}),
    "float": frozenset({"int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"})
    | {"halffloat", "float", "double"},
    "boolean": frozenset({"bool"}),
}
_FITTING["double"] = _FITTING["float"]
_ARROW = {
    "int": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "string": "string",
    "boolean": "bool_",
}
_PRIMITIVES = {
    "IntegerType": "int",
    "LongType": "long",
    "FloatType": "float",
    "DoubleType": "double",
    "StringType": "string",
    "BooleanType": "boolean",
}
_SUPPORTED = "int, long, float, double, string, boolean, an array of one of them, or a struct of those"


def parsed(result_type: str | DataType) -> DataType:
    """A result type as Spark's; text is its DDL.

    Raises:
        InvalidArgumentError: It is not one that a model's answer can become (S155).
    """
    from pyspark.errors import PySparkException
    from pyspark.sql.types import DataType

    kind: Any = result_type
    if isinstance(kind, str):
        text = "boolean" if kind.strip().lower() == "bool" else kind
        try:
            kind = DataType.fromDDL(text)
        except PySparkException as error:
            raise _unsupported(result_type) from error
    if not isinstance(kind, DataType) or not _is_supported(kind):
        raise _unsupported(result_type)
    return kind


def primitive(kind: DataType) -> str | None:
    """The short name of a primitive type that is supported."""
    return _PRIMITIVES.get(type(kind).__name__)


def arrow_type(kind: DataType) -> pa.DataType:
    """A supported result type as Arrow's."""
    import pyarrow as pa
    from pyspark.sql.types import ArrayType, StructType

    if isinstance(kind, StructType):
        return pa.struct([pa.field(field.name, arrow_type(field.dataType)) for field in kind.fields])
    if isinstance(kind, ArrayType):
        return pa.list_(pa.field("element", arrow_type(kind.elementType)))
    chosen: pa.DataType = getattr(pa, _ARROW[str(primitive(kind))])()
    return chosen


def fits(column: pa.DataType, wanted: str) -> bool:
    """Whether a column of one type can be answered as a primitive; everything can as text."""
    return wanted == "string" or str(column) in _FITTING[wanted]


def is_list(column: pa.DataType) -> bool:
    """Whether the column holds a list in each row."""
    import pyarrow as pa

    return any(is_kind(column) for is_kind in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list))


def nothing_fits(kind: DataType, columns: dict[str, pa.DataType], place: str) -> InvalidArgumentError:
    """The error about an answer of which nothing fits the result type (S157)."""
    found = ", ".join(f"{name} ({column})" for name, column in columns.items()) or "none"
    return InvalidArgumentError(
        f"no column that {place} fits result_type {kind.simpleString()!r}; there are {found}",
        hint="ask for another, such as result_type='string' or 'array<string>', which everything fits",
    )


def positions(kind: DataType, columns: dict[str, pa.DataType], place: str) -> list[int]:
    """Where the columns stand that a primitive or an array takes: the leftmost, or all.

    An array takes the leftmost column of lists, if there is one, else every column whose type fits.

    Args:
        kind: The result type.
        columns: The types of the answer's columns, by name.
        place: What answers them, for messages.

    Raises:
        InvalidArgumentError: There is none.
    """
    from pyspark.sql.types import ArrayType

    types = list(columns.values())
    wanted = str(primitive(kind.elementType if isinstance(kind, ArrayType) else kind))
    found = [number for number, column in enumerate(types) if not is_list(column) and fits(column, wanted)]
    if isinstance(kind, ArrayType):
        lists = [number for number, column in enumerate(types) if is_list(column) and fits(column.value_type, wanted)]
        found = lists[:1] or found
    elif wanted == "string":
        found = list(range(len(types)))[:1]
    if not found:
        raise nothing_fits(kind, columns, place)
    return found if isinstance(kind, ArrayType) else found[:1]


def _is_supported(kind: DataType) -> bool:
    from pyspark.sql.types import ArrayType, StructType

    if isinstance(kind, StructType):
        return bool(kind.fields) and all(_is_flat(field.dataType) for field in kind.fields)
    return _is_flat(kind) or (isinstance(kind, ArrayType) and _is_flat(kind))


def _is_flat(kind: DataType) -> bool:
    from pyspark.sql.types import ArrayType

    return primitive(kind.elementType if isinstance(kind, ArrayType) else kind) is not None


def _unsupported(result_type: object) -> InvalidArgumentError:
    shown = result_type.simpleString() if hasattr(result_type, "simpleString") else repr(result_type)
    return InvalidArgumentError(f"result_type is {shown}, which is not supported", hint=f"one of {_SUPPORTED}")

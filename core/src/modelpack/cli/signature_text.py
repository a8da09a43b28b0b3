"""A signature as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.schema.signature import (
    Array,
    Column,
    ColumnSchema,
    DataType,
    Map,
    Object,
    SparkMLVector,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.schema.signature import ColumnType, Schema, Tensor


def schema_lines(schema: Schema) -> Iterator[str]:
    """One line for each column or tensor: its name, its type, and whether it may be absent."""
    items = schema.columns if isinstance(schema, ColumnSchema) else schema.tensors
    width = max((len(str(item.name)) for item in items), default=0)
    for item in items:
        text = type_text(item.type) if isinstance(item, Column) else _tensor_text(item)
        name = "" if item.name is None else f"{item.name!s:{width}}  "
        yield f"{name}{text}{'' if item.required else ', optional'}"


def type_text(column_type: ColumnType) -> str:
    """A type, such as `long`, `array of double` or `object {city: string}`."""
    match column_type:
        case DataType():
            return column_type.value
        case Array(items):
            return f"array of {type_text(items)}"
        case Map(values):
            return f"map to {type_text(values)}"
        case Object(properties):
            inner = (f"{each.name}{'' if each.required else '?'}: {type_text(each.type)}" for each in properties)
            return f"object {{{', '.join(inner)}}}"
        case SparkMLVector():
            return "Spark ML vector"
        case _:
            return "any"


def _tensor_text(tensor: Tensor) -> str:
    shape = " by ".join("any" if extent < 0 else str(extent) for extent in tensor.shape)
    return f"tensor of {tensor.dtype}, shape {shape or 'scalar'}"

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

    from modelpack.schema.signature import ColumnType, ModelSignature, Schema, Tensor


SHORT = 6
"""How many columns or tensors a signature in one line names."""


def signature_line(signature: ModelSignature | None) -> str:
    """The signature in one line: `age long, income double → prediction long`."""
    if signature is None:
        return "none: data reaches the model as it comes"
    return f"{_schema_line(signature.inputs)} → {_schema_line(signature.outputs)}"


def schema_lines(schema: Schema) -> Iterator[str]:
    """One line for each column or tensor: its name, its type, and whether it may be absent."""
    width = max((len(str(item.name)) for item in _items(schema)), default=0)
    for item in _items(schema):
        name = "" if item.name is None else f"{item.name!s:{width}}  "
        yield f"{name}{_item_text(item)}{'' if item.required else ', optional'}"


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


def _schema_line(schema: Schema | None) -> str:
    if schema is None:
        return "anything"
    parts = [" ".join(filter(None, (str(item.name or ""), _item_text(item)))) for item in _items(schema)]
    rest = len(parts) - SHORT
    return ", ".join(parts[:SHORT]) + (f" and {rest} more" if rest > 0 else "")


def _items(schema: Schema) -> tuple[Column | Tensor, ...]:
    return schema.columns if isinstance(schema, ColumnSchema) else schema.tensors


def _item_text(item: Column | Tensor) -> str:
    if isinstance(item, Column):
        return type_text(item.type)
    return f"tensor of {item.dtype}, shape ({', '.join('any' if extent < 0 else str(extent) for extent in item.shape)})"

"""The types of a signature as JSON Schemas: what the server reads and writes for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from modelpack.schema.signature import AnyType, Array, DataType, Map, Object

if TYPE_CHECKING:
    from modelpack.schema.signature import Column, ColumnType, Param, Schema, Tensor

JsonSchema: TypeAlias = "dict[str, Any]"

_LARGEST_FLOAT = 3.4028234663852886e38
_BASE64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
_DAY = "((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-9])|(0[13-9]|1[0-2])-30|(0[13578]|1[02])-31)"
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])?"
_DATE = f"^(1[7-9]|2[01])[0-9]{{2}}-{_DAY}([T ]{_TIME})?$"
_MILLISECONDS = 8_000_000_000_000
"""About the year 2223: pandas' own limit in nanoseconds is 2262."""
_SCALARS: dict[DataType, JsonSchema] = {
    DataType.BOOLEAN: {"type": "boolean"},
    DataType.INTEGER: {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1},
    DataType.LONG: {"type": "integer", "format": "int64", "minimum": -(2**63), "maximum": 2**63 - 1},
    DataType.FLOAT: {"type": "number", "format": "float", "minimum": -_LARGEST_FLOAT, "maximum": _LARGEST_FLOAT},
    DataType.DOUBLE: {"type": "number", "format": "double"},
    DataType.STRING: {"type": "string"},
    DataType.BINARY: {"type": "string", "contentEncoding": "base64", "pattern": _BASE64},
}
_NULLABLE = {DataType.FLOAT, DataType.DOUBLE, DataType.STRING, DataType.BINARY, DataType.DATETIME}
"""Columns of these may hold nulls even where they are required."""
_TENSOR_KINDS: dict[str, JsonSchema] = {
    "b": {"type": "boolean"},
    "i": {"type": "integer"},
    "u": {"type": "integer", "minimum": 0},
    "f": {"type": ["number", "null"]},
    "s": {"type": "string"},
    "U": {"type": "string"},
    "d": {"type": "string"},
    "c": {"type": "number"},
}


def value_schema(kind: ColumnType) -> JsonSchema:
    """What one value of a type is in JSON."""
    match kind:
        case Array(items):
            return {"type": "array", "items": _item_schema(items, required=True)}
        case Map(values):
            return {"type": "object", "additionalProperties": _item_schema(values, required=True)}
        case Object(properties):
            required = [each.name for each in properties if each.required]
            named = {each.name: _item_schema(each.type, required=each.required) for each in properties}
            return {"type": "object", "properties": named, **({"required": required} if required else {})}
        case DataType():
            return dict(_SCALARS[kind]) if kind in _SCALARS else _date_schema()
        case AnyType():
            return {"description": "any JSON value"}
        case _:
            return {"type": "array", "items": {"type": ["number", "null"]}, "description": "a Spark ML vector"}


def _item_schema(kind: ColumnType, *, required: bool) -> JsonSchema:
    """A value inside of a list, map or object: only fractions are null where there has to be one."""
    schema = value_schema(kind)
    return nullable(schema) if not required or kind in {DataType.FLOAT, DataType.DOUBLE} else schema


def column_schema(column: Column) -> JsonSchema:
    """What one cell of a column is in JSON."""
    schema = value_schema(column.type)
    return nullable(schema) if not column.required or column.type in _NULLABLE else schema


def nullable(schema: JsonSchema) -> JsonSchema:
    """The schema, or null."""
    if "type" in schema:
        kind = schema["type"]
        return schema if isinstance(kind, list) else {**schema, "type": [kind, "null"]}
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    return schema


def _date_schema() -> JsonSchema:
    limits = {"minimum": -_MILLISECONDS, "maximum": _MILLISECONDS}
    return {
        "anyOf": [
            {"type": "string", "pattern": _DATE, "description": "ISO 8601"},
            {"type": "integer", **limits, "description": "milliseconds since 1970"},
        ]
    }


def tensor_schema(tensor: Tensor, *, least: int = 0) -> JsonSchema:
    """What a tensor is in JSON: nested lists of its shape.

    Args:
        tensor: The tensor.
        least: How many entries there are at least along an axis that varies.
    """
    schema = dict(_TENSOR_KINDS.get(tensor.dtype[:1], {}))
    for extent in reversed(tensor.shape):
        fixed = {"minItems": least} if extent < 0 else {"minItems": extent, "maxItems": extent}
        schema = {"type": "array", "items": schema, **fixed}
    extents = ", ".join("any" if extent < 0 else str(extent) for extent in tensor.shape)
    return {**schema, "description": f"a tensor of {tensor.dtype}, shape ({extents})"}


def params_schema(params: tuple[Param, ...] | None) -> JsonSchema:
    """What may stand under `params`: those of the signature with their defaults, or anything when it knows none."""
    if params is None:
        return {"type": ["object", "null"]}
    return {
        "type": ["object", "null"],
        "properties": {param.name: _param_schema(param) for param in params},
        "additionalProperties": False,
    }


def _param_schema(param: Param) -> JsonSchema:
    schema = value_schema(param.type)
    if param.shape is not None:
        schema = {"type": "array", "items": schema}
    if param.default is None:
        return nullable(schema)
    return {**schema, "default": json_value(param.default)}


def json_value(value: Any) -> Any:
    """A default as JSON holds it: dates as ISO 8601."""
    if isinstance(value, (list, tuple)):
        return [json_value(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def names_of(schema: Schema) -> list[str]:
    """The columns' or tensors' names as JSON has them: positions where there are none."""
    return [str(position if name is None else name) for position, name in enumerate(schema.names)]

"""The types of columns, properties and params as MLflow writes them in JSON."""

from __future__ import annotations

import difflib
from typing import Any

from modelpack.errors import InvalidArgumentError, InvalidModelError
from modelpack.schema.signature import AnyType, Array, ColumnType, DataType, Map, Object, Property, SparkMLVector

MAX_DEPTH = 64
"""The deepest nesting of a type that is read or written."""

_SCALARS = {kind.value: kind for kind in DataType}
_NESTED = ("array", "object", "map", "any", "sparkml_vector")


def type_from_json(spec: Any, place: str, depth: int = 0) -> ColumnType:
    """Read the type that a mapping with `type` (and `items`, `properties` or `values`) describes.

    Args:
        spec: The mapping; the bare name of a type stands for `{"type": name}`.
        place: Where it stands, for messages.
        depth: How deep it is nested already.

    Raises:
        InvalidModelError: It describes no type; the message names the place in it.
    """
    name = spec if isinstance(spec, str) else spec.get("type") if isinstance(spec, dict) else None
    if isinstance(name, str) and (scalar := _SCALARS.get(name)) is not None:
        return scalar
    if depth > MAX_DEPTH:
        raise InvalidModelError(f"{place}: the type is nested more than {MAX_DEPTH} deep")
    match name:
        case "array":
            return Array(type_from_json(_part(spec, "items", place), f"{place}, items", depth + 1))
        case "map":
            return Map(type_from_json(_part(spec, "values", place), f"{place}, values", depth + 1))
        case "object":
            return _object(_part(spec, "properties", place), place, depth)
        case "any":
            return AnyType()
        case "sparkml_vector":
            return SparkMLVector()
        case _:
            raise _unknown(name, place)


def _unknown(name: Any, place: str) -> InvalidModelError:
    known = [*_SCALARS, *_NESTED]
    if name is None:
        return InvalidModelError(f"{place}: it has no `type`", hint=f"known types: {', '.join(known)}")
    nearest = difflib.get_close_matches(str(name), known, n=1)
    suggestion = f"; did you mean {nearest[0]}?" if nearest else ""
    return InvalidModelError(
        f"{place}: the type {name!r} is not known", hint=f"known types: {', '.join(known)}{suggestion}"
    )


def _part(spec: Any, key: str, place: str) -> Any:
    if not isinstance(spec, dict) or spec.get(key) is None:
        raise InvalidModelError(f"{place}: the type has no `{key}`")
    return spec[key]


def _object(properties: Any, place: str, depth: int) -> Object:
    if not isinstance(properties, dict):
        raise InvalidModelError(f"{place}: `properties` is a mapping from names to types")
    return Object(
        tuple(_property(name, properties[name], f"{place}, property {name!r}", depth) for name in sorted(properties))
    )


def _property(name: str, spec: Any, place: str, depth: int) -> Property:
    required = spec.get("required") if isinstance(spec, dict) else None
    if required is not None and not isinstance(required, bool):
        raise InvalidModelError(f"{place}: `required` is true or false")
    return Property(name, type_from_json(spec, place, depth + 1), required=required is not False)


def type_to_json(kind: ColumnType, depth: int = 0) -> dict[str, Any]:
    """The mapping that describes a type, in MLflow's order of keys: properties are sorted by name.

    Raises:
        InvalidArgumentError: The type is nested deeper than `MAX_DEPTH`.
    """
    if depth > MAX_DEPTH:
        raise InvalidArgumentError(f"a type in the signature is nested more than {MAX_DEPTH} deep")
    match kind:
        case DataType():
            return {"type": kind.value}
        case Array():
            return {"type": "array", "items": type_to_json(kind.items, depth + 1)}
        case Map():
            return {"type": "map", "values": type_to_json(kind.values, depth + 1)}
        case Object():
            ordered = sorted(kind.properties, key=lambda item: item.name)
            return {
                "type": "object",
                "properties": {
                    item.name: {**type_to_json(item.type, depth + 1), "required": item.required} for item in ordered
                },
            }
        case AnyType():
            return {"type": "any"}
        case SparkMLVector():
            return {"type": "sparkml_vector"}
    raise InvalidArgumentError(f"{kind!r} is no type of a signature")

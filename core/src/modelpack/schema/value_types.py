"""The types of Python values, and the type that several values share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelpack.errors import InvalidArgumentError
from modelpack.schema.numpy_types import dtype_type, is_numpy
from modelpack.schema.signature import AnyType, Array, ColumnType, DataType, Map, Object, Property

MAX_DEPTH = 64
"""The deepest nesting of a value that is looked at."""

_SCALARS: dict[type, DataType] = {
    bool: DataType.BOOLEAN,
    int: DataType.LONG,
    float: DataType.DOUBLE,
    str: DataType.STRING,
    bytes: DataType.BINARY,
    bytearray: DataType.BINARY,
    dt.datetime: DataType.DATETIME,
    dt.date: DataType.DATETIME,
}
_NUMBERS = (DataType.INTEGER, DataType.LONG, DataType.FLOAT, DataType.DOUBLE)
_MISSING = ("NAType", "NaTType")
_LONG_LIMIT = 2**63


@dataclass(frozen=True, slots=True)
class _Unknown(AnyType):
    """What a missing value or an empty mapping says about its type: nothing, so any other type prevails."""


UNKNOWN = _Unknown()
"""The type of a value that says nothing about its type."""


def is_missing(value: Any) -> bool:
    """Whether a value stands for one that is not there: None, NaN, and the missing values of pandas and NumPy."""
    if value is None or type(value).__name__ in _MISSING:
        return True
    is_scalar = isinstance(value, float) or (is_numpy(value) and value.ndim == 0 and value.dtype.kind in "fM")
    return is_scalar and bool(value != value)  # noqa: PLR0124 - only NaN and NaT differ from themselves


def value_type(value: Any, place: str, depth: int = 0) -> ColumnType:
    """The type of one value; `UNKNOWN` for a missing one and an empty mapping.

    Args:
        value: Scalars, lists, mappings with text keys, NumPy's scalars and arrays.
        place: Where it stands, for messages.
        depth: How deep it is nested already.

    Raises:
        InvalidArgumentError: No type of a signature holds such a value; the message names the place and the type.
    """
    if is_missing(value):
        return UNKNOWN
    scalar = _SCALARS.get(type(value))
    if scalar is not None:
        return _checked(scalar, value, place)
    if depth > MAX_DEPTH:
        raise InvalidArgumentError(f"{place} is nested more than {MAX_DEPTH} deep, or contains itself")
    if isinstance(value, Mapping):
        return _object_type(value, place, depth)
    if isinstance(value, (list, tuple)):
        return Array(shared_type(value, place, depth + 1))
    if is_numpy(value):
        return _numpy_type(value, place, depth)
    for base, kind in _SCALARS.items():
        if isinstance(value, base):
            return _checked(kind, value, place)
    raise unsupported(value, place)


def unsupported(value: Any, place: str) -> InvalidArgumentError:
    """The error about a value that no type of a signature holds."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    return InvalidArgumentError(
        f"{place} holds a {kind}, which no type of a signature describes",
        hint="convert it to numbers, text, bytes, dates, lists or mappings; or give the signature yourself, "
        "with AnyType() there",
    )


def _checked(kind: DataType, value: Any, place: str) -> DataType:
    if kind is DataType.LONG and not -_LONG_LIMIT <= value < _LONG_LIMIT:
        raise InvalidArgumentError(
            f"{place} holds {value}, which does not fit into 64 bits", hint="convert it to float or to text"
        )
    return kind


def _object_type(value: Mapping[Any, Any], place: str, depth: int) -> ColumnType:
    if not value:
        return UNKNOWN
    properties = []
    for name, item in value.items():
        if not isinstance(name, str):
            raise InvalidArgumentError(f"{place} holds a mapping with the key {name!r}", hint="keys have to be text")
        kind = value_type(item, f"{place}, property {name!r}", depth + 1)
        properties.append(Property(name, kind, required=kind != UNKNOWN))
    return Object(tuple(sorted(properties, key=lambda item: item.name)))


def _numpy_type(value: Any, place: str, depth: int) -> ColumnType:
    if value.dtype.kind == "O":
        return value_type(value.tolist(), place, depth + 1)
    kind: ColumnType = dtype_type(value.dtype, place)
    for _ in range(value.ndim):
        kind = Array(kind)
    return kind


def shared_type(values: Sequence[Any], place: str, depth: int = 0) -> ColumnType:
    """The type that all values share: numbers widen, keys that some mappings lack become optional.

    Values whose types cannot be brought together have the type `AnyType()`; values that all say nothing, and no values
    at all, `UNKNOWN`.

    Raises:
        InvalidArgumentError: As `value_type`.
    """
    kinds = set(map(type, values)) - {type(None)}
    result: ColumnType = UNKNOWN
    if kinds <= _SCALARS.keys():
        for scalar in _scalar_types(values, kinds, place):
            result = merged(result, scalar)
        return result
    for value in values:
        result = merged(result, value_type(value, place, depth))
    return result


def _scalar_types(values: Sequence[Any], kinds: set[type], place: str) -> set[DataType]:
    whole = [value for value in values if type(value) is int] if int in kinds else []
    for extreme in (min(whole), max(whole)) if whole else ():
        _checked(DataType.LONG, extreme, place)
    if float in kinds and all(map(is_missing, (value for value in values if type(value) is float))):
        kinds = kinds - {float}
    return {_SCALARS[kind] for kind in kinds}


def merged(one: ColumnType, other: ColumnType) -> ColumnType:
    """The narrowest type that holds the values of both; `AnyType()` when only that does."""
    if UNKNOWN in (one, other):
        return other if one == UNKNOWN else one
    if one == other:
        return one
    result: ColumnType = AnyType()
    match one, other:
        case DataType(), DataType() if one in _NUMBERS and other in _NUMBERS:
            result = DataType.LONG if {one, other} == {DataType.INTEGER, DataType.LONG} else DataType.DOUBLE
        case Array(), Array():
            result = Array(merged(one.items, other.items))
        case Map(), Map():
            result = Map(merged(one.values, other.values))
        case Object(), Object():
            result = _merged_objects(one, other)
    return result


def _merged_objects(one: Object, other: Object) -> Object:
    first = {item.name: item for item in one.properties}
    second = {item.name: item for item in other.properties}
    properties = []
    for name in sorted(first.keys() | second.keys()):
        left, right = first.get(name), second.get(name)
        if left is not None and right is not None:
            both = merged(left.type, right.type)
            properties.append(Property(name, both, required=left.required and right.required))
        elif (only := left or right) is not None:
            properties.append(Property(name, only.type, required=False))
    return Object(tuple(properties))


def settled(kind: ColumnType) -> ColumnType:
    """The type as it may stand in a signature: what is still unknown is `AnyType()`."""
    match kind:
        case AnyType():
            return AnyType()
        case Array():
            return Array(settled(kind.items))
        case Map():
            return Map(settled(kind.values))
        case Object():
            return Object(
                tuple(Property(item.name, settled(item.type), required=item.required) for item in kind.properties)
            )
    return kind

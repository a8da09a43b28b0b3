"""Lists, objects and maps, converted value by value; a value that fits already is answered as it is, uncopied."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from modelpack.pyfunc.mismatch import Mismatch, listed, shown
from modelpack.pyfunc.values import convert_value, is_missing
from modelpack.schema.signature import AnyType, Array, DataType, Map, Object, SparkMLVector

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.pyfunc.policy import Policy
    from modelpack.schema.signature import ColumnType, Property

Converter: TypeAlias = "Callable[[Any], Any]"

_FITTING_ITEMS = {
    DataType.BOOLEAN: "bool",
    DataType.INTEGER: "int32",
    DataType.LONG: "int64",
    DataType.FLOAT: "float32",
    DataType.DOUBLE: "float64",
}


def converter(wanted: ColumnType, policy: Policy) -> Converter:
    """A function that converts one value, which is not missing, to the type.

    The function raises Mismatch when the value does not fit. From text, a list, object or map is read as JSON under
    `safe` and `lenient`, since CSV has no other way to hold one.
    """
    if isinstance(wanted, DataType):
        return lambda value: convert_value(value, wanted, policy)
    if isinstance(wanted, AnyType):
        return lambda value: value
    convert = _nested(wanted, policy)
    return convert if policy == "strict" else lambda value: convert(_from_json(value))


def is_one_value(value: Any, wanted: ColumnType) -> bool:
    """Whether a value looks like one value of the type rather than a list of them, one a row."""
    if isinstance(wanted, Array):
        return isinstance(value, str) or (is_list(value) and (len(value) == 0 or is_one_value(value[0], wanted.items)))
    if isinstance(wanted, SparkMLVector):
        return is_one_value(value, Array(DataType.DOUBLE))
    return not is_list(value)


def is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    """Whether a value holds items in order: a list, a tuple or an array of at least one axis."""
    return isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) > 0


def _nested(wanted: ColumnType, policy: Policy) -> Converter:
    if isinstance(wanted, Array):
        return _array(wanted, policy)
    if isinstance(wanted, Object):
        return _object(wanted, policy)
    if isinstance(wanted, Map):
        return _map(wanted, policy)
    return _array(Array(DataType.DOUBLE), policy)


def _from_json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise Mismatch(f"{shown(value)} is not JSON", hint="give it as a list or mapping, or as JSON text") from None


def _array(wanted: Array, policy: Policy) -> Converter:
    convert = _nullable(wanted.items, required=True, policy=policy)
    fitting = _FITTING_ITEMS.get(wanted.items) if isinstance(wanted.items, DataType) else None

    def array(value: Any) -> Any:
        if fitting is not None and getattr(value, "dtype", None) == fitting and value.ndim == 1:
            return value
        if not is_list(value):
            raise Mismatch(f"{shown(value)} is no list")
        items = [_step(f"[{index}]", convert, item) for index, item in enumerate(value)]
        return value if isinstance(value, list) and _same(items, value) else items

    return array


def _object(wanted: Object, policy: Policy) -> Converter:
    known = {item.name: item for item in wanted.properties}
    converters = {name: _nullable(item.type, required=item.required, policy=policy) for name, item in known.items()}

    def convert(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise Mismatch(f"{shown(value)} is no mapping")
        _check_properties(value, known, policy)
        found = {name: _step(f".{name}", converters[name], value[name]) for name in value if name in converters}
        fits = isinstance(value, dict) and len(found) == len(value) and _same(found.values(), value.values())
        return value if fits else found

    return convert


def _check_properties(value: Mapping[Any, Any], known: Mapping[str, Property], policy: Policy) -> None:
    missing = [name for name, item in known.items() if item.required and name not in value]
    if missing:
        raise Mismatch(f"it lacks {listed(missing)}")
    unexpected = [name for name in value if name not in known]
    if unexpected and policy == "strict":
        raise Mismatch(f"it has {listed(unexpected)} beyond the signature")


def _map(wanted: Map, policy: Policy) -> Converter:
    item_converter = _nullable(wanted.values, required=True, policy=policy)

    def convert(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise Mismatch(f"{shown(value)} is no mapping")
        for key in value:
            if not isinstance(key, str):
                raise Mismatch(f"its key {shown(key)} is no string")
        found = {key: _step(f".{key}", item_converter, item) for key, item in value.items()}
        return value if isinstance(value, dict) and _same(found.values(), value.values()) else found

    return convert


def _nullable(wanted: ColumnType, *, required: bool, policy: Policy) -> Converter:
    """As `converter`, and for missing values too: None where there may be none, NaN among floats."""
    if isinstance(wanted, AnyType):
        return lambda value: value
    convert = _nested(wanted, policy) if not isinstance(wanted, DataType) else converter(wanted, policy)
    has_nan = wanted in {DataType.FLOAT, DataType.DOUBLE}

    def nullable(value: Any) -> Any:
        if not is_missing(value):
            return convert(value)
        if has_nan and required:
            return value if isinstance(value, float) else float("nan")
        if required and policy != "lenient":
            raise Mismatch("there is no value")
        return None

    return nullable


def _step(step: str, convert: Converter, value: Any) -> Any:
    try:
        return convert(value)
    except Mismatch as mismatch:
        raise mismatch.inside(step) from None


def _same(converted: Any, given: Any) -> bool:
    return all(new is old for new, old in zip(converted, given, strict=True))

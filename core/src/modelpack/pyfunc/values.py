"""Single Python values, converted to the types of a signature: items, properties, params, and columns of objects."""

from __future__ import annotations

import base64
import binascii
import math
import re
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from modelpack.pyfunc.mismatch import Mismatch, shown
from modelpack.pyfunc.policy import Kind, Policy, allows, conversion_hint
from modelpack.schema.signature import DataType

if TYPE_CHECKING:
    from collections.abc import Callable

_KINDS: tuple[tuple[type | tuple[type, ...], Kind], ...] = (
    (bool, Kind.BOOLEAN),
    (int, Kind.INTEGER),
    (float, Kind.FLOATING),
    (str, Kind.STRING),
    ((bytes, bytearray, memoryview), Kind.BYTES),
    (Decimal, Kind.DECIMAL),
    (datetime, Kind.DATETIME),
    (date, Kind.DATE),
)
RANGES = {DataType.INTEGER: (-(2**31), 2**31 - 1), DataType.LONG: (-(2**63), 2**63 - 1)}
LARGEST_FLOAT = 3.4028235677973366e38
"""The largest double that rounds to a finite 32-bit float, exclusive."""

ISO_START = r"^\d{4}-?\d{2}"
"""How a date in text begins; without it, readers of dates also take `now`, `12:30` and numbers."""


def is_missing(value: Any) -> bool:
    """Whether a value stands for no value: None, NaN, NaT or pandas' NA."""
    return value is None or (isinstance(value, float) and math.isnan(value)) or type(value).__name__ in _MISSING_TYPES


_MISSING_TYPES = frozenset({"NAType", "NaTType"})


def plain(value: Any) -> Any:
    """A NumPy scalar as the Python value it stands for, anything else as it is."""
    if type(value).__module__ != "numpy" or getattr(value, "ndim", None) != 0:
        return value
    if value.dtype.kind == "M":  # nanoseconds have no Python type
        return value.astype("datetime64[us]").item()
    return value.item()


def kind_of(value: Any) -> Kind | None:
    """What a plain value is, None when no type of a signature holds it."""
    for python_type, kind in _KINDS:
        if isinstance(value, python_type):
            return kind
    return None


def convert_value(value: Any, wanted: DataType, policy: Policy) -> Any:
    """A value as the Python value of the wanted type.

    Args:
        value: Any value but a missing one.
        wanted: The type of the signature.
        policy: How far to go.

    Raises:
        Mismatch: It cannot be converted, or the policy does not convert it.
    """
    value = plain(value)
    kind = kind_of(value)
    if kind is None:
        raise Mismatch(f"{shown(value)} is of type {type(value).__name__}")
    if not allows(policy, kind, wanted):
        raise Mismatch(f"{shown(value)} is {_WITH_ARTICLE[kind]}", hint=conversion_hint(policy, kind, wanted))
    return _CONVERTERS[wanted](value, kind, policy)


_WITH_ARTICLE = {
    Kind.BOOLEAN: "a boolean",
    Kind.INTEGER: "an integer",
    Kind.FLOATING: "a float",
    Kind.DECIMAL: "a decimal",
    Kind.STRING: "a string",
    Kind.BYTES: "bytes",
    Kind.DATETIME: "a datetime",
    Kind.DATE: "a date",
}


def _boolean(value: Any, kind: Kind, _policy: Policy) -> bool:
    if kind is Kind.STRING:
        value = {"true": True, "false": False, "1": True, "0": False}.get(value.strip().lower(), value)
    if value in (0, 1):
        return bool(value)
    raise Mismatch(f"{shown(value)} is neither true nor false")


def _integer(wanted: DataType) -> Callable[[Any, Kind, Policy], int]:
    low, high = RANGES[wanted]

    def convert(value: Any, kind: Kind, _policy: Policy) -> int:
        number = _number(value) if kind is Kind.STRING else value
        if isinstance(number, (float, Decimal)) and (not math.isfinite(number) or number != int(number)):
            raise Mismatch(f"{shown(value)} is not a whole number")
        if not low <= number <= high:
            raise Mismatch(f"{shown(value)} is out of range, {low} to {high}")
        return int(number)

    return convert


def _double(value: Any, kind: Kind, policy: Policy) -> float:
    if kind is Kind.STRING:
        value = _number(value)
    try:
        number = float(value)
    except OverflowError:
        raise Mismatch(f"{shown(value)} is out of range") from None
    if kind is Kind.INTEGER and policy != "lenient" and number != value:
        raise Mismatch(f"{shown(value)} has no exact double")
    return number


def _float(value: Any, kind: Kind, policy: Policy) -> float:
    number = _double(value, kind, policy)
    if math.isfinite(number) and abs(number) >= LARGEST_FLOAT:
        raise Mismatch(f"{shown(value)} is out of range of a 32-bit float")
    return number


def _number(text: str) -> int | Decimal | float:
    try:
        return int(text) if text.strip().lstrip("+-").isdigit() else _decimal(text)
    except (ValueError, InvalidOperation):
        raise Mismatch(f"{shown(text)} is not a number") from None


def _decimal(text: str) -> Decimal | float:
    number = Decimal(text.strip())
    return number if number.is_finite() else float(number)


def _string(value: Any, kind: Kind, _policy: Policy) -> str:
    if kind is Kind.BYTES:
        try:
            return bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            raise Mismatch(f"{shown(value)} is not UTF-8") from None
    return value.isoformat() if kind in {Kind.DATETIME, Kind.DATE} else str(value)


def _binary(value: Any, kind: Kind, _policy: Policy) -> bytes:
    if kind is Kind.BYTES:
        return bytes(value)
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Mismatch(f"{shown(value)} is not base64", hint="text formats carry binary values as base64") from None


def _datetime(value: Any, kind: Kind, _policy: Policy) -> datetime:
    if kind is Kind.DATETIME:
        moment: datetime = value
        return moment
    if kind is Kind.DATE:
        return datetime.combine(value, time())
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise _not_iso(value) from None
    if not re.match(ISO_START, value):
        raise _not_iso(value)
    return moment if moment.tzinfo is None else moment.astimezone(UTC)


def _not_iso(value: str) -> Mismatch:
    return Mismatch(f"{shown(value)} is not an ISO 8601 date", hint="write dates as 2024-05-30T10:42:45 or 2024-05-30")


_CONVERTERS: dict[DataType, Callable[[Any, Kind, Policy], Any]] = {
    DataType.BOOLEAN: _boolean,
    DataType.INTEGER: _integer(DataType.INTEGER),
    DataType.LONG: _integer(DataType.LONG),
    DataType.FLOAT: _float,
    DataType.DOUBLE: _double,
    DataType.STRING: _string,
    DataType.BINARY: _binary,
    DataType.DATETIME: _datetime,
}

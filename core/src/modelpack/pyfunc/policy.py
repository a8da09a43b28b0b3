"""The three policies of schema enforcement, and the one table that says which conversion each of them makes.

A column, a property of an object, an item of an array and a param all follow this table, whether their values came as
JSON, CSV, Arrow or a frame.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal, TypeAlias, get_args

from modelpack.errors import InvalidArgumentError
from modelpack.schema.signature import DataType

Policy: TypeAlias = Literal["strict", "safe", "lenient"]
"""How far data may be from the signature: `strict` converts nothing but layout, `safe` what leaves every value the same
(save for rounding a fraction to the declared float), `lenient` whatever has one sensible meaning."""

POLICIES: tuple[Policy, ...] = get_args(Policy)


class Kind(Enum):
    """What a value is before conversion, whatever its width."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    FLOATING = "float"
    DECIMAL = "decimal"
    STRING = "string"
    BYTES = "bytes"
    DATETIME = "datetime"
    DATE = "date"


# The strictest policy that converts the kind of the row to the type of the column; "-" is never converted.
# Widths are not in the table: `strict` also wants the width of the signature, and the others check the range.
_TABLE = """
          boolean  integer  long     float    double   string   binary   datetime
boolean   strict   lenient  lenient  lenient  lenient  lenient  -        -
integer   lenient  strict   strict   safe     safe     lenient  -        -
float     lenient  safe     safe     strict   strict   lenient  -        -
decimal   lenient  safe     safe     safe     safe     lenient  -        -
string    lenient  lenient  lenient  lenient  lenient  strict   safe     safe
bytes     -        -        -        -        -        lenient  strict   -
datetime  -        -        -        -        -        lenient  -        strict
date      -        -        -        -        -        lenient  -        safe
"""


def _parsed(table: str) -> dict[tuple[Kind, DataType], Policy]:
    header, *rows = (line.split() for line in table.strip().splitlines())
    levels: dict[str, Policy] = {policy: policy for policy in POLICIES}
    return {
        (Kind(kind), DataType(name)): levels[cell]
        for kind, *cells in rows
        for name, cell in zip(header, cells, strict=True)
        if cell in levels
    }


CONVERSIONS = _parsed(_TABLE)


def allows(policy: Policy, kind: Kind, wanted: DataType) -> bool:
    """Whether the policy converts values of this kind to the type."""
    needed = CONVERSIONS.get((kind, wanted))
    return needed is not None and POLICIES.index(needed) <= POLICIES.index(policy)


def conversion_hint(policy: Policy, kind: Kind, wanted: DataType) -> str | None:
    """What a caller can do whose data this policy refused, None when no policy would take it."""
    needed = CONVERSIONS.get((kind, wanted), policy)
    if POLICIES.index(needed) > POLICIES.index(policy):
        return f"the policy {needed!r} would convert it; this model was loaded with {policy!r}"
    return None


def checked_policy(policy: str) -> Policy:
    """The policy of that name.

    Raises:
        InvalidArgumentError: There is no such policy.
    """
    for known in POLICIES:
        if policy == known:
            return known
    raise InvalidArgumentError(
        f"there is no schema policy {policy!r}", hint=f"choose one of {', '.join(map(repr, POLICIES))}"
    )

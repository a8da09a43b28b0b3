"""The attributes of an operator as Bundle.ML writes them in JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Value = dict[str, Any]


def text(value: str) -> Value:
    """A string."""
    return {"string": str(value)}


def flag(value: bool) -> Value:  # noqa: FBT001 - what is encoded
    """A boolean."""
    return {"boolean": bool(value)}


def whole(value: int) -> Value:
    """A whole number that MLeap reads as a long."""
    return {"long": int(value)}


def small(value: int) -> Value:
    """A whole number that MLeap reads as an int."""
    return {"int": int(value)}


def number(value: float) -> Value:
    """A double."""
    return {"double": _plain(value)}


def texts(values: Iterable[str]) -> Value:
    """A list of strings."""
    return {"string": [str(value) for value in values], "type": "list"}


def numbers(values: Iterable[float]) -> Value:
    """A list of doubles."""
    return {"double": [_plain(value) for value in values], "type": "list"}


def wholes(values: Iterable[int]) -> Value:
    """A list of longs."""
    return {"long": [int(value) for value in values], "type": "list"}


def smalls(values: Iterable[int]) -> Value:
    """A list of ints."""
    return {"int": [int(value) for value in values], "type": "list"}


def vector(values: Iterable[float]) -> Value:
    """A tensor of one dimension."""
    plain = [_plain(value) for value in values]
    return {**_tensor(plain, [len(plain)]), "type": "tensor"}


def matrix(values: Any) -> Value:
    """A tensor of two dimensions; column after column, as Spark keeps them and MLeap's runtime reads them."""
    rows, columns = values.shape
    return {**_tensor([_plain(value) for value in values.ravel(order="F")], [rows, columns]), "type": "tensor"}


def vectors(values: Iterable[Iterable[float]]) -> Value:
    """A list of tensors of one dimension."""
    tensors = [[_plain(value) for value in each] for each in values]
    return {"tensor": [_tensor(each, [len(each)]) for each in tensors], "type": "list"}


def shape(width: int | None, *, nullable: bool = True) -> Value:
    """The shape of a column: a scalar, or a vector of a width."""
    if width is None:
        return {"base": "scalar", "isNullable": nullable}
    return {"base": "tensor", "isNullable": nullable, "tensorShape": {"dimensions": [{"size": width, "name": ""}]}}


def a_shape(width: int | None, *, nullable: bool = True) -> Value:
    """The shape of a column, as an attribute."""
    return {"data_shape": shape(width, nullable=nullable)}


def shapes(widths: Iterable[int | None], *, nullable: bool = True) -> Value:
    """The shapes of several columns, as an attribute."""
    return {"data_shape": [shape(width, nullable=nullable) for width in widths], "type": "list"}


def given(**attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """The attributes that are there, those that are None left out."""
    return {name: value for name, value in attributes.items() if value is not None}


def _tensor(plain: Sequence[float | None], sizes: Sequence[int]) -> Value:
    return {"double": plain, "shape": {"dimensions": [{"size": int(size), "name": ""} for size in sizes]}}


def _plain(value: float) -> float | None:
    """JSON has no infinity and no NaN; MLeap writes null for them, and knows where it means infinity."""
    value = float(value)
    return value if math.isfinite(value) else None

"""Tables of one number type, as the one array that they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.data.columns import narrowed
from modelpack.data.libraries import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelpack.data.plan import InputPlan

_KINDS = {"float64": "fi", "float32": "fi", "int64": "i", "int32": "i"}
"""The kinds of array that numbers of a type come as; NumPy makes booleans among numbers into numbers."""


def array_from_rows(rows: Sequence[Any], names: list[Any], plan: InputPlan, *, booleans: bool) -> Any:
    """Rows of numbers that have the signature's names in its order, as an array of its only type.

    Args:
        rows: One list of values for each row.
        names: The columns' names.
        plan: The signature's part in it.
        booleans: Whether the values may include any.

    Returns:
        An array of two axes, None where the rows are anything else.
    """
    if plan.uniform is None or names is not plan.names or not rows:
        return None
    numpy = require("numpy", "pandas")
    try:
        array = numpy.array(rows)
    except (ValueError, OverflowError):
        return None
    if array.shape != (len(rows), len(names)) or array.dtype.kind not in _KINDS[plan.uniform]:
        return None
    if booleans and any(bool in set(map(type, row)) for row in rows):
        return None
    return _typed(array, names, plan.uniform)


def _typed(array: Any, names: list[Any], dtype: str) -> Any:
    if dtype == "float32":
        return narrowed(array, names)
    typed = array.astype(dtype, copy=False)
    return typed if dtype != "int32" or (typed == array).all() else None

"""Arrays from JSON values, typed by a tensor signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.data.columns import as_objects
from modelpack.data.libraries import require
from modelpack.data.text_sizes import check_text_size
from modelpack.errors import DataFormatError

if TYPE_CHECKING:
    from modelpack.data.plan import InputPlan

_KINDS = {"f": "fiu", "i": "iu", "u": "iu", "c": "fiu", "b": "b", "O": "OUfiub", "U": "U", "S": ""}
"""Which kinds of array that JSON can give become the kind that the signature asks for."""


def array_from_json(value: Any, name: str | None, plan: InputPlan) -> Any:
    """Nested lists as an array, of the signature's type where they fit it.

    Args:
        value: Nested lists, or a scalar.
        name: The tensor's name; None for the only one.
        plan: The signature's part in it.

    Raises:
        DataFormatError: The lists are ragged, or the array would be far larger than they.
    """
    numpy = require("numpy", "pandas")
    array = _natural(value)
    wanted = next((tensor.dtype for tensor in plan.tensors if tensor.name == name), None)
    if wanted is None:
        return array
    dtype = numpy.dtype(wanted)
    if array.dtype.kind not in _KINDS.get(dtype.kind, ""):
        return array
    with numpy.errstate(over="ignore"):
        typed = array.astype(dtype)
    return typed if dtype.kind not in "iu" or numpy.array_equal(typed, array) else array


def _natural(value: Any) -> Any:
    numpy = require("numpy", "pandas")
    if isinstance(value, list) and any(isinstance(item, bytes) for item in value):
        return as_objects(value)
    if isinstance(value, list):
        check_text_size(value)
    try:
        array = numpy.array(value)
    except ValueError as error:
        raise DataFormatError(f"the lists do not form a tensor: {error}") from error
    except OverflowError:
        return numpy.array(value, dtype="float64")
    return _with_missing(array)


def _with_missing(array: Any) -> Any:
    """Numbers with nulls among them as doubles, null as NaN."""
    numpy = require("numpy", "pandas")
    if array.dtype != object:
        return array
    kinds = set(map(type, array.ravel().tolist()))
    return (
        array.astype("float64") if kinds <= {int, float, type(None)} and kinds & {int, float} else numpy.asarray(array)
    )

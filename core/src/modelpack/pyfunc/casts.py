"""Arrays as another element type, by the same steps that columns follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modelpack.pyfunc.mismatch import Mismatch, shown
from modelpack.pyfunc.numeric import unfit_numbers
from modelpack.pyfunc.values import convert_value, is_missing
from modelpack.schema.signature import DataType

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.pyfunc.policy import Policy


def cast_array(array: Any, wanted: np.dtype[Any], policy: Policy) -> Any:
    """The array as another element type, itself when it has the type.

    Args:
        array: A NumPy array or SciPy sparse matrix; left unchanged.
        wanted: The element type of the signature.
        policy: How far to go.

    Raises:
        Mismatch: The policy does not convert it, or a value has no counterpart.
    """
    if array.dtype == wanted:
        return array
    if _differs_in_length_only(array.dtype, wanted):
        return array
    if array.size == 0 or array.dtype.newbyteorder("=") == wanted:
        return array.astype(wanted)
    if policy == "strict":
        raise Mismatch(f"it is {array.dtype}", hint="the policies 'safe' and 'lenient' convert where no value changes")
    if wanted.kind == "O":
        return array.astype(object)
    convert = _casts(array.dtype.kind, wanted.kind, policy)
    if convert is None:
        raise Mismatch(f"it is {array.dtype} such as {shown(_example(array))}")
    return convert(array, wanted, policy)


def _differs_in_length_only(dtype: np.dtype[Any], wanted: np.dtype[Any]) -> bool:
    """Whether both are text, or dates of which the signature does not say the unit."""
    return dtype.kind == wanted.kind and (wanted.kind in "USO" or wanted in _UNITLESS)


_UNITLESS = {np.dtype("datetime64"), np.dtype("timedelta64")}


def _example(array: Any) -> Any:
    value = array.flat[0] if isinstance(array, np.ndarray) else array.data.flat[0]
    return value.item() if isinstance(value, np.generic) else value


def _casts(kind: str, wanted: str, policy: Policy) -> Callable[[Any, np.dtype[Any], Policy], Any] | None:
    """How to go from one NumPy kind to another; the same steps as in `modelpack.pyfunc.policy`."""
    return _SAFE_CASTS.get((kind, wanted)) or (_LENIENT_CASTS.get((kind, wanted)) if policy == "lenient" else None)


def _number_cast(array: Any, wanted: np.dtype[Any], policy: Policy) -> Any:
    values = _elements(array)
    unfit = unfit_numbers(values, wanted, policy)
    if unfit is not None:
        raise Mismatch(f"{shown(_python(values[unfit][0]))} has no counterpart in {wanted}")
    return array.astype(wanted)


def _to_boolean(array: Any, wanted: np.dtype[Any], _policy: Policy) -> Any:
    values = _elements(array)
    other = (values != 0) & (values != 1)
    if other.any():
        raise Mismatch(f"{shown(_python(values[other][0]))} is neither true nor false")
    return array.astype(wanted)


def _from_objects(array: Any, wanted: np.dtype[Any], policy: Policy) -> Any:
    """Objects that are of one type after all, such as strings or numbers beside None."""
    items = array.ravel().tolist()
    if any(isinstance(item, (np.ndarray, list, tuple)) for item in items):
        raise Mismatch("its rows differ in shape")
    values = np.array([np.nan if is_missing(item) else item for item in items] if wanted.kind == "f" else items)
    if values.dtype.kind == wanted.kind == "U":
        return values.reshape(array.shape)
    if values.dtype.kind in "OUS":
        raise Mismatch(f"it holds objects such as {shown(_example(array))}")
    return cast_array(values.reshape(array.shape), wanted, policy)


def _parsed(array: Any, wanted: np.dtype[Any], policy: Policy) -> Any:
    try:
        return cast_array(array.astype("float64"), wanted, policy)
    except ValueError as error:
        raise Mismatch(f"it holds text: {error}") from None


def _dates(array: Any, wanted: np.dtype[Any], policy: Policy) -> Any:
    moments = [convert_value(text, DataType.DATETIME, policy) for text in array.ravel().tolist()]
    return np.array([moment.replace(tzinfo=None) for moment in moments], dtype=wanted).reshape(array.shape)


def _plain(array: Any, wanted: np.dtype[Any], _policy: Policy) -> Any:
    return array.astype(wanted)


def _elements(array: Any) -> Any:
    return array if isinstance(array, np.ndarray) else array.data


def _python(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


_SAFE_CASTS: dict[tuple[str, str], Callable[[Any, np.dtype[Any], Policy], Any]] = {
    **{(kind, wanted): _number_cast for kind in "iuf" for wanted in "iuf"},
    **{("O", wanted): _from_objects for wanted in "iufbUMc"},
    ("f", "c"): _plain,
    ("i", "c"): _plain,
    ("c", "c"): _plain,
    ("M", "M"): _plain,
    ("U", "M"): _dates,
    ("m", "m"): _plain,
}
_LENIENT_CASTS: dict[tuple[str, str], Callable[[Any, np.dtype[Any], Policy], Any]] = {
    **{("b", wanted): _plain for wanted in "iufc"},
    **{(kind, "b"): _to_boolean for kind in "iuf"},
    **{("U", wanted): _parsed for wanted in "iuf"},
    **{(kind, "U"): _plain for kind in "biufM"},
}

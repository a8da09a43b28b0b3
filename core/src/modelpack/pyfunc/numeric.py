"""Arrays of numbers as another numeric dtype, where no value changes save for the rounding of a fraction.

Columns and tensors share these rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from modelpack.pyfunc.policy import Policy

EXACT = 2**53
"""From here on, not every integer is a double."""


def unfit_numbers(values: np.ndarray[Any, Any], dtype: np.dtype[Any], policy: Policy) -> np.ndarray[Any, Any] | None:
    """Which of the numbers have no counterpart in the dtype.

    Integers need their own value, floats that are to become integers have to be whole, integers that are to become
    floats have to be exact doubles (unless the policy is lenient), and nothing may leave the range. Floats are rounded.

    Args:
        values: Numbers of any width.
        dtype: The wanted integer or float dtype.
        policy: `safe` or `lenient`.

    Returns:
        A mask of those at fault, None when there are none.
    """
    mask = _unfit_as_integers(values, dtype) if dtype.kind in "iu" else _unfit_as_floats(values, dtype, policy)
    return mask if mask is not None and mask.any() else None


def _unfit_as_integers(values: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any] | None:
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    if values.dtype.kind == "f":
        doubles = values.astype("float64", copy=False)
        return ~np.asarray((np.floor(doubles) == doubles) & (doubles >= low) & (doubles < high + 1))
    own = np.iinfo(values.dtype)
    return None if low <= own.min and own.max <= high else np.asarray((values < low) | (values > high))


def _unfit_as_floats(values: np.ndarray[Any, Any], dtype: np.dtype[Any], policy: Policy) -> np.ndarray[Any, Any] | None:
    if values.dtype.itemsize < dtype.itemsize:
        return None
    if values.dtype.kind != "f":
        return None if policy == "lenient" else _inexact_as_double(values)
    with np.errstate(over="ignore"):
        return np.asarray(np.isfinite(values) & ~np.isfinite(values.astype(dtype)))


def _inexact_as_double(integers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
    large = np.asarray((integers >= EXACT) | (integers <= -EXACT))
    if not large.any():
        return None
    large[large] = [int(number) != int(float(number)) for number in integers[large].tolist()]
    return large

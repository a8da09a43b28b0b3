"""Whether two outputs of a model say the same."""

from __future__ import annotations

import math
import sys
from typing import Any

_ALLOWED = math.sqrt(sys.float_info.epsilon)
"""How far doubles may be apart, relative to the largest in their column: sums in another order differ a little."""


def agree(left: Any, right: Any) -> bool:
    """Whether two outputs are of one type and hold the same, floating-point numbers to half of their digits."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(agree(left[name], right[name]) for name in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(agree, left, right))
    if hasattr(left, "iloc"):
        return _frames_agree(left, right)
    if hasattr(left, "dtype") and hasattr(left, "shape"):
        return _arrays_agree(left, right)
    return _floats_agree(left, right) if isinstance(left, float) else _equal(left, right)


def _frames_agree(left: Any, right: Any) -> bool:
    if not left.index.equals(right.index):
        return False
    if not hasattr(left, "columns"):
        return bool(left.dtype == right.dtype and left.name == right.name) and _columns_agree(left, right)
    if not left.columns.equals(right.columns) or list(left.dtypes) != list(right.dtypes):
        return False
    return all(_columns_agree(left.iloc[:, each], right.iloc[:, each]) for each in range(left.shape[1]))


def _columns_agree(left: Any, right: Any) -> bool:
    if isinstance(left.dtype, sys.modules["numpy"].dtype):
        return _arrays_agree(left.to_numpy(), right.to_numpy())
    return bool(left.equals(right))


def _arrays_agree(left: Any, right: Any) -> bool:
    numpy = sys.modules["numpy"]
    if left.dtype != right.dtype or left.shape != right.shape:
        return False
    if left.dtype.kind == "O":
        return agree(left.tolist(), right.tolist())
    if left.dtype.kind not in "fc":
        return bool(numpy.array_equal(left, right, equal_nan=left.dtype.kind in "mM"))
    allowed = math.sqrt(numpy.finfo(left.dtype).eps)
    sizes = numpy.where(numpy.isfinite(left), numpy.abs(left), 0).astype("float64")
    columns = numpy.maximum(sizes.max(axis=0, initial=0.0), sizes.max(initial=0.0) * allowed)
    return bool(numpy.allclose(left, right, rtol=allowed, atol=allowed * columns, equal_nan=True))


def _floats_agree(left: float, right: float) -> bool:
    return math.isclose(left, right, rel_tol=_ALLOWED) or (math.isnan(left) and math.isnan(right))


def _equal(left: Any, right: Any) -> bool:
    try:
        return left is right or bool(left == right)
    except (TypeError, ValueError):
        return False

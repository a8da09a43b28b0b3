"""Data for a model without a signature: left alone, but for tables that are not DataFrames yet."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


def as_given(data: Any) -> Any:
    """Records, columns and Arrow tables as a DataFrame, the input of every generic view (S24); the rest as it is.

    Arrays, sparse matrices, strings and lists that are not of records pass, and so do mappings that hold arrays of
    more than one axis: those are tensors.
    """
    if type(data).__module__.startswith(("pandas", "numpy", "scipy")):
        return data
    if isinstance(data, Mapping) and data and not any(getattr(value, "ndim", 0) > 1 for value in data.values()):
        return _frame_of_columns(data)
    if isinstance(data, list) and data and all(isinstance(row, Mapping) for row in data):
        return _pandas().DataFrame(data)
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        from modelpack.pyfunc.tabular import arrow_to_frame

        return arrow_to_frame(data)
    return data


def _frame_of_columns(data: Mapping[Any, Any]) -> Any:
    if any(isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) == 1 for value in data.values()):
        return _pandas().DataFrame(dict(data))
    return _pandas().DataFrame([dict(data)])


def _pandas() -> Any:
    from modelpack.data.libraries import require

    return sys.modules.get("pandas") or require("pandas", "pandas")

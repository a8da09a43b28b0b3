"""The same data in other places of memory."""

from __future__ import annotations

from typing import Any


def is_frame(data: Any) -> bool:
    """Whether it is a DataFrame."""
    return hasattr(data, "columns")


def read_only(data: Any) -> Any:
    """A copy that cannot be written to."""
    return _each_array(data, _locked)


def sideways(data: Any) -> Any:
    """A copy whose columns lie one behind the other; those of a frame each on its own."""
    import numpy as np

    return _each_array(data, np.array if is_frame(data) else np.asfortranarray)


def in_steps(data: Any) -> Any:
    """A view that takes every second row of its memory."""
    if is_frame(data):
        return data.loc[data.index.repeat(2)].iloc[::2]
    return _each_array(data, lambda array: array.repeat(2, axis=0)[::2])


def same_data(first: Any, second: Any) -> bool:
    """Whether data is the same, with its types."""
    import numpy as np

    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same_data(first[key], second[key]) for key in first)
    if hasattr(first, "equals"):
        return bool(first.equals(second))
    return bool(first.dtype == second.dtype and np.array_equal(first, second))


def _changed_column(column: Any, change: Any) -> Any:
    """The column's array changed; the column itself where pandas keeps it in another way."""
    import numpy as np

    return change(column.to_numpy()) if isinstance(column.dtype, np.dtype) else column


def _locked(array: Any) -> Any:
    locked = array.copy()
    locked.setflags(write=False)
    return locked


def _each_array(data: Any, change: Any) -> Any:
    """The data with each of its arrays changed; those of a frame are its columns."""
    if isinstance(data, dict):
        return {name: _each_array(value, change) for name, value in data.items()}
    if not is_frame(data):
        return change(data)
    import pandas as pd

    columns = {place: _changed_column(data.iloc[:, place], change) for place in range(data.shape[1])}
    frame = pd.DataFrame(columns, index=data.index, copy=False)
    frame.columns = data.columns
    frame.attrs = data.attrs
    return frame

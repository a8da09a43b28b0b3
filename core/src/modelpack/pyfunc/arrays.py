"""Enforcement for models that take a table of one number type as an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable


_SHARES = int(pd.__version__.partition(".")[0]) >= 3  # noqa: PLR2004 - the release that shares frames read-only
_SMALL = 100
"""How many rows a frame may have that is worth a copy, where its columns are several arrays."""


class ArraysEnforcer:
    """Lets an array pass that is just what the signature says, and has the rest enforced as a table.

    A small frame that is one array inside becomes that: for a model that is quick, looking at a frame takes longer than
    predicting.
    """

    __slots__ = ("_dtype", "_one_array", "_tables", "_width")

    def __init__(self, dtype: str, width: int, tables: Callable[[Any], Any]) -> None:
        """Compile a schema of so many columns of one dtype.

        Args:
            dtype: NumPy's name of it.
            width: The number of columns.
            tables: The enforcement of whatever else comes.
        """
        self._dtype = np.dtype(dtype)
        self._width = width
        self._tables = tables
        self._one_array = _SHARES and width > 1

    def __call__(self, data: Any) -> Any:
        """The array itself, or the frame that is made of other data; its one array where it is small.

        Raises:
            SchemaError: The data does not fit.
        """
        if type(data) is np.ndarray and data.dtype == self._dtype and data.shape[1:] == (self._width,):
            return data
        frame = self._tables(data)
        return self._array(frame) if self._one_array and len(frame) <= _SMALL else frame

    def _array(self, frame: Any) -> Any:
        """The array that a frame shares, which is read-only since pandas 3; the frame where it has to be copied.

        What is shared has the dtype of every column; see `ColumnsEnforcer`.
        """
        values = frame.to_numpy()
        return values if values.dtype == self._dtype and not values.flags.writeable else frame

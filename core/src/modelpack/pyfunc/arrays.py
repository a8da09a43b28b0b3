"""Enforcement for models that take a table of one number type as an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable


class ArraysEnforcer:
    """Lets an array pass that is just what the signature says, and has the rest enforced as a table."""

    __slots__ = ("_dtype", "_tables", "_width")

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

    def __call__(self, data: Any) -> Any:
        """The array itself, or the frame that is made of other data.

        Raises:
            SchemaError: The data does not fit.
        """
        if type(data) is np.ndarray and data.dtype == self._dtype and data.shape[1:] == (self._width,):
            return data
        return self._tables(data)

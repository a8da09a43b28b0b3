"""Tables of one number type, as the one array that they are.

The numbers of a row are packed by `struct`, which is two to three times as fast as `numpy.array` on nested lists, and
which refuses by itself what is no number, too large, or in a row of another length. Booleans alone pass it.
"""

from __future__ import annotations

import struct
from itertools import chain, compress
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from modelpack.data.columns import narrowed
from modelpack.data.libraries import require
from modelpack.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_FORMATS = {"float64": "{}d", "float32": "={}f", "int64": "{}q", "int32": "{}i"}
"""The standard size of a float is written with a check of its range, the native one without."""
_NUMBERS = {float, int, type(None)}
_FEW = 100
_REFUSED = (struct.error, OverflowError, TypeError)


class ArrayMaker:
    """Makes arrays with the columns of one signature, in its order.

    What does not fit is answered with None, for whoever reads it column by column and knows what to say of it.
    """

    def __init__(self, names: list[Any], dtype: str) -> None:
        """Prepare for a signature.

        Args:
            names: The columns' names.
            dtype: NumPy's name of the type that they share.
        """
        self._names = names
        self._width = len(names)
        self._dtype = require("numpy", "pandas").dtype(dtype)
        self._array = require("numpy", "pandas").ndarray
        self._pack = struct.Struct(_FORMATS[dtype].format(self._width)).pack
        self._pick = _picker(names)

    def from_rows(self, rows: Sequence[Sequence[Any]], names: list[Any], *, booleans: bool) -> Any:
        """Rows of numbers as an array of two axes.

        Args:
            rows: One list of values for each row.
            names: The names of the values; they may stand in another order than the signature's.
            booleans: Whether there may be any among the values.

        Returns:
            The array, in C's order and writable; None where the rows are anything else.
        """
        if not rows or (names is not self._names and names != self._names and set(names) != set(self._names)):
            return None
        array = self._packed(rows, booleans=booleans)
        return None if array is None else self._in_order(array, names)

    def from_buffer(self, read: Callable[..., Any], rows: int, names: list[Any]) -> Any:
        """Numbers that another library holds, as an array of two axes.

        Args:
            read: Answers a buffer of all the numbers one after another, given `of_type="d"` of doubles, and given
                `of_type="i"` of integers of 64 bits. It raises an error when one of them is none.
            rows: How many rows there are.
            names: The names of the values of a row; they may stand in another order than the signature's.

        Returns:
            The array, in C's order and writable; None where the numbers do not fit.
        """
        if not rows or set(names) != set(self._names):
            return None
        numpy = require("numpy", "pandas")
        wide, code = ("float64", "d") if self._dtype.kind == "f" else ("int64", "i")
        array = self._narrowed(numpy.frombuffer(read(of_type=code), dtype=wide))
        if array is None or array.size != rows * self._width:
            return None
        return self._in_order(array.reshape(rows, self._width), names)

    def _in_order(self, array: Any, names: list[Any]) -> Any:
        """An array whose columns have these names, with its columns in the signature's order."""
        return array if names == self._names else array.take([names.index(name) for name in self._names], axis=1)

    def _narrowed(self, numbers: Any) -> Any:
        """Numbers of 64 bits as the signature's type; None where it cannot hold one of them."""
        if numbers.dtype == self._dtype:
            return numbers
        if self._dtype.kind == "i":
            narrow = numbers.astype(self._dtype)
            return narrow if (narrow == numbers).all() else None
        try:
            return narrowed(numbers, self._names)
        except SchemaError:
            return None

    def from_records(self, records: Sequence[Mapping[Any, Any]], *, booleans: bool) -> Any:
        """Objects that have just the signature's names, as an array; None where they are anything else."""
        try:
            if set(map(len, records)) != {self._width}:
                return None
            rows = list(map(self._pick, records))
        except (KeyError, TypeError):
            return None
        return self._packed(rows, booleans=booleans)

    def _packed(self, rows: Sequence[Sequence[Any]], *, booleans: bool) -> Any:
        pack = self._pack
        try:
            buffer = bytearray().join([pack(*row) for row in rows])
        except _REFUSED:
            return self._with_missing(rows)
        array = self._array((len(rows), self._width), self._dtype, buffer)
        return None if booleans and _has_booleans(rows, array) else array

    def _with_missing(self, rows: Sequence[Any]) -> Any:
        """Floats with nulls among them, which are NaN."""
        try:
            sizes, kinds = set(map(len, rows)), set(map(type, chain.from_iterable(rows)))
        except TypeError:
            return None
        if self._dtype.kind != "f" or sizes != {self._width} or not kinds <= _NUMBERS:
            return None
        return self._narrowed(require("numpy", "pandas").array(rows, dtype="float64"))


def _has_booleans(rows: Sequence[Sequence[Any]], array: Any) -> bool:
    """Whether a zero or one of the array was a boolean in its row."""
    if array.size > _FEW:
        rows = list(compress(rows, ((array == 0) | (array == 1)).any(axis=1).tolist()))
    return any(bool in set(map(type, row)) for row in rows)


def _picker(names: list[Any]) -> Callable[[Any], Any]:
    """What picks the values of these names from an object, as a tuple."""
    pick: Callable[[Any], Any] = itemgetter(*names)
    return pick if len(names) > 1 else lambda record: (pick(record),)

"""Vectors of which most elements are zero: those of words, which can be a quarter of a million wide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Array: TypeAlias = Any
"""An array of NumPy's, which knows of no shapes in its types."""

Vectors: TypeAlias = Any
"""An array of two dimensions, or `SparseRows`: one vector a row."""


@dataclass(frozen=True, slots=True, eq=False)
class SparseRows:
    """Elements that are not zero, row after row.

    Attributes:
        rows: How many rows there are.
        width: How many columns.
        row: The row of each element, ascending.
        column: The column of each element, no column twice in a row.
        values: The elements.
    """

    rows: int
    width: int
    row: Array
    column: Array
    values: Array

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, as an array has it."""
        return self.rows, self.width

    def replaced(self, values: Array) -> SparseRows:
        """Other values in the same places."""
        return SparseRows(self.rows, self.width, self.row, self.column, values)

    def scaled(self, factors: Array) -> SparseRows:
        """Each column times its factor."""
        return self.replaced(self.values * factors[self.column])

    def dense(self) -> Array:
        """Every element."""
        import numpy as np

        array = np.zeros((self.rows, self.width))
        array[self.row, self.column] = self.values
        return array

    def dot(self, matrix: Array) -> Array:
        """The product with a matrix of as many rows as there are columns."""
        import numpy as np

        result = np.zeros((self.rows, matrix.shape[1]))
        np.add.at(result, self.row, self.values[:, None] * matrix[self.column])
        return result

    def columns(self, chosen: Array) -> Array:
        """Some columns, each once, with every element."""
        import numpy as np

        places = np.full(self.width, -1)
        places[chosen] = np.arange(len(chosen))
        place = places[self.column]
        there = place >= 0
        array = np.zeros((self.rows, len(chosen)))
        array[self.row[there], place[there]] = self.values[there]
        return array

    def kept(self, rows: Array) -> SparseRows:
        """Those rows for which a mask is true."""
        import numpy as np

        there = rows[self.row]
        numbers = np.cumsum(rows) - 1
        return SparseRows(int(rows.sum()), self.width, numbers[self.row[there]], self.column[there], self.values[there])


def dense(vectors: Vectors) -> Array:
    """The vectors as an array."""
    return vectors.dense() if isinstance(vectors, SparseRows) else vectors


def dot(vectors: Vectors, matrix: Array) -> Array:
    """The product of vectors with a matrix."""
    return vectors.dot(matrix) if isinstance(vectors, SparseRows) else vectors @ matrix


def columns(vectors: Vectors, chosen: Array) -> Array:
    """Some of the elements of each vector; chosen may hold one more than once."""
    import numpy as np

    if not isinstance(vectors, SparseRows):
        return vectors[:, chosen]
    unique, back = np.unique(chosen, return_inverse=True)
    return vectors.columns(unique)[:, back]


def beside(parts: Sequence[Vectors]) -> Vectors:
    """The vectors of several columns, one after the other; sparse when one of them is."""
    import numpy as np

    if not any(isinstance(part, SparseRows) for part in parts):
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    starts = np.cumsum([0, *(part.shape[1] for part in parts)])
    elements = [_elements(part) for part in parts]
    row = np.concatenate([each[0] for each in elements])
    column = np.concatenate([each[1] + start for each, start in zip(elements, starts, strict=False)])
    values = np.concatenate([each[2] for each in elements])
    order = np.argsort(row, kind="stable")
    return SparseRows(parts[0].shape[0], int(starts[-1]), row[order], column[order], values[order])


def _elements(part: Vectors) -> tuple[Array, Array, Array]:
    import numpy as np

    if isinstance(part, SparseRows):
        return part.row, part.column, part.values
    row, column = np.nonzero(part)
    return row, column, part[row, column]

"""The table that the steps of a bundle read from and write to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import SchemaError
from modelpack_flavor_mleap.sparse import SparseRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from modelpack_flavor_mleap.sparse import Array, Vectors


class Columns:
    """Columns by name, each read in the form that a step needs.

    Attributes:
        rows: How many rows there are.
        places: Where each row stood in what came in; None while all are there.
    """

    def __init__(self, rows: int, values: Mapping[str, Any]) -> None:
        """Take the columns: arrays, with one element for each row, or vectors."""
        self.rows = rows
        self.places: Array | None = None
        self._values = dict(values)

    @classmethod
    def of_frame(cls, frame: Any, names: Iterable[str]) -> Columns:
        """Those columns of a DataFrame that are needed and there."""
        return cls(len(frame), {name: _values(frame[name]) for name in names if name in frame.columns})

    @classmethod
    def of_array(cls, array: Any, names: Iterable[str]) -> Columns:
        """The columns of a two-dimensional array, by the names in its order."""
        return cls(len(array), {name: array[:, place] for place, name in enumerate(names)})

    def __contains__(self, name: str) -> bool:
        """Whether the column is there."""
        return name in self._values

    def __setitem__(self, name: str, values: Any) -> None:
        """Write a column."""
        self._values[name] = values

    def __getitem__(self, name: str) -> Any:
        """A column as it is.

        Raises:
            SchemaError: It is not there.
        """
        try:
            return self._values[name]
        except KeyError as error:
            raise SchemaError(f"the column {name!r} is missing") from error

    def numbers(self, name: str) -> Array:
        """A column of numbers; what is missing is NaN.

        Raises:
            SchemaError: It holds something else.
        """
        import numpy as np

        values = self[name]
        if isinstance(values, SparseRows):
            values = values.dense()
        if values.dtype == object:
            values = _numbers(values, name)
        if values.ndim == 2 and values.shape[1] == 1:  # noqa: PLR2004 - vectors of one element
            values = values[:, 0]
        if values.ndim != 1 or values.dtype.kind not in "fiub":
            raise SchemaError(f"the column {name!r} holds {_kind(values)}, where the model takes numbers")
        return values.astype(np.float64, copy=False)

    def vectors(self, name: str, width: int | None = None) -> Vectors:
        """A column of vectors; numbers are vectors of one element.

        Raises:
            SchemaError: It holds something else, or vectors of another width.
        """
        import numpy as np

        values = self[name]
        if not isinstance(values, SparseRows):
            if values.dtype == object and len(values) and np.ndim(values[0]):
                values = _stacked(values, name)
            elif values.ndim == 1:
                values = self.numbers(name)[:, None]
            values = values.astype(np.float64, copy=False)
        if width is not None and values.shape[1] != width:
            if not self.rows:
                return np.zeros((0, width))
            raise SchemaError(f"the column {name!r} holds vectors of {values.shape[1]}, where the model takes {width}")
        return values

    def objects(self, name: str) -> list[Any]:
        """A column of texts or of lists, None where there is none."""
        values = self[name]
        if isinstance(values, SparseRows) or values.ndim != 1:
            raise SchemaError(f"the column {name!r} holds {_kind(values)}, where the model takes texts")
        return list(values)

    def texts(self, name: str) -> list[str]:
        """A column of texts.

        Raises:
            SchemaError: A row has none.
        """
        return self._each(name, lambda value: isinstance(value, str), "a text")

    def tokens(self, name: str) -> list[list[str]]:
        """A column of lists of words.

        Raises:
            SchemaError: A row has none.
        """
        return self._each(name, _is_words, "a list of words")

    def keep(self, mask: Array) -> None:
        """Drop the rows for which a mask is false."""
        import numpy as np

        if mask.all():
            return
        places = np.arange(self.rows) if self.places is None else self.places
        self.places = places[mask]
        self.rows = len(self.places)
        self._values = {
            name: values.kept(mask) if isinstance(values, SparseRows) else values[mask]
            for name, values in self._values.items()
        }

    def _each(self, name: str, fits: Callable[[Any], bool], what: str) -> list[Any]:
        values = [value.tolist() if hasattr(value, "tolist") else value for value in self.objects(name)]
        for value in values:
            if not fits(value):
                raise SchemaError(f"the column {name!r} holds {value!r:.40}, where the model takes {what}")
        return values


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _values(series: Any) -> Any:
    """A column of a frame: numbers as they are, everything else as objects, None where there is none."""
    import numpy as np

    if series.ndim != 1:
        raise SchemaError(f"the column {series.columns[0]!r} is there more than once")
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "fiub":
        return series.to_numpy()
    return series.to_numpy(dtype=object, na_value=None)


def _numbers(values: Any, name: str) -> Any:
    import numpy as np

    try:
        if any(isinstance(value, str) for value in values):
            raise ValueError  # noqa: TRY301 - '1' is no number here, whatever float() says
        return np.array([np.nan if value is None else float(value) for value in values])
    except (TypeError, ValueError) as error:
        raise SchemaError(f"the column {name!r} holds {_kind(values)}, where the model takes numbers") from error


def _stacked(values: Any, name: str) -> Any:
    import numpy as np

    try:
        stacked = np.array([np.asarray(value, dtype=float) for value in values])
    except (TypeError, ValueError) as error:
        raise SchemaError(f"the column {name!r} does not hold vectors of one width") from error
    if stacked.ndim != 2:  # noqa: PLR2004 - rows and elements
        raise SchemaError(f"the column {name!r} holds {stacked.ndim - 1}-dimensional tensors, not vectors")
    return stacked


def _kind(values: Any) -> str:
    if isinstance(values, SparseRows) or values.ndim > 1:
        return "vectors"
    sample = next((value for value in values.tolist() if value is not None), None)
    return f"{sample!r:.40}"

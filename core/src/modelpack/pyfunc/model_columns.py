"""The columns that a model was fitted to, for libraries that do not look at their names themselves."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from modelpack.errors import SchemaError
from modelpack.pyfunc.mismatch import listed, missing_and_unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class ModelColumns:
    """Puts the columns of a frame in the order of a model, or says which are missing; counts those of an array.

    For a model that knows names but predicts by position. Instances may be shared by threads.

    Example:
        ```python
        columns = ModelColumns(["age", "height"], 2)
        columns.fitting(frame[["height", "age"]])  # age, height
        ```
    """

    def __init__(self, names: Sequence[str] | None, count: int, *, named: Callable[[Any], str] = str) -> None:
        """Take what the model knows.

        Args:
            names: The names of the columns; None when the model was fitted to nameless ones.
            count: How many there are.
            named: What the library calls a column of a frame, by its label.
        """
        self._names = None if names is None else list(names)
        self._count = count
        self._named = named

    def fitting(self, data: Any) -> Any:
        """The frame, array or sparse matrix that the model takes; itself when it fits as it is.

        Raises:
            SchemaError: Columns are missing, unexpected, there twice, or of another number than the model has.
        """
        if self._names is None or not hasattr(data, "columns"):
            self._check_shape(data)
            return data
        labels = data.columns.tolist()
        if labels == self._names:
            return data
        return self._in_order(data, [self._named(label) for label in labels], self._names)

    def _in_order(self, frame: Any, found: list[str], names: list[str]) -> Any:
        if found == names:
            return frame
        missing = [name for name in names if name not in found]
        unexpected = [name for name in found if name not in names]
        if missing or unexpected:
            raise missing_and_unexpected("columns", missing, unexpected)
        twice = [name for name, times in Counter(found).items() if times > 1]
        if twice:
            raise SchemaError(f"columns that are there more than once: {listed(twice)}")
        places = {name: place for place, name in enumerate(found)}
        return frame.iloc[:, [places[name] for name in names]]

    def _check_shape(self, data: Any) -> None:
        shape = getattr(data, "shape", None)
        if shape is None:
            raise SchemaError(f"the model takes a table of {self._columns()}, not a {type(data).__name__}")
        if len(shape) != 2 or shape[1] != self._count:  # noqa: PLR2004 - rows and columns
            hint = "for one row, give a table that holds it" if shape == (self._count,) else None
            raise SchemaError(f"the model takes a table of {self._columns()}, not one of shape {shape}", hint=hint)

    def _columns(self) -> str:
        return f"{self._count} column" + "s" * (self._count != 1)

"""The generic Python view of a MOJO."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack_flavor_h2o.answers import framed
from modelpack_flavor_h2o.columns import Column, chosen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelpack_flavor_h2o.mojo import Mojo


class MojoPredictor:
    """Answers what H2O's `predict` answers, as a DataFrame with the input's index (S86), without H2O."""

    def __init__(self, mojo: Mojo) -> None:
        """Predict with a MOJO."""
        self._mojo = mojo
        self._columns = [*mojo.columns, *([] if mojo.offset is None else [Column(mojo.offset)])]
        self._names = [column.name for column in self._columns]

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002 - it has none
        """Score one batch."""
        rows = self._matrix(data)
        index = data.index if hasattr(data, "columns") else None
        return framed(self._mojo.outputs, self._scores(rows), index)

    def _matrix(self, data: Any) -> Any:
        import numpy as np

        frame = chosen(data, self._names)
        series = (column.numbers(frame.iloc[:, place]) for place, column in enumerate(self._columns))
        return np.column_stack(list(series))

    def _scores(self, rows: Any) -> Any:
        import numpy as np

        if not len(rows):
            return np.empty((0, len(self._mojo.outputs)))
        if self._mojo.offset is None:
            return self._mojo.score(rows)
        return self._mojo.score(rows[:, :-1], rows[:, -1])

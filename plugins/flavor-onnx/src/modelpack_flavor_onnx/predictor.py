"""The generic Python view of a graph: a session, with its inputs made of what comes, its outputs named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack_flavor_onnx.answers import as_arrays, as_frame, joined
from modelpack_flavor_onnx.inputs import GraphInputs

if TYPE_CHECKING:
    from collections.abc import Mapping


class OnnxPredictor:
    """Runs a session; several threads may.

    DataFrames are answered with a DataFrame under their index, arrays and mappings with a dict of arrays, as MLflow
    answers them. So a table does not come as an array: the answer would be another.
    """

    def __init__(self, session: Any) -> None:
        """Describe the session's inputs and outputs once."""
        self._run = session.run
        self._inputs = GraphInputs(session.get_inputs())
        self._outputs = [output.name for output in session.get_outputs()]

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002 - graphs take none
        """Score one batch."""
        feeds = self._inputs(data)
        outputs = self._in_turn(feeds) if self._inputs.are_single else self._run(self._outputs, feeds)
        if hasattr(data, "columns"):
            return as_frame(self._outputs, outputs, data.index)
        return as_arrays(self._outputs, outputs)

    def _in_turn(self, feeds: dict[str, Any]) -> list[Any]:
        """Run row by row a graph that was exported for a batch of one."""
        rows = max(map(len, feeds.values()))
        if rows <= 1:
            return list(self._run(self._outputs, feeds))
        parts = ({name: array[row : row + 1] for name, array in feeds.items()} for row in range(rows))
        return joined([self._run(self._outputs, part) for part in parts])

"""The generic Python view of a Keras model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import SchemaError
from modelpack_flavor_keras.backends import caller
from modelpack_flavor_keras.inputs import inputs_of, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_ROWS = 4096
_FEWEST_ROWS = 32
_ELEMENTS = 1 << 20


class KerasPredictor:
    """Computes the outputs of a model in evaluation mode.

    A frame is answered with a DataFrame that has its index (S73), an array with an array, and a model of several
    outputs with a dict by their names. Rows are taken in pieces, so that memory stays bounded; on JAX, which compiles
    for each number of rows, in pieces of 1, 2, 4, 8, … rows.
    """

    def __init__(self, model: Any, backend: str) -> None:
        """Predict with a model on the backend that runs."""
        self._model = model
        self._call = caller(model, backend)
        self._inputs = inputs_of(model)
        self._cuts_in_powers = backend == "jax"

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002 - it has none
        """Score one batch."""
        taken = plain(data) if self._inputs is None else self._inputs(data)
        named = self._named(self._computed(taken))
        return _framed(named, data) if hasattr(data, "columns") else named

    def _computed(self, taken: Any) -> Any:
        import keras
        import numpy as np

        leaves = [_owned(leaf) for leaf in keras.tree.flatten(taken)]
        parts = []
        for start, stop in self._pieces(leaves):
            piece = keras.tree.pack_sequence_as(taken, [leaf[start:stop] for leaf in leaves])
            parts.append(keras.tree.map_structure(_common, self._call(piece)))
        if len(parts) == 1:
            return parts[0]
        return keras.tree.map_structure(lambda *arrays: np.concatenate(arrays), *parts)

    def _pieces(self, leaves: list[Any]) -> Iterator[tuple[int, int]]:
        rows = len(leaves[0])
        if any(len(leaf) != rows for leaf in leaves):
            counts = ", ".join(str(len(leaf)) for leaf in leaves)
            raise SchemaError(f"the inputs have different numbers of rows: {counts}")
        if rows == 0 or (self._inputs is not None and self._inputs.has_fixed_rows):
            yield 0, rows
            return
        largest, start = _rows_of_a_piece(leaves), 0
        while start < rows:
            count = min(largest, rows - start)
            if self._cuts_in_powers:
                count = 1 << (count.bit_length() - 1)
            yield start, start + count
            start += count

    def _named(self, outputs: Any) -> Any:
        """One array, or a dict of arrays by the names of the outputs."""
        if isinstance(outputs, dict):
            return outputs if len(outputs) > 1 else next(iter(outputs.values()))
        if not isinstance(outputs, (list, tuple)):
            return outputs
        if len(outputs) == 1:
            return outputs[0]
        names = list(getattr(self._model, "output_names", None) or ())
        if len(set(names)) != len(outputs):
            names = [str(place) for place in range(len(outputs))]
        return dict(zip(names, outputs, strict=True))


def _rows_of_a_piece(leaves: list[Any]) -> int:
    """As many rows as are worth one call, fewer where a row is large."""
    elements = max(1, sum(int(leaf[:1].size) for leaf in leaves))
    fitting = 1 << (max(1, _ELEMENTS // elements).bit_length() - 1)
    return min(_MOST_ROWS, max(_FEWEST_ROWS, fitting))


def _owned(leaf: Any) -> Any:
    """An array that PyTorch takes in silence: contiguous and writable, copied only where it is not."""
    import numpy as np

    return np.require(leaf, requirements=("C", "W"))


def _common(array: Any) -> Any:
    """The array in an element type that NumPy itself has."""
    return array.astype("float32") if array.dtype.name == "bfloat16" else array


def _framed(answer: Any, frame: Any) -> Any:
    """A table of one output under the index of the frame; anything else as it is."""
    import pandas as pd

    is_table = not isinstance(answer, dict) and answer.ndim in {1, 2} and len(answer) == len(frame)
    return pd.DataFrame(answer, index=frame.index) if is_table else answer

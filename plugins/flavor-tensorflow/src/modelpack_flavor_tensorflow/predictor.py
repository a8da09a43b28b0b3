"""The generic Python view of a SavedModel: one of its signatures, or the call of the object itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modelpack.errors import InvalidArgumentError
from modelpack_flavor_tensorflow.feeding import Feed
from modelpack_flavor_tensorflow.library import tensorflow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class View:
    """A function of a restored object, and what it takes and answers.

    Attributes:
        function: What is called.
        takes: Its arguments as `(positional, named)`, a TensorSpec where a tensor belongs.
        answers: The structure of what it answers, with a TensorSpec for each tensor.
    """

    function: Callable[..., Any]
    takes: Any
    answers: Any

    def of_one_output(self) -> View:
        """The same without the name of the only output, if there is but one."""
        if not isinstance(self.answers, dict) or len(self.answers) != 1:
            return self
        (name,) = self.answers
        return View(lambda *tensors, **named: self.function(*tensors, **named)[name], self.takes, self.answers[name])


def view_of(model: Any, key: str | None) -> View:
    """The signature with this key; without one the call of the object.

    Raises:
        InvalidArgumentError: The object cannot be called with tensors.
    """
    if key is not None:
        function = model.signatures[key]
        return View(function, function.structured_input_signature, function.structured_outputs)
    if not is_callable(model):
        raise InvalidArgumentError("the model has no signature and cannot be called, so nothing can be predicted")
    widest = min(model.__call__.concrete_functions, key=_fixed_extents)
    takes = widest.structured_input_signature
    # TensorFlow looks for the fitting function at each call of the object; one that takes tensors alone is it
    return View(widest if _is_flat(takes) else model, takes, widest.structured_outputs)


def is_callable(model: Any) -> bool:
    """Whether a restored object can be called with tensors."""
    return bool(getattr(getattr(model, "__call__", None), "concrete_functions", ()))  # noqa: B004 - its functions count


def _is_flat(takes: Any) -> bool:
    """Whether there are tensors by position, and nothing else."""
    return not takes[1] and len(_specs(takes)) == len(takes[0]) == sum(hasattr(spec, "shape") for spec in takes[0])


def _fixed_extents(function: Any) -> int:
    """How much a function asks of its inputs' shapes."""
    specs = _specs(function.structured_input_signature)
    return sum(extent is not None for _, spec in specs if spec.shape.rank for extent in spec.shape)


def _specs(structure: Any, name: str = "") -> list[tuple[str, Any]]:
    """The tensors in a structure with their names, in TensorFlow's order; a key in a mapping is a name."""
    if isinstance(structure, dict):
        return [each for key in sorted(structure) for each in _specs(structure[key], str(key))]
    if isinstance(structure, (list, tuple)):
        return [each for part in structure for each in _specs(part)]
    return [(name or structure.name, structure)] if isinstance(structure, tensorflow().TensorSpec) else []


class TensorflowPredictor:
    """Feeds a function with columns or arrays, and answers with arrays or a frame (S80).

    Attributes:
        takes_arrays: Whether an array may come in place of a DataFrame: for a function of one matrix.
    """

    def __init__(self, view: View, model: Any) -> None:
        """Compile the specs of a function, and keep the object alive whose variables it uses."""
        self._model = model
        self._nest = tensorflow().nest
        self._view = view
        self._is_flat = _is_flat(view.takes)
        self._feed = Feed(_specs(view.takes))
        self.takes_arrays = self._feed.is_matrix and hasattr(view.answers, "dtype")

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002 - graphs have none
        """Score one batch.

        Returns:
            An array where the function answers one tensor without a name. Otherwise, for a DataFrame, a DataFrame with
            a column for each output (of lists where an output has more than one value a row); for arrays a dict.
        """
        arrays = self._feed(data)
        rows = len(arrays[0]) if arrays and np.ndim(arrays[0]) else 1
        answer = self._called(self._feed.tensors(arrays))
        if hasattr(answer, "dtype"):
            return _as_array(answer, rows)
        found = {name: _as_array(tensor, rows) for name, tensor in _named(answer)}
        if hasattr(data, "columns") and all(len(array) == rows for array in found.values()):
            return _as_frame(found, data.index)
        return found

    def _called(self, tensors: list[Any]) -> Any:
        if self._is_flat:
            return self._view.function(*tensors)
        takes, waiting = self._view.takes, iter(tensors)
        filled = [next(waiting) if hasattr(leaf, "shape") else leaf for leaf in self._nest.flatten(takes)]
        positional, named = self._nest.pack_sequence_as(takes, filled)
        return self._view.function(*positional, **named)


def _named(answer: Any) -> list[tuple[str, Any]]:
    """The outputs with their names, sorted since a SavedModel keeps no order; or with their positions."""
    pairs = sorted(answer.items()) if isinstance(answer, dict) else enumerate(answer)
    return [(str(name), tensor) for name, tensor in pairs]


def _as_array(tensor: Any, rows: int) -> Any:
    """One output as an array; one value for the batch is repeated for each row."""
    if not hasattr(tensor, "dtype"):
        raise InvalidArgumentError(
            f"the model answers a {type(tensor).__qualname__} among its outputs",
            hint="save it with a signature that answers tensors by name",
        )
    tf = tensorflow()
    array = np.asarray((tf.sparse.to_dense(tensor) if isinstance(tensor, tf.SparseTensor) else tensor).numpy())
    if array.dtype == tf.bfloat16.as_numpy_dtype:
        array = array.astype("float32")
    return _as_text(np.full(rows, array) if array.ndim == 0 else array)


def _as_text(array: Any) -> Any:
    """TensorFlow's strings are bytes; as text, unless some of them are none."""
    if array.dtype.kind not in "OS":
        return array
    try:
        texts = [value.decode("utf-8") if isinstance(value, bytes) else value for value in array.ravel().tolist()]
    except UnicodeDecodeError:
        return array
    decoded = np.empty(array.size, dtype="object")
    decoded[:] = texts
    return decoded.reshape(array.shape)


def _as_frame(outputs: dict[str, Any], index: Any) -> Any:
    import pandas as pd

    columns = {name: array.ravel() if array.size == len(array) else array.tolist() for name, array in outputs.items()}
    return pd.DataFrame(columns, index=index)

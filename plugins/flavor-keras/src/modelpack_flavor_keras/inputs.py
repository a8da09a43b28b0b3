"""Frames, mappings and arrays as the arrays that a model's inputs want."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelpack.schema.signature import Tensor, TensorSchema

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NUMPY_NAMES = {"string": "str", "bfloat16": "float32"}


class Inputs:
    """What a model takes, by its own description.

    A frame's columns are the features of a single input, in their order. With several inputs, the column with the
    name of an input, or the columns `name_0`, `name_1`, … (also `name.0` and `name[0]`), are its features; of columns
    with two levels, the first is the input.
    """

    def __init__(self, tensors: Sequence[Tensor], arrange: Callable[[list[Any]], Any]) -> None:
        """Take these tensors, in this order, and hand them over as `arrange` puts them."""
        from modelpack.pyfunc.tensors import TensorsEnforcer

        self._tensors = {str(tensor.name): tensor for tensor in tensors}
        self._arrange = arrange
        named = tensors if len(tensors) > 1 else [Tensor(tensors[0].dtype, tensors[0].shape)]
        self._enforce = TensorsEnforcer(TensorSchema(tuple(named)), "safe")

    @property
    def has_fixed_rows(self) -> bool:
        """Whether the model takes one number of rows only."""
        return any(tensor.shape[0] != -1 for tensor in self._tensors.values())

    def __call__(self, data: Any) -> Any:
        """The arrays, arranged as the model takes them.

        Raises:
            SchemaError: They do not fit; it names what is missing, or what was expected and what came.
        """
        if len(self._tensors) == 1:
            (tensor,) = self._tensors.values()
            return self._arrange([self._enforce(_shaped(self._only(data), tensor))])
        found = self._by_name(data)
        found = {name: _shaped(found[name], tensor) for name, tensor in self._tensors.items() if name in found}
        return self._arrange(list(self._enforce(found).values()))

    def _only(self, data: Any) -> Any:
        if isinstance(data, Mapping) and len(data) == 1:
            return next(iter(data.values()))
        is_frame = hasattr(data, "columns")
        return _stacked(data) if is_frame else data

    def _by_name(self, data: Any) -> Mapping[Any, Any]:
        if hasattr(data, "columns"):
            return {name: values for name in self._tensors if (values := self._of_frame(data, name)) is not None}
        if isinstance(data, (list, tuple)) and len(data) == len(self._tensors):
            return dict(zip(self._tensors, data, strict=True))
        return data if isinstance(data, Mapping) else {"the data": data}

    def _of_frame(self, frame: Any, name: str) -> Any:
        if name in frame.columns:
            column = frame[name]
            return _stacked(column if column.ndim > 1 else column.to_frame())
        numbered = re.compile(re.escape(name) + r"(?:[._](\d+)|\[(\d+)\])")
        matches = ((column, numbered.fullmatch(str(column))) for column in frame.columns if column not in self._tensors)
        places = {int(match[1] or match[2]): column for column, match in matches if match is not None}
        return _stacked(frame[[places[place] for place in sorted(places)]]) if places else None


def inputs_of(model: Any) -> Inputs | None:
    """What a model takes; None for one that does not say, such as a subclass of `keras.Model`."""
    import keras

    tensors = list(getattr(model, "inputs", None) or ())
    if not tensors:
        return None
    structure = getattr(model, "_inputs_struct", None)  # Keras has no public name for it
    if structure is None:
        structure = tensors[0] if len(tensors) == 1 else tensors
    described = [
        Tensor(_NUMPY_NAMES.get(tensor.dtype, tensor.dtype), _extents(tensor.shape), _name(path, tensor))
        for path, tensor in keras.tree.flatten_with_path(structure)
    ]
    return Inputs(described, lambda arrays: keras.tree.pack_sequence_as(structure, arrays))


def plain(data: Any) -> Any:
    """The data for a model that does not say what it takes: a frame as one array, anything else as it is."""
    return _stacked(data) if hasattr(data, "columns") else data


def _extents(shape: Sequence[int | None]) -> tuple[int, ...]:
    return tuple(-1 if extent is None else extent for extent in shape)


def _name(path: tuple[Any, ...], tensor: Any) -> str:
    """The key in a dict of inputs, or the name that the input was given."""
    return path[-1] if path and isinstance(path[-1], str) else str(tensor.name)


def _stacked(frame: Any) -> Any:
    """The rows of a frame; of a single column, what its cells hold."""
    import numpy as np

    if frame.shape[1] == 1 and frame.dtypes.iloc[0].kind == "O":
        return np.asarray(list(frame.iloc[:, 0]))
    return frame.to_numpy()


def _shaped(data: Any, tensor: Tensor) -> Any:
    """The same elements in as many axes as the input has, where that can be done in one way only."""
    import numpy as np

    array = np.asarray(data)
    extents = tensor.shape[1:]
    if array.ndim == 0 or array.ndim == len(tensor.shape) or extents.count(-1) > 1:
        return array
    known = int(np.prod([extent for extent in extents if extent != -1]))
    count = int(np.prod(array.shape[1:]))
    fits = count % known == 0 if -1 in extents else count == known
    return array.reshape(len(array), *extents) if known and fits and len(array) else array

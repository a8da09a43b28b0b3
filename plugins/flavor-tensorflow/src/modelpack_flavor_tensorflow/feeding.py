"""Columns and arrays as the tensors that a function takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from modelpack.errors import SchemaError
from modelpack.pyfunc.tensors import TensorsEnforcer
from modelpack.schema.signature import Tensor, TensorSchema
from modelpack_flavor_tensorflow.library import tensorflow

if TYPE_CHECKING:
    from collections.abc import Sequence


class Feed:
    """Makes data fit the specs of a function's inputs; instances may be shared by threads.

    Attributes:
        is_matrix: Whether there is one input, with two axes of numbers.
    """

    def __init__(self, inputs: Sequence[tuple[str | None, Any]]) -> None:
        """Compile the names and specs."""
        specs = [spec for _, spec in inputs]
        self._specs = specs
        self._names = [name or f"input_{place}" for place, (name, _) in enumerate(inputs)]
        self._texts = [name for name, spec in zip(self._names, specs, strict=True) if _element(spec) == "object"]
        self._convert = tensorflow().convert_to_tensor
        self._ranked = all(spec.shape.rank is not None for spec in specs)
        self._enforcer = self._compiled([spec.shape for spec in specs]) if specs and self._ranked else None
        self.is_matrix = len(specs) == 1 and specs[0].shape.rank == 2 and _element(specs[0]) != "object"  # noqa: PLR2004 - axes

    def __call__(self, data: Any) -> list[Any]:
        """An array for each input, in the order of the specs.

        Raises:
            SchemaError: The data does not fit; it names the inputs, what was expected and what came.
        """
        if not self._specs:
            return []
        data = self._selected(data)
        if self._texts and hasattr(data, "columns"):
            self._check_texts(data)
        enforcer = self._enforcer or self._fitted(data)
        found = enforcer(data)
        return [found] if len(self._specs) == 1 else [found[name] for name in self._names]

    def tensors(self, arrays: list[Any]) -> list[Any]:
        """The arrays as TensorFlow's.

        Raises:
            SchemaError: An array of strings holds something else.
        """
        return [self._tensor(*each) for each in zip(arrays, self._specs, self._names, strict=True)]

    def _tensor(self, array: Any, spec: Any, name: str) -> Any:
        if array.dtype.kind == "O":
            _check_texts(name, array.ravel().tolist())
        return self._convert(array, dtype=spec.dtype)

    def _check_texts(self, frame: Any) -> None:
        """Look at columns of text before numbers and nulls in them are made text."""
        for name in frame.columns if len(self._specs) == 1 else self._texts:
            if name in frame:
                _check_texts(name, [value for value in frame[name] if not isinstance(value, (list, tuple, np.ndarray))])

    def _selected(self, data: Any) -> Any:
        """The column of the input's name, where a table or mapping has one beside others."""
        only = self._names[0] if len(self._specs) == 1 else None
        if only is None or not hasattr(data, "keys") or only not in data:
            return data
        return data[only] if isinstance(data, Mapping) else data[[only]]

    def _compiled(self, shapes: Sequence[Any]) -> TensorsEnforcer:
        names = [None] if len(self._specs) == 1 else self._names
        tensors = zip(self._specs, shapes, names, strict=True)
        return TensorsEnforcer(TensorSchema(tuple(_tensor(*each) for each in tensors)), "safe")

    def _fitted(self, data: Any) -> TensorsEnforcer:
        """For inputs of any rank: each with the rank of what came."""
        if len(self._specs) == 1:
            return self._compiled([np.shape(data)])
        return self._compiled([np.shape(data[name]) if name in data else () for name in self._names])


def _check_texts(name: Any, values: list[Any]) -> None:
    others = [value for value in values if not isinstance(value, (str, bytes))]
    if others:
        raise SchemaError(f"the input {name!r} takes strings, and {others[0]!r} is none")


def _tensor(spec: Any, shape: Any, name: str | None) -> Tensor:
    extents = spec.shape.as_list() if spec.shape.rank is not None else shape
    return Tensor(_element(spec), tuple(-1 if extent is None else int(extent) for extent in extents), name)


def _element(spec: Any) -> str:
    """NumPy's name of the element type; strings stand in arrays of objects, which hold text and bytes alike."""
    return "object" if spec.dtype.name == "string" else str(np.dtype(spec.dtype.as_numpy_dtype))

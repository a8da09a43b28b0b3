"""Enforcement of a tensor signature: element types and shapes of one array, or of a mapping of named ones."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from modelpack.errors import SchemaError
from modelpack.pyfunc.casts import cast_array
from modelpack.pyfunc.mismatch import Mismatch, missing_and_unexpected, schema_error

if TYPE_CHECKING:
    from modelpack.pyfunc.policy import Policy
    from modelpack.schema.signature import Tensor, TensorSchema

Array: TypeAlias = "np.ndarray[Any, Any]"


class TensorsEnforcer:
    """Turns data into the array, or the dict of arrays, that a model with this schema expects.

    An array that fits is answered as it is. Instances may be shared by threads.
    """

    def __init__(self, schema: TensorSchema, policy: Policy) -> None:
        """Compile the schema."""
        self._tensors = schema.tensors
        self._policy = policy
        self._enforcers = {tensor.name: TensorEnforcer(tensor, policy) for tensor in schema.tensors}
        only = schema.tensors[0]
        self._unnamed = self._enforcers[None] if len(schema.tensors) == 1 and only.name is None else None

    def __call__(self, data: Any) -> Any:
        """The array or arrays for the model.

        Raises:
            SchemaError: The data does not fit; it names the tensors, what was expected and what came.
        """
        if self._unnamed is not None:
            return self._unnamed.fitting(data) if isinstance(data, np.ndarray) else self._one(self._unnamed, data)
        return self._several(self._by_name(data))

    def _one(self, enforcer: TensorEnforcer, data: Any) -> Any:
        if isinstance(data, Mapping) and len(data) == 1:
            data = next(iter(data.values()))
        return enforcer.fitting(_of_frame(_frame(data), enforcer) if _is_table(data) else data)

    def _by_name(self, data: Any) -> Mapping[Any, Any]:
        if isinstance(data, Mapping):
            return data
        if _is_table(data):
            return {name: self._stacked(name, column) for name, column in _frame(data).items()}
        if isinstance(data, (list, tuple)) and data and all(isinstance(row, Mapping) for row in data):
            return {name: [row.get(name) for row in data] for name in dict.fromkeys(key for row in data for key in row)}
        if len(self._tensors) == 1:
            return {self._tensors[0].name: data}
        names = ", ".join(repr(tensor.name) for tensor in self._tensors)
        raise SchemaError(
            f"{type(data).__name__} cannot be read as several tensors", hint=f"give a mapping with the keys {names}"
        )

    def _stacked(self, name: Any, column: Any) -> Array:
        enforcer = self._enforcers.get(name)
        return _stacked(column) if enforcer is None else enforcer.reshaped(_stacked(column))

    def _several(self, data: Mapping[Any, Any]) -> dict[Any, Any]:
        unexpected = [name for name in data if name not in self._enforcers]
        missing = [tensor.name for tensor in self._tensors if tensor.required and tensor.name not in data]
        if missing or (unexpected and self._policy == "strict"):
            raise missing_and_unexpected("tensors", missing, unexpected)
        found, complaints = {}, []
        for name, enforcer in self._enforcers.items():
            try:
                if name in data:
                    found[name] = enforcer.convert(data[name])
            except Mismatch as mismatch:
                complaints.append((enforcer.describe(mismatch), mismatch.hint))
        if complaints:
            raise schema_error(complaints)
        return found


class TensorEnforcer:
    """Checks and converts one tensor."""

    def __init__(self, tensor: Tensor, policy: Policy) -> None:
        """Compile the element type and shape."""
        self._tensor = tensor
        self._policy = policy
        self._dtype = np.dtype(tensor.dtype)
        self._rank = len(tensor.shape)
        self._fixed = tuple((axis, extent) for axis, extent in enumerate(tensor.shape) if extent != -1)

    def reshaped(self, rows: Array) -> Array:
        """The flattened rows of a table's column in the shape of the signature, where they have as many elements."""
        extents = self._tensor.shape[1:]
        is_flat = rows.ndim <= 2 and rows.size == len(rows) * math.prod(extents)  # noqa: PLR2004 - rows and elements
        return rows.reshape(len(rows), *extents) if is_flat and -1 not in extents else rows

    def fitting(self, data: Any) -> Any:
        """As `convert`, for the only tensor of a schema.

        Raises:
            SchemaError: The data does not fit.
        """
        try:
            return self.convert(data)
        except Mismatch as mismatch:
            raise schema_error([(self.describe(mismatch), mismatch.hint)]) from None

    def describe(self, mismatch: Mismatch) -> str:
        """The whole sentence of a mismatch."""
        subject = "the input" if self._tensor.name is None else f"tensor {self._tensor.name!r}"
        return mismatch.describe(subject, f"{self._tensor.dtype} of shape {self._tensor.shape}")

    def convert(self, data: Any) -> Any:
        """The data as an array of the type and shape; itself when it fits.

        Raises:
            Mismatch: It does not fit.
        """
        array = data if isinstance(data, np.ndarray) or _is_sparse(data) else _array(data)
        if array.dtype != self._dtype and not self._is_ragged(array):
            array = cast_array(array, self._dtype, self._policy)
        if not self._has_shape(array.shape) and not self._is_ragged(array):
            raise Mismatch(f"it has shape {array.shape}", hint=self._shape_hint(array.shape))
        return array

    def _has_shape(self, shape: tuple[int, ...]) -> bool:
        return len(shape) == self._rank and all(shape[axis] == extent for axis, extent in self._fixed)

    def _is_ragged(self, array: Any) -> bool:
        """Whether rows of different extents stand in an array of objects, as the signature allows."""
        return array.dtype.kind == "O" and array.ndim == 1 and self._rank > 1 and -1 in self._tensor.shape[1:]

    def _shape_hint(self, shape: tuple[int, ...]) -> str | None:
        if len(shape) == self._rank - 1 and self._has_shape((1, *shape)):
            return "for one row, give a list that holds it"
        return None


def _is_sparse(data: Any) -> bool:
    return type(data).__module__.startswith("scipy.sparse")


def _is_table(data: Any) -> bool:
    pandas = sys.modules.get("pandas")
    is_pandas = pandas is not None and isinstance(data, (pandas.DataFrame, pandas.Series))
    return is_pandas or hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__")


def _frame(data: Any) -> Any:
    """A frame of the table; from pandas, a Series becomes a frame of one column."""
    from modelpack.pyfunc.tabular import arrow_to_frame

    if type(data).__module__.startswith("pandas"):
        return data.to_frame() if data.ndim == 1 else data
    return arrow_to_frame(data)


def _of_frame(frame: Any, enforcer: TensorEnforcer) -> Array:
    """Each row of a frame as a row of the tensor; of a frame with one column, what its cells hold."""
    rows: Array = frame.to_numpy() if frame.shape[1] != 1 else enforcer.reshaped(_stacked(frame.iloc[:, 0]))
    return rows


def _stacked(column: Any) -> Array:
    """A column of numbers as a vector, a column of lists or arrays as an array with one more axis."""
    values: Array = column.to_numpy()
    return values if values.dtype.kind != "O" else _array(list(values))


def _array(data: Any) -> Array:
    try:
        return np.asarray(data)
    except ValueError:
        return _ragged(data)


def _ragged(data: Any) -> Array:
    rows = np.empty(len(data), dtype="object")
    for position, row in enumerate(data):
        rows[position] = _array(row)
    return rows

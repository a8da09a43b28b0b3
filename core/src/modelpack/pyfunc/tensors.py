"""Enforcement of a tensor signature: element types and shapes of one array, or of a mapping of named ones."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from modelpack.errors import SchemaError
from modelpack.pyfunc.mismatch import Mismatch, missing_and_unexpected, schema_error, shown
from modelpack.pyfunc.numeric import unfit_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

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
        return enforcer.fitting(_stacked_frame(data, enforcer) if _is_table(data) else data)

    def _by_name(self, data: Any) -> Mapping[Any, Any]:
        if isinstance(data, Mapping):
            return data
        if _is_table(data):
            return {name: _stacked(column) for name, column in _frame(data).items()}
        if isinstance(data, (list, tuple)) and data and all(isinstance(row, Mapping) for row in data):
            return {name: [row.get(name) for row in data] for name in dict.fromkeys(key for row in data for key in row)}
        if len(self._tensors) == 1:
            return {self._tensors[0].name: data}
        names = ", ".join(repr(tensor.name) for tensor in self._tensors)
        raise SchemaError(
            f"{type(data).__name__} cannot be read as several tensors", hint=f"give a mapping with the keys {names}"
        )

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

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape in the signature, -1 where it varies."""
        return self._tensor.shape

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
            array = _cast(array, self._dtype, self._policy)
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


def _stacked_frame(data: Any, enforcer: TensorEnforcer) -> Any:
    frame = _frame(data)
    if frame.shape[1] != 1:
        return frame.to_numpy()
    column = _stacked(frame.iloc[:, 0])
    return column.reshape(-1, 1) if column.ndim == 1 and enforcer.shape[1:] == (1,) else column


def _stacked(column: Any) -> Array:
    """A column of numbers as a vector, a column of lists or arrays as an array with one more axis."""
    values = column.to_numpy()
    return _array(values.tolist() if values.dtype.kind != "O" else list(values))


def _array(data: Any) -> Array:
    try:
        return np.asarray(data)
    except ValueError:
        return _ragged(data)


def _ragged(data: Any) -> Array:
    rows = np.empty(len(data), dtype="object")
    for position, row in enumerate(data):
        rows[position] = np.asarray(row)
    return rows


def _cast(array: Any, wanted: np.dtype[Any], policy: Policy) -> Any:
    """The array as another element type, where the policy and its values allow it."""
    if _is_same_kind_of_text(array.dtype, wanted) or array.size == 0:
        return array if wanted.kind in "USO" and array.dtype.kind == wanted.kind else array.astype(wanted)
    if array.dtype.newbyteorder("=") == wanted:
        return array.astype(wanted)
    if policy == "strict":
        raise Mismatch(f"it is {array.dtype}", hint="the policies 'safe' and 'lenient' convert where no value changes")
    if wanted.kind == "O":
        return array.astype(object)
    convert = _casts(array.dtype.kind, wanted.kind, policy)
    if convert is None:
        raise Mismatch(f"it is {array.dtype} such as {shown(_example(array))}")
    return convert(array, wanted, policy)


def _is_same_kind_of_text(dtype: np.dtype[Any], wanted: np.dtype[Any]) -> bool:
    return dtype.kind == wanted.kind and wanted.kind in "USO"


def _example(array: Any) -> Any:
    value = array.flat[0] if isinstance(array, np.ndarray) else array.data.flat[0]
    return value.item() if isinstance(value, np.generic) else value


def _casts(kind: str, wanted: str, policy: Policy) -> Callable[[Any, np.dtype[Any], Policy], Any] | None:
    """How to go from one NumPy kind to another; the same steps as in `modelpack.pyfunc.policy`."""
    return _SAFE_CASTS.get((kind, wanted)) or (_LENIENT_CASTS.get((kind, wanted)) if policy == "lenient" else None)


def _number_cast(array: Any, wanted: np.dtype[Any], policy: Policy) -> Any:
    values = _elements(array)
    unfit = unfit_numbers(values, wanted, policy)
    if unfit is not None:
        raise Mismatch(f"{shown(_python(values[unfit][0]))} has no counterpart in {wanted}")
    return array.astype(wanted)


def _to_boolean(array: Any, wanted: np.dtype[Any], _policy: Policy) -> Any:
    values = _elements(array)
    other = (values != 0) & (values != 1)
    if other.any():
        raise Mismatch(f"{shown(_python(values[other][0]))} is neither true nor false")
    return array.astype(wanted)


def _from_objects(array: Any, wanted: np.dtype[Any], policy: Policy) -> Any:
    """Objects that are of one type after all, such as strings or numbers beside None."""
    values = np.array([[value] for value in array.ravel()] or [[]])[:, 0]
    if values.dtype.kind == "O" and wanted.kind == "f":
        values = _with_nan(values)
    if values.dtype.kind == wanted.kind == "U":
        return values.reshape(array.shape)
    if values.dtype.kind in "OUS":
        raise Mismatch(f"it holds objects such as {shown(_example(array))}")
    return _cast(values.reshape(array.shape), wanted, policy)


def _with_nan(values: Array) -> Array:
    numbers = [np.nan if value is None else value for value in values]
    if any(isinstance(value, (str, bytes, bool)) for value in numbers):
        return values
    return np.array(numbers)


def _parsed(array: Any, wanted: np.dtype[Any], policy: Policy) -> Any:
    try:
        return _cast(array.astype("float64"), wanted, policy)
    except ValueError as error:
        raise Mismatch(f"it holds text: {error}") from None


def _plain(array: Any, wanted: np.dtype[Any], _policy: Policy) -> Any:
    return array.astype(wanted)


def _elements(array: Any) -> Any:
    return array.data if _is_sparse(array) else array


def _python(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


_SAFE_CASTS: dict[tuple[str, str], Callable[[Any, np.dtype[Any], Policy], Any]] = {
    **{(kind, wanted): _number_cast for kind in "iuf" for wanted in "iuf"},
    **{("O", wanted): _from_objects for wanted in "iufbUMc"},
    ("f", "c"): _plain,
    ("i", "c"): _plain,
    ("c", "c"): _plain,
    ("M", "M"): _plain,
    ("U", "M"): _plain,
    ("m", "m"): _plain,
}
_LENIENT_CASTS: dict[tuple[str, str], Callable[[Any, np.dtype[Any], Policy], Any]] = {
    **{("b", wanted): _plain for wanted in "iufc"},
    **{(kind, "b"): _to_boolean for kind in "iuf"},
    **{("U", wanted): _parsed for wanted in "iuf"},
    **{(kind, "U"): _plain for kind in "biufM"},
}

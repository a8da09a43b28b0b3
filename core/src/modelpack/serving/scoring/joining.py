"""Inputs of several requests as the input of one call."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeAlias

from modelpack.schema.signature import TensorSchema

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from modelpack.schema.signature import ModelSignature

Kind: TypeAlias = "Hashable | None"
"""Inputs of one kind may be joined; those of the kind None go alone."""

_PLAIN = (bool, int, float, str, bytes, type(None))
_NUMBERS = "biuf"


def joinable(signature: ModelSignature | None) -> bool:
    """Whether a signature leaves the number of rows open; a tensor whose first axis is fixed does not."""
    schema = signature.inputs if signature is not None else None
    if not isinstance(schema, TensorSchema):
        return True
    return all(tensor.shape and tensor.shape[0] == -1 for tensor in schema.tensors)


def kind_of(inputs: Any, params: Mapping[str, Any] | None) -> Kind:
    """What two requests must have in common to be predicted together: form, names, types and params."""
    form = _form(inputs)
    if form is None:
        return None
    if not params:
        return form
    values = _frozen(params)
    return None if values is None else (form, values)


def rows_of(inputs: Any) -> int:
    """How many rows inputs have; 1 for what has no length."""
    if isinstance(inputs, dict):
        inputs = next(iter(inputs.values()), None)
    shape = getattr(inputs, "shape", None)
    if shape is not None:
        return int(shape[0]) if shape else 1
    return len(inputs) if isinstance(inputs, (list, tuple)) else 1


def join(inputs: Sequence[Any]) -> Any:
    """One input with the rows of several of one kind, in their order."""
    first = inputs[0]
    if isinstance(first, dict):
        return {name: join([each[name] for each in inputs]) for name in first}
    return _numpy().concatenate(inputs) if _is_array(first) else _joined_frames(inputs)


def differ(inputs: Sequence[Any]) -> bool:
    """Whether inputs of one kind hold different rows: what is one row again and again proves little.

    Raises:
        ValueError: They hold values that do not compare.
    """
    first = inputs[0]
    return any(not _equal(first, each) for each in inputs[1:])


def _form(inputs: Any) -> Kind:
    if _is_array(inputs):
        return (inputs.dtype, inputs.shape[1:]) if inputs.shape and inputs.shape[0] else None
    if isinstance(inputs, dict):
        return _form_of_arrays(inputs)
    return _form_of_frame(inputs) if _is_frame(inputs) else None


def _form_of_arrays(arrays: dict[Any, Any]) -> Kind:
    forms = [(name, _form(array) if _is_array(array) else None) for name, array in arrays.items()]
    if not forms or any(form is None for _, form in forms):
        return None
    return tuple(forms) if len({len(array) for array in arrays.values()}) == 1 else None


def _form_of_frame(frame: Any) -> Kind:
    index = frame.index
    if not len(index) or not frame.columns.is_unique or frame.columns.nlevels > 1 or not _is_plain_index(index):
        return None
    return (tuple(frame.columns), tuple(frame.dtypes))


def _is_plain_index(index: Any) -> bool:
    """Whether rows are merely numbered: other labels would be lost."""
    return type(index).__name__ == "RangeIndex" and index.start == 0 and index.step == 1 and index.name is None


def _joined_frames(frames: Sequence[Any]) -> Any:
    pandas = sys.modules["pandas"]
    first = frames[0]
    dtypes = set(first.dtypes)
    dtype = dtypes.pop()
    if dtypes or not isinstance(dtype, _numpy().dtype) or dtype.kind not in _NUMBERS:
        return pandas.concat(frames, ignore_index=True)
    values = _numpy().concatenate([frame.to_numpy() for frame in frames])
    return pandas.DataFrame(values, columns=first.columns, copy=False)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, dict):
        return all(_equal(left[name], right[name]) for name in left)
    if _is_frame(left):
        return bool(left.equals(right))
    if left.dtype.kind == "O":
        return bool(_numpy().array_equal(left, right))
    return left.shape == right.shape and bool(left.tobytes() == right.tobytes())


def _frozen(value: Any) -> Kind:
    """A param's value for comparing, its type beside it; None when it is of a type that is not known to compare."""
    kind = type(value)
    if kind in _PLAIN:
        return (kind, repr(value))
    if kind is dict:
        items = [(name, _frozen(each)) for name, each in value.items()]
        return None if any(each is None for _, each in items) else tuple(sorted(items, key=lambda item: str(item[0])))
    if kind in (list, tuple):
        values = tuple(map(_frozen, value))
        return None if None in values else (kind, values)
    return None


def _is_array(value: Any) -> bool:
    kind = type(value)
    return kind.__name__ == "ndarray" and kind.__module__ == "numpy"


def _is_frame(value: Any) -> bool:
    kind = type(value)
    return kind.__name__ == "DataFrame" and kind.__module__.startswith("pandas")


def _numpy() -> Any:
    return sys.modules["numpy"]

"""The tensors of a request, and how their values stand in JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelpack.data.frames import json_name
from modelpack.errors import DataFormatError
from modelpack.serving.inference_protocol.datatypes import BOOLEAN, DTYPES, TEXT

_INTEGERS = {name for name, dtype in DTYPES.items() if dtype.kind in "iu"}
_MOST_AXES = 32
_LONGEST_EMPTY = 65_536
"""The longest axis of a tensor without values: its rows cost the client nothing, and the model something."""


@dataclass(frozen=True, slots=True)
class InputTensor:
    """One tensor of a request.

    Attributes:
        name: Its name.
        datatype: The protocol's name of the element type.
        values: The elements in their shape; for `BYTES` objects: texts, bytes or None. A view of the body may not be
            written to.
        content_type: What the texts of `BYTES` are, where the client says it: `str` or `base64`.
    """

    name: str
    datatype: str
    values: Any
    content_type: str | None = None


def checked_shape(value: object, name: str) -> tuple[int, ...]:
    """The shape that a request gives a tensor.

    Raises:
        DataFormatError: It is no list of extents, or one that no data can have.
    """
    if not isinstance(value, list) or not all(type(extent) is int and extent >= 0 for extent in value):
        raise DataFormatError(f"tensor {name!r}: shape is a list of whole numbers, such as [2, 4]; {value!r} came")
    if len(value) > _MOST_AXES:
        raise DataFormatError(f"tensor {name!r}: it has {len(value)} axes, where {_MOST_AXES} are the most")
    if 0 in value and max(value) > _LONGEST_EMPTY:
        raise DataFormatError(f"tensor {name!r}: a tensor without values cannot have an axis of {max(value)}")
    return tuple(value)


def array_from_data(data: object, datatype: str, shape: tuple[int, ...], name: str, *, booleans: bool) -> Any:
    """The values of a tensor that stand in JSON, flat or nested, as an array.

    Args:
        data: The value of the key `data`.
        datatype: The protocol's name of the element type.
        shape: The tensor's shape.
        name: Its name, for messages.
        booleans: Whether there may be booleans among the values; knowing of none saves a look at each number.

    Raises:
        DataFormatError: The values are of another type, too large for it, or more or fewer than the shape has.
    """
    if not isinstance(data, list):
        raise DataFormatError(f"tensor {name!r}: data is a list; {json_name(data)} came")
    try:
        array = np.array(data, dtype=object if datatype == TEXT else None)
        if array.dtype.kind == "f" and datatype in _INTEGERS:
            array = np.array(data, dtype=object)  # unlike integers may have become doubles
    except (ValueError, OverflowError) as error:
        raise _ragged(name) from error
    if booleans and datatype != BOOLEAN and array.dtype.kind in "biuf":
        _refuse_booleans(array, data, datatype, name)
    return _shaped(_READERS.get(datatype, _numbers)(array, datatype, name), shape, name)


def _shaped(array: Any, shape: tuple[int, ...], name: str) -> Any:
    if array.shape == shape:
        return array
    if array.ndim != 1:
        raise DataFormatError(f"tensor {name!r}: data has the shape {list(array.shape)}, not {list(shape)}")
    if array.size != math.prod(shape):
        raise DataFormatError(
            f"tensor {name!r}: the shape {list(shape)} has {math.prod(shape)} values; {array.size} came"
        )
    return array.reshape(shape)


def _refuse_booleans(array: Any, data: list[Any], datatype: str, name: str) -> None:
    """NumPy makes booleans among numbers into numbers."""
    if bool in set(map(type, np.array(data, dtype=object).ravel().tolist())) or array.dtype.kind == "b":
        raise _other(name, datatype, "a boolean")


def _numbers(array: Any, datatype: str, name: str) -> Any:
    dtype = DTYPES[datatype]
    if not array.size:
        return array.astype(dtype)
    if dtype.kind == "f":
        return _floats(array, dtype, datatype, name)
    if array.dtype.kind not in "iu" and set(map(type, array.ravel().tolist())) != {int}:
        raise _other(name, datatype, _example(array, int))
    limits = np.iinfo(dtype)
    if array.dtype != dtype and not (array.min() >= limits.min and array.max() <= limits.max):
        largest = array.min() if array.min() < limits.min else array.max()
        raise DataFormatError(f"tensor {name!r}: {largest} does not fit {datatype}")
    return array.astype(dtype, copy=False)


def _floats(array: Any, dtype: np.dtype[Any], datatype: str, name: str) -> Any:
    if array.dtype == object and {type(value) for value in array.ravel().tolist()} <= {int, float, type(None)}:
        array = array.astype("float64")  # null is NaN
    if array.dtype.kind not in "fiu":
        raise _other(name, datatype, _example(array, float))
    with np.errstate(over="ignore"):
        typed = array.astype(dtype, copy=False)
    if typed is not array and array.dtype.kind == "f" and np.isinf(typed).sum() != np.isinf(array).sum():
        raise DataFormatError(f"tensor {name!r}: a number is beyond the range of {datatype}")
    if array.dtype.kind in "iu" and np.isinf(typed).any():
        raise DataFormatError(f"tensor {name!r}: a number is beyond the range of {datatype}")
    return typed


def _booleans(array: Any, datatype: str, name: str) -> Any:
    if array.dtype.kind == "b" or not array.size:
        return array.astype(bool)
    if array.dtype.kind not in "iu" or ((array != 0) & (array != 1)).any():
        raise _other(name, datatype, _example(array, bool))
    return array.astype(bool)


def _texts(array: Any, datatype: str, name: str) -> Any:
    kinds = set(map(type, array.ravel().tolist()))
    if list in kinds:
        raise _ragged(name)
    if not kinds <= {str, type(None)}:
        wrong = next(value for value in array.ravel().tolist() if type(value) not in {str, type(None)})
        raise _other(name, datatype, json_name(wrong))
    return array


_READERS = {TEXT: _texts, BOOLEAN: _booleans}


def _example(array: Any, wanted: type) -> str:
    """What JSON calls a value that is not of the wanted type."""
    values = array.ravel().tolist()
    wrong = next((value for value in values if type(value) is not wanted), values[0])
    return f"the number {wrong}" if type(wrong) in {int, float} else json_name(wrong)


def _ragged(name: str) -> DataFormatError:
    return DataFormatError(f"tensor {name!r}: the lists of data do not form a tensor")


def _other(name: str, datatype: str, came: str) -> DataFormatError:
    return DataFormatError(f"tensor {name!r}: {datatype} cannot hold {came}")

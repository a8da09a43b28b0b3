"""The tensors of a request, and how their values stand in JSON."""

from __future__ import annotations

import math
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from modelpack.data.frames import json_name
from modelpack.errors import DataFormatError
from modelpack.serving.inference_protocol.datatypes import BOOLEAN, DTYPES, TEXT

_MOST_AXES = 32
_LARGEST_EMPTY = 65_536
"""How far the other axes of a tensor without values may go: they cost the client nothing, and the model something."""
_DOUBLE = np.dtype("float64")
_NATIVE = {name: dtype.newbyteorder("=") for name, dtype in DTYPES.items()}
_LIMITS = {name: (np.iinfo(dtype).min, np.iinfo(dtype).max) for name, dtype in DTYPES.items() if dtype.kind in "iu"}


class InputTensor(NamedTuple):
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
    if not isinstance(value, list) or not set(map(type, value)) <= {int} or min(value, default=0) < 0:
        raise DataFormatError(f"tensor {name!r}: shape is a list of whole numbers, such as [2, 4]; {value!r} came")
    if len(value) > _MOST_AXES:
        raise DataFormatError(f"tensor {name!r}: it has {len(value)} axes, where {_MOST_AXES} are the most")
    if 0 in value and math.prod(filter(None, value)) > _LARGEST_EMPTY:
        raise DataFormatError(f"tensor {name!r}: a tensor without values cannot have the shape {value}")
    return tuple(value)


def array_from_data(data: object, datatype: str, shape: tuple[int, ...], name: str) -> Any:
    """The values of a tensor that stand in JSON, flat or nested, as an array.

    Raises:
        DataFormatError: The values are of another type, too large for it, or more or fewer than the shape has.
    """
    if not isinstance(data, list):
        raise DataFormatError(f"tensor {name!r}: data is a list; {json_name(data)} came")
    kinds = set(map(type, data))
    if list in kinds:
        data = _flat(data, shape, name)
        kinds = set(map(type, data))
    if len(data) != math.prod(shape):
        raise DataFormatError(
            f"tensor {name!r}: the shape {list(shape)} has {math.prod(shape)} values; {len(data)} came"
        )
    array = _READERS.get(datatype, _integers)(data, kinds, datatype, name)
    return array if len(shape) == 1 else array.reshape(shape)


def _flat(data: list[Any], shape: tuple[int, ...], name: str) -> list[Any]:
    """The values of nested lists, which have to be nested as the shape says."""
    found = [len(data)]
    while data and list in set(map(type, data)) and len(found) < _MOST_AXES:
        lengths = {len(item) if type(item) is list else -1 for item in data}
        if len(lengths) > 1:
            raise DataFormatError(f"tensor {name!r}: the lists of data do not form a tensor")
        found += lengths
        data = list(chain.from_iterable(data))
    if found != list(shape):
        raise DataFormatError(f"tensor {name!r}: data has the shape {found}, not {list(shape)}")
    return data


def _floats(data: list[Any], kinds: set[type], datatype: str, name: str) -> Any:
    if not kinds <= {float, int, type(None)}:
        raise _other(data, {float, int, type(None)}, datatype, name)
    array = np.array(data, dtype=_DOUBLE)  # null is NaN
    dtype = _NATIVE[datatype]
    if dtype == _DOUBLE:
        return array
    with np.errstate(over="ignore"):
        narrow = array.astype(dtype)
    if np.isinf(narrow).sum() != np.isinf(array).sum():
        raise DataFormatError(f"tensor {name!r}: a number is beyond the range of {datatype}")
    return narrow


def _integers(data: list[Any], kinds: set[type], datatype: str, name: str) -> Any:
    if not kinds <= {int}:
        raise _other(data, {int}, datatype, name)
    low, high = _LIMITS[datatype]
    if data and not low <= min(data) <= max(data) <= high:
        wrong = next(value for value in data if not low <= value <= high)
        raise DataFormatError(f"tensor {name!r}: {wrong} does not fit {datatype}")
    return np.array(data, dtype=_NATIVE[datatype])


def _booleans(data: list[Any], kinds: set[type], datatype: str, name: str) -> Any:
    if not kinds <= {bool, int}:
        raise _other(data, {bool, int}, datatype, name)
    if not set(data) <= {0, 1}:
        wrong = next(value for value in data if value not in {0, 1})
        raise DataFormatError(f"tensor {name!r}: {datatype} cannot hold the number {wrong}")
    return np.array(data, dtype=bool)


def _texts(data: list[Any], kinds: set[type], datatype: str, name: str) -> Any:
    if not kinds <= {str, type(None)}:
        raise _other(data, {str, type(None)}, datatype, name)
    return np.array(data, dtype=object)


_READERS = {TEXT: _texts, BOOLEAN: _booleans, "FP16": _floats, "FP32": _floats, "FP64": _floats}


def _other(data: list[Any], wanted: set[type], datatype: str, name: str) -> DataFormatError:
    """The error about the first value that is not of the wanted types."""
    wrong = next(value for value in data if type(value) not in wanted)
    came = f"the number {wrong}" if type(wrong) in {int, float} else json_name(wrong)
    return DataFormatError(f"tensor {name!r}: {datatype} cannot hold {came}")

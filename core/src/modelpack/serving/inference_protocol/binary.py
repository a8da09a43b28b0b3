"""The binary-data extension: tensors behind the JSON document, as they stand in memory."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from modelpack.errors import DataFormatError, ModelFailureError
from modelpack.serving.inference_protocol.datatypes import BOOLEAN, DTYPES, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = "Inference-Header-Content-Length"
"""The header that says how long the JSON document is."""

_LENGTH = struct.Struct("<I")


def split(body: bytes, header: bytes | None) -> tuple[bytes, BinarySection]:
    """The JSON document of a body, and what stands behind it.

    Args:
        body: The whole body.
        header: The value of `Inference-Header-Content-Length`; None when the body is JSON only.

    Raises:
        DataFormatError: The header is no length, or one beyond the body.
    """
    if header is None:
        return body, BinarySection(memoryview(b""))
    length = int(header) if header.isdigit() and len(header) < 20 else -1  # noqa: PLR2004 - digits of 64 bits
    if not 0 <= length <= len(body):
        text = header.decode("latin-1")
        raise DataFormatError(f"{HEADER} is {text!r}, where the body has {len(body)} bytes")
    return body[:length], BinarySection(memoryview(body)[length:])


class BinarySection:
    """What stands behind the JSON document, taken tensor by tensor."""

    def __init__(self, data: memoryview) -> None:
        """Begin with the first tensor."""
        self._data = data
        self._position = 0

    def take(self, size: object, name: str) -> memoryview:
        """The bytes of the next tensor.

        Raises:
            DataFormatError: The size is none, or there are not so many bytes.
        """
        if type(size) is not int or size < 0:
            raise DataFormatError(f"tensor {name!r}: binary_data_size is a number of bytes; {size!r} came")
        left = len(self._data) - self._position
        if size > left:
            raise DataFormatError(f"tensor {name!r}: binary_data_size is {size}, where {left} bytes are left")
        self._position += size
        return self._data[self._position - size : self._position]

    def finish(self) -> None:
        """Check that every byte belongs to a tensor.

        Raises:
            DataFormatError: Some are left.
        """
        left = len(self._data) - self._position
        if left:
            raise DataFormatError(
                f"{left} bytes behind the JSON document belong to no tensor",
                hint=f"{HEADER} is the length of the JSON document, binary_data_size that of each tensor",
            )


def array_from_bytes(data: memoryview, datatype: str, shape: tuple[int, ...], name: str) -> Any:
    """A tensor of binary data: a view of it where its elements are numbers, objects for `BYTES`.

    Raises:
        DataFormatError: There are more or fewer bytes than the shape has elements.
    """
    count = math.prod(shape)
    if datatype == TEXT:
        return _elements(data, count, name).reshape(shape)
    dtype = DTYPES[datatype]
    if len(data) != count * dtype.itemsize:
        raise DataFormatError(
            f"tensor {name!r}: {datatype} of shape {list(shape)} has {count * dtype.itemsize} bytes; {len(data)} came"
        )
    if datatype == BOOLEAN:
        return (np.frombuffer(data, dtype="u1") != 0).reshape(shape)
    return np.frombuffer(data, dtype=dtype).reshape(shape)


def _elements(data: memoryview, count: int, name: str) -> Any:
    """Elements with their length before them."""
    if count * _LENGTH.size > len(data):
        raise DataFormatError(f"tensor {name!r}: {len(data)} bytes cannot hold {count} elements with their lengths")
    array = np.empty(count, dtype=object)
    position = 0
    for place in range(count):
        start = position + _LENGTH.size
        position = start + _LENGTH.unpack_from(data, position)[0] if start <= len(data) else len(data) + 1
        if position > len(data):
            raise DataFormatError(f"tensor {name!r}: element {place} ends beyond its {len(data)} bytes")
        array[place] = bytes(data[start:position])
    if position != len(data):
        raise DataFormatError(f"tensor {name!r}: {len(data) - position} bytes stand behind its {count} elements")
    return array


def bytes_from_array(array: Any, datatype: str) -> bytes:
    """A tensor as binary data; for `BYTES` of texts, bytes and None, which becomes an empty element.

    Raises:
        ModelFailureError: A text has no UTF-8.
    """
    if datatype != TEXT:
        data: bytes = np.ascontiguousarray(array, dtype=DTYPES[datatype]).tobytes()
        return data
    try:
        return b"".join(_prefixed(array.ravel().tolist()))
    except UnicodeEncodeError as error:
        raise ModelFailureError(f"the model answered what is no text: {error}") from error


def _prefixed(values: list[str | bytes | None]) -> Iterator[bytes]:
    for value in values:
        element = value.encode() if isinstance(value, str) else value or b""
        yield _LENGTH.pack(len(element))
        yield element

"""How much memory Arrow data takes once it is read, known before it is.

A few kilobytes can stand for terabytes: buffers may be compressed, columns may share them, and nulls need none. The
lengths stand in each message's flatbuffer, which pyarrow checks and does not show.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from modelpack.data.libraries import require
from modelpack.errors import DataTooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER_TYPE, _HEADER = 1, 2
_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_DATA = 1
_NODES, _BUFFERS, _COMPRESSION = 1, 2, 3
_DICTIONARIES, _RECORD_BATCHES = 2, 3
_END_OF_FILE = 10
"""The length of the footer and `ARROW1`."""
_BLOCK = struct.Struct("<qi4xq")


def check_size(size: int, limit: int | None) -> None:
    """Refuse data that takes more bytes than the limit.

    Raises:
        DataTooLargeError: It does.
    """
    if limit is not None and size > limit:
        raise DataTooLargeError(
            f"the data takes more than {limit} bytes once it is read",
            hint="send fewer rows in one request, or raise --max-body",
        )


def check_arrow(body: bytes, limit: int | None, *, file: bool) -> None:
    """Refuse a stream or file that would take more memory than the limit.

    Raises:
        DataTooLargeError: It would.
    """
    if limit is None:
        return
    size = 0
    for message in _messages_of_file(body) if file else require("pyarrow.ipc", "arrow").MessageReader.open_stream(body):
        size += _size(message)
        check_size(size, limit)


def _messages_of_file(body: bytes) -> Iterator[Any]:
    ipc, pa = require("pyarrow.ipc", "arrow"), require("pyarrow", "arrow")
    end = len(body) - _END_OF_FILE
    (length,) = struct.unpack_from("<i", body, end)
    footer = _Table.root(body[end - length : end])
    for blocks in (footer.vector(_DICTIONARIES, _BLOCK), footer.vector(_RECORD_BATCHES, _BLOCK)):
        for offset, metadata, content in blocks:
            yield ipc.read_message(pa.py_buffer(body).slice(offset, metadata + content))


def _size(message: Any) -> int:
    """The bytes of a batch's buffers, or one for each value where these are more."""
    table = _Table.root(message.metadata)
    kind = table.number(_HEADER_TYPE)
    if kind not in {_DICTIONARY_BATCH, _RECORD_BATCH}:
        return 0
    header = table.child(_HEADER)
    batch = header.child(_DATA) if kind == _DICTIONARY_BATCH and header is not None else header
    if batch is None:
        return 0
    pairs = struct.Struct("<qq")
    values = sum(length for length, _ in batch.vector(_NODES, pairs))
    compressed = batch.child(_COMPRESSION) is not None
    return max(
        values, sum(_length(message.body, place, length, compressed) for place, length in batch.vector(_BUFFERS, pairs))
    )


def _length(body: Any, offset: int, length: int, compressed: bool) -> int:  # noqa: FBT001 - the parts of one record
    """A buffer's length; a compressed one begins with it, or with -1 where it did not pay."""
    if not compressed or length < struct.calcsize("<q"):
        return length
    (plain,) = struct.unpack_from("<q", body, offset)
    return int(length if plain < 0 else plain)


class _Table:
    """A table of a flatbuffer: fields by number, each of which may be absent."""

    def __init__(self, data: Any, position: int) -> None:
        self._data = data
        self._position = position
        self._fields = position - struct.unpack_from("<i", data, position)[0]

    @classmethod
    def root(cls, data: Any) -> _Table:
        return cls(data, struct.unpack_from("<I", data)[0])

    def _field(self, number: int) -> int | None:
        (size,) = struct.unpack_from("<H", self._data, self._fields)
        place = 4 + 2 * number
        offset = struct.unpack_from("<H", self._data, self._fields + place)[0] if place < size else 0
        return self._position + offset if offset else None

    def _target(self, number: int) -> int | None:
        field = self._field(number)
        return None if field is None else field + struct.unpack_from("<I", self._data, field)[0]

    def number(self, number: int) -> int:
        field = self._field(number)
        return 0 if field is None else memoryview(self._data)[field]

    def child(self, number: int) -> _Table | None:
        target = self._target(number)
        return None if target is None else _Table(self._data, target)

    def vector(self, number: int, of: struct.Struct) -> Iterator[tuple[int, ...]]:
        target = self._target(number)
        if target is not None:
            (count,) = struct.unpack_from("<I", self._data, target)
            yield from of.iter_unpack(memoryview(self._data)[target + 4 : target + 4 + count * of.size])

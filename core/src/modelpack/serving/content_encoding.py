"""`Content-Encoding` undone, never beyond the limit."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelpack.data.libraries import require
from modelpack.errors import DataFormatError
from modelpack.serving.errors import BodyTooLargeError, ContentEncodingError

if TYPE_CHECKING:
    from collections.abc import Callable

_GZIP, _ZLIB, _BARE = 31, 15, -15
"""zlib's window bits for a gzip header, a zlib header and none."""
_ZSTD_WINDOW = 1 << 23
"""RFC 9659: what is sent with `Content-Encoding: zstd` needs no more than 8 MB to be undone."""
_ZSTD_GAIN = 1 << 15
"""A block of four bytes stands for 128 KiB at most, so a byte for 32 KiB."""
_SLICE = 1 << 14
_SMALLEST_SLICE = 64
_MOST_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class _Encoding:
    """One encoding, undone in steps.

    Attributes:
        name: What it is called.
        begin: Makes a decompressor for one gzip member, zlib stream or zstd frame.
        feed: Gives one a slice and takes what comes out, about so many bytes at most.
        step: How long a slice may be when there is room for so many bytes.
        error: What the library raises.
    """

    name: str
    begin: Callable[[], Any]
    feed: Callable[[Any, memoryview, int], bytes]
    step: Callable[[int], int]
    error: type[Exception]


def decompressed(body: bytes, encoding: str, limit: int) -> bytes:
    """A body without its `Content-Encoding`, never more of it than the limit.

    Args:
        body: The body as it came.
        encoding: The header: gzip, deflate or zstd.
        limit: The largest number of bytes to give back.

    Raises:
        ContentEncodingError: The encoding is another, or there are several.
        MissingDependencyError: zstandard is not installed.
        DataFormatError: The body is not in the encoding, or ends too early.
        BodyTooLargeError: It would be larger than the limit.
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    if name in {"gzip", "x-gzip"}:
        return _undone(body, _inflating("gzip", _GZIP), limit)
    if name == "deflate":
        return _undone(body, _inflating("deflate", _ZLIB if _has_zlib_header(body) else _BARE), limit)
    if name == "zstd":
        return _undone(body, _zstd(), limit)
    raise ContentEncodingError(
        f"content encoding {encoding!r} is not supported", hint="send gzip, deflate or zstd, one of them, or none"
    )


def too_large(limit: int) -> BodyTooLargeError:
    """The error for a body beyond the limit."""
    return BodyTooLargeError(
        f"the request body is larger than {limit} bytes", hint="send fewer rows in one request, or raise --max-body"
    )


def _has_zlib_header(body: bytes) -> bool:
    """Whether a body begins as the zlib format does, whose header some clients leave out (RFC 9110, 8.4.1.2)."""
    return body[:1] != b"" and body[0] & 0b1111 == zlib.DEFLATED and int.from_bytes(body[:2]) % 31 == 0


def _inflating(name: str, bits: int) -> _Encoding:
    return _Encoding(
        name,
        begin=lambda: zlib.decompressobj(wbits=bits),
        feed=lambda part, data, room: part.decompress(data, room),
        step=lambda _: _SLICE,
        error=zlib.error,
    )


def _zstd() -> _Encoding:
    """The library has no limit for what one call gives: a slice is so short that it cannot give much too much."""
    library = require("zstandard", "zstd")
    decompressor = library.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    return _Encoding(
        "zstd",
        begin=decompressor.decompressobj,
        feed=lambda part, data, _: part.decompress(data),
        step=lambda room: max(_SMALLEST_SLICE, min(_SLICE, room // _ZSTD_GAIN)),
        error=library.ZstdError,
    )


def _undone(body: bytes, encoding: _Encoding, limit: int) -> bytes:
    """All parts of a body, one after the other."""
    view = memoryview(body)
    whole: list[bytes] = []
    position, room = 0, limit + 1
    for _ in range(_MOST_PARTS):
        try:
            given, position = _part(view, position, encoding, room)
        except encoding.error as error:
            raise DataFormatError(f"the body is not {encoding.name}: {error}") from error
        whole += given
        room -= sum(map(len, given))
        if room <= 0:
            raise too_large(limit)
        if position == len(view):
            return b"".join(whole)
    raise DataFormatError(f"the {encoding.name} body has more than {_MOST_PARTS} parts")


def _part(body: memoryview, position: int, encoding: _Encoding, room: int) -> tuple[list[bytes], int]:
    """What the part at a position gives, and the position after it."""
    decompressor = encoding.begin()
    given: list[bytes] = []
    while room > 0 and not decompressor.eof:
        piece = body[position : position + encoding.step(room)]
        if not piece:
            raise DataFormatError(f"the {encoding.name} body ends too early")
        given.append(encoding.feed(decompressor, piece, room))
        room -= len(given[-1])
        position += len(piece) - len(decompressor.unused_data)
    return given, position

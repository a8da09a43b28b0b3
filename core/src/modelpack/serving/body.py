"""Request bodies: read no further than the limit, compressed or not."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from modelpack.errors import DataFormatError, UnsupportedMediaTypeError
from modelpack.serving.errors import BodyTooLargeError, IncompleteBodyError

if TYPE_CHECKING:
    from starlette.types import Receive

_GZIP = 31
"""The window bits that mean a gzip header."""


async def read_body(receive: Receive, declared: bytes | None, limit: int) -> bytes:
    """The whole body of a request.

    Args:
        receive: The ASGI channel.
        declared: The `Content-Length` header.
        limit: The largest number of bytes.

    Raises:
        BodyTooLargeError: The declared or the real length is beyond the limit; the rest is not read.
        IncompleteBodyError: The client went away.
    """
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        return _checked(message.get("body", b""), limit)
    chunks: list[bytes] = []
    size = 0
    while message["type"] == "http.request":
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body"):
            return b"".join(chunks)
        message = await receive()
    raise IncompleteBodyError("the client went away before the request was complete")


def _checked(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> BodyTooLargeError:
    return BodyTooLargeError(
        f"the request body is larger than {limit} bytes", hint="send fewer rows in one request, or raise --max-body"
    )


def decompressed(body: bytes, encoding: str, limit: int) -> bytes:
    """A body without its `Content-Encoding`, never more of it than the limit.

    Raises:
        UnsupportedMediaTypeError: The encoding is not gzip.
        DataFormatError: The body is not in the encoding, or ends too early.
        BodyTooLargeError: It would be larger than the limit.
    """
    names = [name.strip().lower() for name in encoding.split(",")]
    if names == ["identity"]:
        return body
    if names not in (["gzip"], ["x-gzip"]):
        raise UnsupportedMediaTypeError(f"content encoding {encoding!r} is not supported", hint="send gzip, or none")
    parts: list[bytes] = []
    room = limit + 1
    while body:
        member = zlib.decompressobj(wbits=_GZIP)
        parts.append(_member(member, body, room))
        room -= len(parts[-1])
        if room <= 0:
            raise _too_large(limit)
        if not member.eof:
            raise DataFormatError("the gzip body ends too early")
        body = member.unused_data
    return b"".join(parts)


def _member(member: zlib._Decompress, body: bytes, room: int) -> bytes:
    try:
        return member.decompress(body, room)
    except zlib.error as error:
        raise DataFormatError(f"the body is not gzip: {error}") from error

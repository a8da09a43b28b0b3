"""Request bodies: read no further than the limit, and no slower than a body may come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from modelpack.serving.begun import Begun
from modelpack.serving.content_encoding import too_large
from modelpack.serving.errors import IncompleteBodyError, SlowBodyError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from starlette.types import Message, Receive

_SLOWEST = 10_000
"""Bytes a second that a body has to come at once its time is over."""


async def read_body(receive: Receive, declared: bytes | None, limit: int, patience: float | None = None) -> bytes:
    """The whole body of a request.

    Args:
        receive: The ASGI channel.
        declared: The `Content-Length` header.
        limit: The largest number of bytes.
        patience: Seconds that the body has to come in, and one more for every 10,000 bytes that came; None for ever.

    Raises:
        BodyTooLargeError: The declared or the real length is beyond the limit; the rest is not read.
        IncompleteBodyError: The client went away.
        SlowBodyError: The body came too slowly.
    """
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise too_large(limit)
    first = Begun(receive())
    message = first.result
    if message is not None and message["type"] == "http.request" and not message.get("more_body"):
        return _checked(message.get("body", b""), limit)
    try:
        async with asyncio.timeout(patience) as deadline:
            return await _read(first, receive, limit, deadline)
    except TimeoutError:
        raise SlowBodyError("the request body came too slowly", hint="send it faster, or raise --timeout") from None


async def client_gone(receive: Receive) -> None:
    """Return when the client has gone away; its request must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read(following: Awaitable[Message], receive: Receive, limit: int, deadline: asyncio.Timeout) -> bytes:
    end = deadline.when()
    chunks: list[bytes] = []
    size = 0
    while (message := await following)["type"] == "http.request":
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise too_large(limit)
        if not message.get("more_body"):
            return b"".join(chunks)
        if end is not None:
            deadline.reschedule(end + size / _SLOWEST)
        following = receive()
    raise IncompleteBodyError("the client went away before the request was complete")


def _checked(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise too_large(limit)
    return body

"""A client's request, as it is written to a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Message, Receive, Scope

_OF_ONE_CONNECTION = frozenset(
    {b"connection", b"expect", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade"}
)
"""Headers that concern the connection on which they come (RFC 9110, 7.6.1), and the offer to wait for a 100."""

_LAST_CHUNK = b"0\r\n\r\n"


class ForwardedRequest:
    """A request whose body may still be on its way.

    Attributes:
        method: The method.
        beginning: The head, and as much of the body as has come.
        ends_with_beginning: Whether that is all.
    """

    def __init__(self, scope: Scope, first: Message, receive: Receive) -> None:
        """Take a request from the web server; `first` is its first message."""
        self.method: str = scope["method"]
        self._receive = receive
        self._chunked = any(name == b"transfer-encoding" for name, _ in scope["headers"])
        self.ends_with_beginning = not first.get("more_body", False)
        self.beginning = self._head(scope) + self._framed(first)

    async def rest(self) -> AsyncIterator[bytes]:
        """The pieces of the body that had not come.

        Raises:
            ConnectionError: The client has gone.
        """
        more = not self.ends_with_beginning
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError("the client has gone")
            more = message.get("more_body", False)
            yield self._framed(message)

    def _head(self, scope: Scope) -> bytes:
        query = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        lines = [b"%s %s HTTP/1.1\r\n" % (self.method.encode(), target)]
        lines += [b"%s: %s\r\n" % header for header in end_to_end(scope["headers"])]
        if self._chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
        return b"".join(lines) + b"\r\n"

    def _framed(self, message: Message) -> bytes:
        piece: bytes = message.get("body", b"")
        if not self._chunked:
            return piece
        chunk = b"%x\r\n%s\r\n" % (len(piece), piece) if piece else b""
        return chunk if message.get("more_body", False) else chunk + _LAST_CHUNK


def end_to_end(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers that are meant for the one at the other end."""
    named = {word.strip().lower() for name, value in headers if name == b"connection" for word in value.split(b",")}
    return [header for header in headers if header[0] not in _OF_ONE_CONNECTION and header[0] not in named]

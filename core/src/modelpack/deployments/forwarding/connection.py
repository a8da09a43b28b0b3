"""One connection to a server, for one exchange after the other."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from httptools import HttpParserError, HttpResponseParser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from modelpack.deployments.forwarding.requests import ForwardedRequest

_PIECE = 262_144


class BrokenExchangeError(ConnectionError):
    """The server ended the connection before its answer was complete."""


class Connection:
    """Sends a request and takes the answer; the names without underscore are called by the parser.

    Attributes:
        status: The status of the answer.
        headers: Its headers, as they came.
        silent: Whether nothing of the answer has come.
        reused: Whether an exchange went before this one.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold an open connection."""
        self._reader = reader
        self._writer = writer
        self._sender: asyncio.Task[None] | None = None
        self.reused = False

    @property
    def reusable(self) -> bool:
        """Whether another exchange may follow."""
        return self._complete and self._keeps_alive and self._sent and self.open

    @property
    def open(self) -> bool:
        """Whether the server has not closed it."""
        return not self._reader.at_eof() and not self._writer.is_closing()

    async def exchange(self, request: ForwardedRequest) -> AsyncIterator[tuple[bytes, bool]]:
        """Send a request, and answer the pieces of the answer's body once its head has come, and whether more follow.

        Raises:
            ConnectionError: The server ended the connection before that.
        """
        self._begin(head_only=request.method == "HEAD")
        self._writer.write(request.beginning)
        if request.ends_with_beginning:
            await self._writer.drain()
            self._sent = True
        else:
            self._sender = asyncio.create_task(self._send_rest(request))
        while not self.status:
            await self._read()
        return self._body()

    def close(self) -> None:
        """End it."""
        self._stop_sending()
        self._writer.close()

    def _begin(self, *, head_only: bool) -> None:
        self._parser = HttpResponseParser(self)
        self._sender = None
        self._head_only = head_only
        self._pieces: list[bytes] = []
        self._complete = self._sent = self._keeps_alive = False
        self.headers: list[tuple[bytes, bytes]] = []
        self.status = 0
        self.silent = True

    async def _send_rest(self, request: ForwardedRequest) -> None:
        try:
            async for piece in request.rest():
                self._writer.write(piece)
                await self._writer.drain()
            self._sent = True
        except ConnectionError:
            pass  # the answer, or its absence, says why

    async def _body(self) -> AsyncIterator[tuple[bytes, bool]]:
        while not self._complete:
            if self._pieces:
                yield self._taken(), True
            await self._read()
        self._stop_sending()
        yield self._taken(), False

    def _taken(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken

    async def _read(self) -> None:
        data = await self._reader.read(_PIECE)
        if not data:
            raise BrokenExchangeError("the server ended the connection before its answer was complete")
        self.silent = False
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            raise BrokenExchangeError("the server's answer is no HTTP") from error

    def _stop_sending(self) -> None:
        if self._sender is not None:
            self._sender.cancel()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Note the status, unless it only announces the answer."""
        status = self._parser.get_status_code()
        if status < HTTPStatus.OK:
            self.headers = []
            return
        self.status = status
        if self._head_only:
            self.on_message_complete()

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body."""
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """Note the end of the answer."""
        if self.status:
            self._complete = True
            self._keeps_alive = self._parser.should_keep_alive()

"""The public port."""

from __future__ import annotations

import asyncio
import socket
from contextlib import nullcontext
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from starlette.types import ASGIApp

_BACKLOG = 2048
_MAX_HEAD = 65_536
_KEEP_ALIVE = 75
_LONGEST_SECONDS = 3600


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens on an address; port 0 finds a free one.

    Raises:
        InvalidArgumentError: The port is taken, or the address is not this machine's.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InvalidArgumentError(f"{host} is no address of this machine: {error.strerror}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise InvalidArgumentError(
            f"cannot listen on port {port} of {host}: {error.strerror}", hint="choose another port; 0 finds a free one"
        ) from error
    return listener


class Front:
    """A web server on a listening socket, in this process's event loop."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        """Answer requests that come to a socket, with an application, from the next turn of the event loop on."""
        self.port: int = listener.getsockname()[1]
        config = uvicorn.Config(
            app,
            http=_BoundedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,  # the scoring server's is passed on
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_LONGEST_SECONDS,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve([listener]))

    async def close(self, grace: float) -> None:
        """Accept no more, and let the requests at hand finish for so many seconds."""
        self._server.config.timeout_graceful_shutdown = max(1, round(grace))
        self._server.should_exit = True
        await self._serving


class _Server(uvicorn.Server):
    """Uvicorn's server, which leaves signals to the program that it is a part of."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # a context manager all the same
        return nullcontext()


class _BoundedProtocol(HttpToolsProtocol):
    """A connection on which no request's head may grow without end."""

    _unfinished = 0

    def data_received(self, data: bytes) -> None:
        self._unfinished += len(data)
        super().data_received(data)
        if self._unfinished > _MAX_HEAD and not self.transport.is_closing():
            self.send_400_response("the request line and headers are too large")

    def on_headers_complete(self) -> None:
        self._unfinished = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unfinished = 0
        super().on_body(body)

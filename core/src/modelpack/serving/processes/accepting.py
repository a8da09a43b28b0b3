"""Accepting connections fairly where several workers share one socket."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

LOGGER = logging.getLogger("modelpack.serving")

_PAUSE = 1.0
"""Seconds without accepting when the process or system has no room for another connection."""

_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_HANDSHAKE_SECONDS = 30.0


class FairAcceptor:
    """Accepts one connection each time the event loop turns.

    The event loop's own servers take all that wait at once, so that the first worker to wake would have every
    connection of a client that opens many, and the others none. This way those that have nothing to do are quicker.
    """

    def __init__(
        self, listener: socket.socket, make_protocol: Callable[[], asyncio.Protocol], context: ssl.SSLContext | None
    ) -> None:
        """Accept on a socket, with a protocol for each connection, under TLS if there is a context for it."""
        self._listener = listener
        self._make_protocol = make_protocol
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        self._closed = False
        listener.setblocking(False)  # noqa: FBT003 - it is called so
        self._resume()

    def close(self) -> None:
        """Accept no more."""
        self._closed = True
        self._loop.remove_reader(self._listener)

    def _resume(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another worker was quicker, or the client has gone
        except OSError as error:
            self._rest(error)
            return
        task = self._loop.create_task(self._open(connection))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def _rest(self, error: OSError) -> None:
        """Leave connections to other workers for a while; trying on would only keep the processor busy."""
        log = LOGGER.error if error.errno in _NO_ROOM else LOGGER.warning
        log("cannot accept a connection: %s", error.strerror)
        self._loop.remove_reader(self._listener)
        self._loop.call_later(_PAUSE, self._resume)

    async def _open(self, connection: socket.socket) -> None:
        timeout = None if self._context is None else _HANDSHAKE_SECONDS
        try:
            if connection.family != getattr(socket, "AF_UNIX", None):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(
                self._make_protocol, connection, ssl=self._context, ssl_handshake_timeout=timeout
            )
        except OSError:  # the client has gone, or does not speak TLS
            connection.close()

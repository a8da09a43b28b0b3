"""The servers that requests are handed to."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING

from modelpack.deployments.forwarding.connection import Connection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from modelpack.deployments.forwarding.addresses import Address

_CONNECT_SECONDS = 5.0
_IDLE_SECONDS = 30.0
"""Seconds that an unused connection is kept: less than the scoring server keeps it, so that it never closes first."""

_SHUNNED_SECONDS = 1.0
"""Seconds for which a server that could not be reached comes last."""


class UnreachableError(Exception):
    """A server takes no connection."""


class Backend:
    """One server, with the connections that are open to it."""

    def __init__(self, address: Address) -> None:
        """Hold the server at an address; nothing is opened yet."""
        self.address = address
        self.busy = 0
        self.shunned_until = 0.0
        self._idle: list[tuple[float, Connection]] = []
        self._left = False
        self._quiet = asyncio.Event()
        self._quiet.set()

    @asynccontextmanager
    async def connection(self, *, fresh: bool = False) -> AsyncIterator[Connection]:
        """A connection for one exchange, which is kept for others if it can be.

        Raises:
            UnreachableError: The server cannot be reached.
        """
        self.busy += 1
        self._quiet.clear()
        connection = None
        try:
            connection = await self._open(fresh=fresh)
            yield connection
        finally:
            if connection is not None:
                self._put_back(connection)
            self.busy -= 1
            if not self.busy:
                self._quiet.set()

    async def drained(self) -> None:
        """Wait until no exchange is under way."""
        await self._quiet.wait()

    def leave(self) -> None:
        """Keep no connection any more."""
        self._left = True
        for _, connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _open(self, *, fresh: bool) -> Connection:
        while self._idle and not fresh:
            since, connection = self._idle.pop()
            if connection.open and monotonic() - since < _IDLE_SECONDS:
                connection.reused = True
                return connection
            connection.close()
        try:
            return Connection(*await asyncio.wait_for(self.address.connect(), _CONNECT_SECONDS))
        except OSError as error:
            self.shunned_until = monotonic() + _SHUNNED_SECONDS
            raise UnreachableError(f"{self.address} cannot be reached: {error}") from error

    def _put_back(self, connection: Connection) -> None:
        if connection.reusable and not self._left:
            self._idle.append((monotonic(), connection))
        else:
            connection.close()


async def drained(backends: Iterable[Backend], grace: float) -> None:
    """Wait until servers that get no more requests have answered those they had, but only so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(grace):
            for backend in backends:
                await backend.drained()


class Routes:
    """Which servers there are now."""

    def __init__(self) -> None:
        """Begin without any."""
        self._backends: tuple[Backend, ...] = ()
        self._turn = 0

    @property
    def backends(self) -> tuple[Backend, ...]:
        """Those that requests go to."""
        return self._backends

    def replace(self, addresses: Iterable[Address]) -> tuple[Backend, ...]:
        """Hand requests to these servers from now on; answers those that get no more, exchanges under way or not."""
        known = {backend.address: backend for backend in self._backends}
        former = self._backends
        self._backends = tuple(known.get(address) or Backend(address) for address in addresses)
        gone = tuple(backend for backend in former if backend not in self._backends)
        for backend in gone:
            backend.leave()
        return gone

    def by_load(self) -> list[Backend]:
        """The servers in the order in which a request should try them: those with the least to do first, in turns."""
        self._turn += 1
        now = monotonic()
        start = self._turn % len(self._backends) if self._backends else 0
        in_turn = self._backends[start:] + self._backends[:start]
        return sorted(in_turn, key=lambda each: (each.shunned_until > now, each.busy))

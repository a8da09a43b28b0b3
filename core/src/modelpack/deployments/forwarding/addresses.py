"""Where a server listens."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Self

from modelpack.errors import InvalidArgumentError

_UNIX = "unix:"


@dataclass(frozen=True, slots=True)
class Address:
    """A host and port, or the path of a Unix socket.

    Attributes:
        host: The host's name or address; the path when there is no port.
        port: The port; None for a Unix socket.
        ip: The host's address, where its name is not known: not every network of containers has names.
    """

    host: str
    port: int | None = None
    ip: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `HOST:PORT`, `HOST:PORT@IP` or `unix:PATH`.

        Raises:
            InvalidArgumentError: It is neither.
        """
        if text.startswith(_UNIX):
            return cls(text.removeprefix(_UNIX))
        place, _, ip = text.partition("@")
        host, _, port = place.rpartition(":")
        if not host or not port.isdecimal():
            raise InvalidArgumentError(f"{text!r} is no address", hint="give HOST:PORT or unix:PATH")
        return cls(host, int(port), ip or None)

    def __str__(self) -> str:
        """The form that `parse` reads."""
        if self.port is None:
            return f"{_UNIX}{self.host}"
        return f"{self.host}:{self.port}{f'@{self.ip}' if self.ip else ''}"

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection.

        Raises:
            OSError: Nobody listens there.
        """
        if self.port is None:
            return await asyncio.open_unix_connection(self.host)
        return await asyncio.open_connection(self.ip or self.host, self.port)

"""Where a server listens."""

from __future__ import annotations

import asyncio
import socket
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
        otherwise: The host's address where its name is not known: not every network of containers has names.
    """

    host: str
    port: int | None = None
    otherwise: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `HOST:PORT`, `HOST:PORT@ADDRESS` or `unix:PATH`.

        Raises:
            InvalidArgumentError: It is neither.
        """
        if text.startswith(_UNIX):
            return cls(text.removeprefix(_UNIX))
        place, _, otherwise = text.partition("@")
        host, _, port = place.rpartition(":")
        if not host or not port.isdecimal():
            raise InvalidArgumentError(f"{text!r} is no address", hint="give HOST:PORT or unix:PATH")
        return cls(host, int(port), otherwise or None)

    def __str__(self) -> str:
        """The form that `parse` reads."""
        if self.port is None:
            return f"{_UNIX}{self.host}"
        return f"{self.host}:{self.port}{f'@{self.otherwise}' if self.otherwise else ''}"

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection.

        Raises:
            OSError: Nobody listens there.
        """
        if self.port is None:
            return await asyncio.open_unix_connection(self.host)
        try:
            return await asyncio.open_connection(self.host, self.port)
        except socket.gaierror:
            if self.otherwise is None:
                raise
            return await asyncio.open_connection(self.otherwise, self.port)

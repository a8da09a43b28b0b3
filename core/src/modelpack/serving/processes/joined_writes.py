"""An answer's head and body with one system call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

_CONTINUE = b"HTTP/1.1 100 "
_SMALL = 65_536
"""Bytes up to which copying a body behind its head costs less than a second system call."""


class JoinedWrites:
    """A transport for one answer: its head, which uvicorn writes by itself, waits for the body's first piece.

    The body of an answer has to be written, be it empty; answers to HEAD have none.
    """

    __slots__ = ("_head", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = b""

    def write(self, data: bytes) -> None:
        """Keep the head, write all else."""
        head = self._head
        if head is None or data.startswith(_CONTINUE):
            self._transport.write(data)
        elif not head:
            self._head = data
        elif len(data) <= _SMALL:
            self._head = None
            self._transport.write(head + data)
        else:
            self._flush()
            self._transport.write(data)

    def close(self) -> None:
        """Write a head that waits, and close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._head:
            self._transport.write(self._head)
        self._head = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

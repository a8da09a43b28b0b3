"""Asking a server whether it is ready."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelpack.deployments.forwarding.addresses import Address

_QUESTION = b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
_SECONDS = 5.0


async def is_ready(address: Address) -> bool:
    """Whether the scoring server at an address says that requests should be sent there."""
    try:
        return await asyncio.wait_for(_answer(address), _SECONDS)
    except OSError:
        return False


async def _answer(address: Address) -> bool:
    reader, writer = await address.connect()
    try:
        writer.write(_QUESTION)
        return (await reader.readline()).startswith(b"HTTP/1.1 200 ")
    finally:
        writer.close()

"""A forwarder as a program: it is told by a Unix socket where requests go, and remembers it over a restart."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

from modelpack.deployments.forwarding.addresses import Address
from modelpack.deployments.forwarding.backends import Backend, Routes, drained
from modelpack.deployments.forwarding.forwarder import Forwarder
from modelpack.deployments.forwarding.front import Front, listening_socket
from modelpack.deployments.forwarding.probing import is_ready

STATE = Path("/tmp/modelpack-routes.json")  # noqa: S108 - of a container of its own
"""What the forwarder was told last. It is read from outside, too."""

NOT_YET = 75
"""The exit code of what may be tried again (EX_TEMPFAIL of sysexits.h)."""

_SOCKET = STATE.with_suffix(".sock")
_ANYWHERE = "0.0.0.0"  # noqa: S104 - a container's network is its own
_GRACE = 60.0
_PAUSE = 0.1


def serve(port: int) -> int:
    """Forward requests until SIGTERM, then finish those at hand."""
    import uvloop

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(port))
    return 0


async def tell(text: str) -> int:
    """Tell the forwarder of this container its new state; the servers before then have no more requests at hand."""
    try:
        reader, writer = await asyncio.open_unix_connection(_SOCKET)
    except OSError:
        return NOT_YET
    writer.write(json.dumps(json.loads(text)).encode() + b"\n")
    answer = await reader.read()
    writer.close()
    return 0 if answer == b"done" else NOT_YET


async def await_servers(seconds: float, servers: list[str]) -> int:
    """Wait until all servers are ready, but only so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(_await(Address.parse(server)) for server in servers))
            return 0
    return NOT_YET


async def _await(address: Address) -> None:
    while not await is_ready(address):  # noqa: ASYNC110 - nobody tells when it is
        await asyncio.sleep(_PAUSE)


async def _serve(port: int) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    routes = Routes()
    if (state := _remembered()) is not None:
        _take(routes, state)

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state = json.loads(await reader.readline())
        former = _take(routes, state)
        _remember(state)
        await drained(former, state.get("grace", _GRACE))
        writer.write(b"done")
        writer.close()

    _SOCKET.unlink(missing_ok=True)
    front = Front(Forwarder(routes), listening_socket(_ANYWHERE, port))
    async with await asyncio.start_unix_server(listen, _SOCKET):
        await ended.wait()
        await front.close(_GRACE)


def _take(routes: Routes, state: dict[str, Any]) -> tuple[Backend, ...]:
    logging.getLogger(__name__).info("requests go to %s", ", ".join(state["servers"]) or "nobody")
    return routes.replace([Address.parse(server) for server in state["servers"]])


def _remembered() -> dict[str, Any] | None:
    try:
        state: dict[str, Any] = json.loads(STATE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return state


def _remember(state: dict[str, Any]) -> None:
    unfinished = STATE.with_suffix(".new")
    unfinished.write_text(json.dumps(state), encoding="utf-8")
    unfinished.replace(STATE)

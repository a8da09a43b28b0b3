"""The keeper of one deployment: it owns the public port, and starts, replaces and ends the servers behind it.

It loads no model. It is told nothing but to look (SIGUSR1) at the wish that stands in the deployment's directory, or to
end (SIGTERM); how far it has come it writes beside the wish.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from modelpack.deployments.forwarding.backends import Routes, drained
from modelpack.deployments.forwarding.forwarder import Forwarder
from modelpack.deployments.forwarding.front import Front, listening_socket
from modelpack.deployments.local.keeper_signals import LOOK
from modelpack.deployments.local.records import Status
from modelpack.deployments.local.servers import Server, ServerFailedError
from modelpack.errors import InvalidArgumentError, ModelpackError

if TYPE_CHECKING:
    import socket
    from collections.abc import Coroutine

    from modelpack.deployments.forwarding.backends import Backend
    from modelpack.deployments.local.places import Place
    from modelpack.deployments.local.records import Wish

LOGGER = logging.getLogger("modelpack.deployments")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
"""Seconds until a server that has ended is started again: the first time, and at most."""

_LONG = 60.0
"""Seconds after which the end of a server has nothing to do with its beginning."""

_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - it is read here, not listened on


class Keeper:
    """Brings what stands up to what is wished, until it is told to end or nothing could be started."""

    def __init__(self, place: Place) -> None:
        """Keep the deployment of a place."""
        self._place = place
        self._routes = Routes()
        self._front: Front | None = None
        self._host = ""
        self._server: Server | None = None
        self._started = 0
        self._pause = _FIRST_PAUSE
        self._status = place.status() or Status(wish="", state="pending")
        self._news = asyncio.Event()
        self._ending = False
        self._farewells: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Keep the deployment."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(LOOK, self._news.set)
        loop.add_signal_handler(signal.SIGTERM, self._end)
        while not self._ending and (wish := self._place.wish()) is not None:
            self._news.clear()
            if self._server is None or wish.id != self._status.wish:
                await self._unless_overtaken(wish, self._roll_out(wish))
                if self._server is None and self._status.state == "failed":
                    break
            elif self._server.process.returncode is not None:
                await self._unless_overtaken(wish, self._revive(self._server))
            else:
                await self._something(self._server)
        await self._close()

    def _end(self) -> None:
        self._ending = True
        self._news.set()

    async def _something(self, server: Server) -> None:
        """Wait until there is a word to look, or the server has ended."""
        waiting = [asyncio.create_task(self._news.wait()), asyncio.create_task(server.process.wait())]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()

    async def _unless_overtaken(self, wish: Wish, work: Coroutine[None, None, None]) -> None:
        """Do something, and give it up when there is another wish or this process is to end."""
        doing = asyncio.create_task(work)
        while not (doing.done() or self._is_overtaken(wish)):
            self._news.clear()
            news = asyncio.create_task(self._news.wait())
            await asyncio.wait([doing, news], return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
        doing.cancel()
        with suppress(asyncio.CancelledError):
            await doing

    def _is_overtaken(self, wish: Wish) -> bool:
        latest = self._place.wish()
        return self._ending or latest is None or latest.id != wish.id

    async def _roll_out(self, wish: Wish) -> None:
        """Start a server for a wish, and let it take over once it is ready; when it fails, nothing has changed."""
        self._say(wish=wish.id, state="pending" if self._server is None else "updating", reason=None)
        LOGGER.info("starting a server of %s", wish.digest)
        listener = None
        try:
            listener = self._listener_for(wish)
            server = await self._ready_server(wish)
        except (ServerFailedError, ModelpackError, OSError) as error:
            self._give_up(wish, str(error), listener)
            return
        except BaseException:
            self._let_go(wish, listener)
            raise
        former = self._server
        gone = self._take_over(server, listener)
        if former is not None:
            await asyncio.shield(self._later(self._retire(former, gone)))
        self._say(state="ready")

    async def _revive(self, server: Server) -> None:
        """Start a server in place of one that ended by itself."""
        LOGGER.error("%s; another takes its place", server.ending())
        self._say(state="failed", reason=f"{server.ending()}; it is being started again", server=None)
        lasted = asyncio.get_running_loop().time() - server.started_at > _LONG
        self._pause = _FIRST_PAUSE if lasted else min(self._pause * 2, _LONGEST_PAUSE)
        await asyncio.sleep(self._pause)
        try:
            self._take_over(await self._ready_server(server.wish), None)
            self._say(state="ready")
            await server.end()
        except (ServerFailedError, ModelpackError, OSError) as error:
            LOGGER.error("%s", error)  # noqa: TRY400 - it is no bug

    async def _ready_server(self, wish: Wish) -> Server:
        self._started += 1
        server = await Server.started(self._place, wish, self._started)
        try:
            await server.ready()
        except BaseException:
            await server.end()
            raise
        return server

    def _listener_for(self, wish: Wish) -> socket.socket | None:
        """What the wish wants to be listened on; None when that is where this process listens already."""
        if self._front is not None and wish.host == self._host and wish.port in {0, self._front.port}:
            return None
        if wish.port or not self._status.port:
            return listening_socket(wish.host, wish.port)
        try:
            return listening_socket(wish.host, self._status.port)  # the one that it had before
        except InvalidArgumentError:
            return listening_socket(wish.host, 0)

    def _take_over(self, server: Server, listener: socket.socket | None) -> tuple[Backend, ...]:
        """Hand all requests from now on to a server, and answer what they went to before."""
        gone = self._routes.replace([server.address])
        self._server = server
        front = self._front_at(server.wish, listener)
        server.wish.write(self._place.serving_file)
        self._say(
            reason=None,
            revision=server.wish.revision,
            digest=server.wish.digest,
            port=front.port,
            endpoint=_url(server.wish.host, front.port),
            server=server.process.pid,
        )
        return gone

    def _front_at(self, wish: Wish, listener: socket.socket | None) -> Front:
        """The public port: the one there is, or a new one in its place."""
        former = self._front
        if former is not None and listener is None:
            return former
        if former is not None:
            self._later(former.close(wish.grace))
        self._front = Front(Forwarder(self._routes), listener or listening_socket(wish.host, wish.port))
        self._host = wish.host
        return self._front

    def _give_up(self, wish: Wish, reason: str, listener: socket.socket | None) -> None:
        """Go on with what serves, or say that nothing does."""
        LOGGER.error("the change failed: %s", reason)
        self._let_go(wish, listener)
        serves = self._server is not None and self._server.process.returncode is None
        self._say(state="ready" if serves else "failed", reason=reason)

    def _let_go(self, wish: Wish, listener: socket.socket | None) -> None:
        """Drop what was made for a change that is not made."""
        if listener is not None:
            listener.close()
        self._place.remove_model(wish.id)

    async def _retire(self, server: Server, gone: tuple[Backend, ...]) -> None:
        await drained(gone, server.wish.grace)
        await server.end()
        self._place.remove_model(server.wish.id)

    def _later(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Do something to its end, whatever else there is to do."""
        task = asyncio.create_task(work)
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)
        return task

    def _say(self, **changes: object) -> None:
        self._status = self._status.model_copy(update=changes)
        if self._place.directory.is_dir():
            self._status.write(self._place.status_file)

    async def _close(self) -> None:
        """Let requests finish, and end all servers."""
        if self._ending:
            self._say(state="deleting")
        if self._front is not None:
            await self._front.close(self._server.wish.grace if self._server is not None else 0)
        if self._server is not None:
            await self._server.end()
        await asyncio.gather(*self._farewells, return_exceptions=True)


def _url(host: str, port: int) -> str:
    host = _ANY.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

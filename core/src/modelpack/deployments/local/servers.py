"""One scoring server as a process: started, watched until it is ready, ended."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from modelpack.deployments.forwarding.addresses import Address
from modelpack.deployments.forwarding.probing import is_ready
from modelpack.deployments.local import locks
from modelpack.deployments.local.ports import free_port
from modelpack.errors import DeployError

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack.deployments.local.places import Place
    from modelpack.deployments.local.records import Wish

_LATE = 10.0
"""Seconds beyond its grace after which a server that was told to end is killed."""

_TAIL = 65_536
"""Bytes of the log in which a server's last words are looked for."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5


class ServerFailedError(Exception):
    """A server ended, or did not become ready."""


class Server:
    """A scoring server.

    Its process inherits a lock, by which whoever comes later knows whether it still lives.

    Attributes:
        wish: What it serves.
        address: Where it listens.
        process: The process.
        started_at: When it was started, by the event loop's clock.
    """

    def __init__(
        self, place: Place, wish: Wish, address: Address, process: asyncio.subprocess.Process, lock: Path
    ) -> None:
        """Hold what `started` has started."""
        self._lock = lock
        self.started_at = asyncio.get_running_loop().time()
        self.wish = wish
        self.address = address
        self.process = process
        self._place = place
        self._said_from = place.log_file.stat().st_size

    @classmethod
    async def started(cls, place: Place, wish: Wish, number: int) -> Server:
        """Start a server of a wish's model; it may fail yet."""
        address = _free_address(wish.host, number)
        lock = place.server_lock(number)
        descriptor = locks.take(lock)
        if descriptor is None:
            raise DeployError(f"{lock} is held by another server", code="conflict")
        try:
            process = await asyncio.create_subprocess_exec(
                *_command(place, wish, address),
                cwd=place.directory,
                env={**os.environ, **wish.environment},
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(descriptor,),
            )
            locks.sign(descriptor, process.pid)
        finally:
            os.close(descriptor)
        return cls(place, wish, address, process, lock)

    async def ready(self) -> None:
        """Wait until it answers requests.

        Raises:
            ServerFailedError: It ended before, or took too long.
        """
        try:
            async with asyncio.timeout(self.wish.start_timeout):
                await self._ready()
        except TimeoutError:
            raise ServerFailedError(f"the server was not ready after {self.wish.start_timeout:g} s") from None

    async def end(self) -> None:
        """Let it finish its requests, and wait until it is gone."""
        with suppress(ProcessLookupError):
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), self.wish.grace + _LATE)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
        self._forget()

    def ending(self) -> str:
        """How it ended, in its own last words where it had some."""
        code = self.process.returncode or 0
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return self._last_words() or f"the server {how}"

    async def _ready(self) -> None:
        pause = _FIRST_PAUSE
        while not await is_ready(self.address):
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self.process.wait()), pause)
            if self.process.returncode is not None:
                raise ServerFailedError(self.ending())
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _last_words(self) -> str | None:
        with self._place.log_file.open("rb") as log:
            log.seek(max(self._said_from, self._place.log_file.stat().st_size - _TAIL))
            lines = log.read().decode("utf-8", "replace").splitlines()
        return next((line.removeprefix("error: ") for line in reversed(lines) if line.startswith("error: ")), None)

    def _forget(self) -> None:
        if self.address.port is None:
            (self._place.directory / self.address.host).unlink(missing_ok=True)
        self._lock.unlink(missing_ok=True)


def _command(place: Place, wish: Wish, address: Address) -> list[str]:
    where = (
        [f"--socket={address.host}"] if address.port is None else [f"--host={address.host}", f"--port={address.port}"]
    )
    model = [f"--model={place.model(wish.id)}", f"--trust={wish.digest}", f"--name={wish.name}"]
    return [sys.executable, "-P", "-m", "modelpack", "serve", *where, *model, *wish.arguments]


def _free_address(host: str, number: int) -> Address:
    """Where a server listens that only its forwarder is to reach.

    A deployment for this machine alone keeps browsers' pages of other sites out by the name that they call it; its
    server does so where it listens on a loopback address, too. One for other machines listens on a Unix socket; the
    path is relative, because it must be short.
    """
    with suppress(ValueError):
        if host == "localhost" or ipaddress.ip_address(host).is_loopback:
            return Address(host, free_port(host))
    return Address(f"server-{number}.sock")

"""A process that answers requests: the web server round the application, and its ties to the supervisor."""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import os
import signal
import socket
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import uvicorn

from modelpack.pyfunc.forking import leave
from modelpack.pyfunc.signals import leave_to_supervisor
from modelpack.serving.app import create_app
from modelpack.serving.errors import ShuttingDownError, error_response
from modelpack.serving.observing import logs
from modelpack.serving.processes.accepting import FairAcceptor
from modelpack.serving.processes.configuration import read_configuration
from modelpack.serving.processes.protocol import KEEP_ALIVE, HttpProtocol
from modelpack.serving.processes.reports import ALIVE, EXHAUSTED, READY, STALLED, Reports
from modelpack.serving.processes.tls import tls_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from starlette.types import ASGIApp, Receive, Scope, Send

    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.serving.scoring.engine import Engine
    from modelpack.serving.settings import ServerSettings

_TICKS_A_SECOND = 10


def serve_requests(
    model: PyFuncModel,
    settings: ServerSettings,
    listener: socket.socket,
    ready: Callable[[], object],
    supervised: Supervised | None = None,
) -> None:
    """Answer requests on a listening socket until a signal says to stop; then finish those at hand.

    Args:
        model: The loaded model.
        settings: The server's settings.
        listener: The socket.
        ready: Called once requests are answered.
        supervised: The ties to a supervisor; None when this process is the whole server.

    Raises:
        ModelpackError: What the settings name cannot be used.
    """
    config = uvicorn.Config(
        _answered_to_the_last(create_app(model, settings=settings)),
        http=HttpProtocol,
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,  # the application writes its own
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=max(1, round(settings.grace)),
    )
    config.load()
    config.ssl = tls_context(settings)
    gc.collect()
    gc.freeze()  # what is loaded stays: collections no longer walk through it
    _Server(config, ready, supervised).run(sockets=[listener])


def _answered_to_the_last(app: ASGIApp) -> ASGIApp:
    """An application whose requests are answered even if they are given up at the end of the grace."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            if scope["type"] != "http":
                raise
            error = ShuttingDownError("the server was stopped before the model was done")
            with suppress(RuntimeError):  # the answer was under way
                await error_response(error, debug=False)(scope, receive, send)

    return answer


class Supervised:
    """A worker's ties to its supervisor: what it tells it, and how it learns that it is gone."""

    def __init__(self, reports: Reports, lifeline: int, *, shared: bool) -> None:
        """Report through one pipe; the other one ends when the supervisor does. `shared`: there are other workers."""
        self.shared = shared
        self._reports = reports
        self._lifeline = lifeline
        self._told = self._stalled = False
        self._supervisor = os.getppid()

    def attach(self, loop: asyncio.AbstractEventLoop, orphaned: Callable[[], None]) -> None:
        """Say that requests are answered, and watch for the supervisor's end."""
        self._reports.say(READY)

        def ended() -> None:
            loop.remove_reader(self._lifeline)
            orphaned()

        loop.add_reader(self._lifeline, ended)

    def beat(self, *, exhausted: bool) -> None:
        """Say that the event loop turns, and once if the worker should be replaced."""
        self._reports.say(ALIVE)
        if exhausted and not self._told:
            self._told = True
            self._reports.say(EXHAUSTED)

    def stalled(self) -> None:
        """Say once that the event loop stands still; or end this process, if nobody is left to do it."""
        if not self._stalled:
            self._stalled = True
            self._reports.say(STALLED)
        if os.getppid() != self._supervisor:
            leave(1)


class _Server(uvicorn.Server):
    """Uvicorn's server with other signals: in a worker, only SIGTERM stops it, and not even that twice."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object], supervised: Supervised | None) -> None:
        super().__init__(config)
        self._ready = ready
        self._supervised = supervised
        self._acceptors: list[FairAcceptor] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections: alone as the event loop does it, among others so that each gets its share."""
        shared = (sockets or []) if self._supervised is not None and self._supervised.shared else []
        await super().startup([] if shared else sockets)
        if not self.started:
            return
        tasks = self.server_state.tasks
        self._engine().count_requests_by(lambda: len(tasks))
        self._acceptors = [FairAcceptor(each, self._protocol, self.config.ssl) for each in shared]
        self._ready()
        if self._supervised is not None:
            self._engine().lend_loop(self._supervised.stalled)
            self._supervised.attach(asyncio.get_running_loop(), self._stop)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for acceptor in self._acceptors:
            acceptor.close()
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn makes them
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    async def on_tick(self, counter: int) -> bool:
        if self._supervised is not None and counter % _TICKS_A_SECOND == 0:
            self._supervised.beat(exhausted=self._engine().exhausted)
        return await super().on_tick(counter)

    def _engine(self) -> Engine:
        engine: Engine = self.lifespan.state["engine"]
        return engine

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal, without raising it once more afterwards as uvicorn does."""
        numbers = [signal.SIGTERM] if self._supervised is not None else [signal.SIGTERM, signal.SIGINT]
        former = {number: signal.signal(number, self._on_signal) for number in numbers}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the interpreter passes it
        self.force_exit = self.should_exit and self._supervised is None
        self._stop()

    def _stop(self) -> None:
        self.should_exit = True


def become_worker() -> None:
    """Leave the signals of the terminal to the supervisor, and show where a crash happened."""
    leave_to_supervisor()
    with suppress(OSError, ValueError, AttributeError):  # standard error may be closed, or no file
        faulthandler.enable()


def work(
    load: Callable[[], PyFuncModel], settings: ServerSettings, listener: socket.socket, ties: tuple[int, int]
) -> int:
    """Be a worker until told to stop.

    Args:
        load: Answers the model.
        settings: The server's settings.
        listener: The socket.
        ties: The pipe to report through, and the one that ends with the supervisor.

    Returns:
        The exit code.
    """
    reports = Reports(ties[0])
    supervised = Supervised(reports, ties[1], shared=settings.workers > 1)
    try:
        serve_requests(load(), settings, listener, lambda: None, supervised)
    except SystemExit as stop:
        reports.failed(RuntimeError("the application did not start; the log says why"))
        return stop.code if isinstance(stop.code, int) else 1
    except Exception as error:  # noqa: BLE001 - the supervisor is told, whatever it is
        reports.failed(error)
        return 1
    return 0


def main() -> None:
    """Be a worker that was started as a program of its own; its configuration comes on standard input."""
    become_worker()
    configuration = read_configuration(sys.stdin.buffer.read())
    logs.configure(configuration.settings.log_format)
    sys.path[:] = configuration.search_path
    code = work(
        configuration.source.load,
        configuration.settings,
        socket.socket(fileno=configuration.listener),
        (configuration.reports, configuration.lifeline),
    )
    leave(code)


if __name__ == "__main__":
    main()

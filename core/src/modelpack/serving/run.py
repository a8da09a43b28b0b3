"""The scoring server as a process."""

from __future__ import annotations

import errno
import gc
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from modelpack.errors import InvalidArgumentError
from modelpack.schema.signature_text import signature_line
from modelpack.serving.app import create_app
from modelpack.serving.example import curl_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.serving.settings import ServerSettings

_STOPPING = (signal.SIGINT, signal.SIGTERM)


def serve(model: PyFuncModel, settings: ServerSettings, announce: Callable[[str], None]) -> None:
    """Serve a model until SIGINT or SIGTERM, then finish the requests at hand and return.

    Args:
        model: The loaded model.
        settings: Where to listen, and the limits.
        announce: Called once the server listens, with where it does, which model it serves and a command to try.

    Raises:
        InvalidArgumentError: The address or port cannot be listened on.
    """
    with listening_socket(settings.host, settings.port) as listener:
        url = _url(listener)
        lines = (
            f"listening on {url}",
            f"model      {model!r}",
            f"digest     {model.digest}",
            f"signature  {signature_line(model.signature)}",
            f"try        {curl_line(model, url)}",
        )
        run(create_app(model, settings=settings), settings, listener, lambda: announce("\n".join(lines)))


def run(app: ASGIApp, settings: ServerSettings, listener: socket.socket, ready: Callable[[], object]) -> None:
    """Run an application on a listening socket until SIGINT or SIGTERM.

    Args:
        app: The application.
        settings: The server's settings.
        listener: The socket.
        ready: Called once requests are answered.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # it costs a fifth of a fast request
        server_header=False,
        timeout_graceful_shutdown=max(1, round(settings.grace)),
    )
    gc.collect()
    gc.freeze()  # what is loaded stays: collections no longer walk through it
    with _stopping_is_no_error():
        _Server(config, ready).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


@contextmanager
def _stopping_is_no_error() -> Iterator[None]:
    """Uvicorn raises the signal that stopped it once more when it has finished; that one shall do nothing."""
    former = {number: signal.signal(number, lambda *_: None) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens on an address and port.

    Raises:
        InvalidArgumentError: The port is taken or reserved, or the address is not this machine's.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)  # asyncio turns Nagle off only where the protocol is given
    except OSError as error:
        raise InvalidArgumentError(f"{host} is no address of this machine: {error.strerror}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise _bind_error(error, host, port) from error
    listener.set_inheritable(True)
    return listener


def _bind_error(error: OSError, host: str, port: int) -> InvalidArgumentError:
    if error.errno == errno.EADDRINUSE:
        return InvalidArgumentError(
            f"port {port} on {host} is taken by another program", hint="choose another with --port; 0 finds a free one"
        )
    return InvalidArgumentError(f"cannot listen on {host}, port {port}: {error.strerror}")


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

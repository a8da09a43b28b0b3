"""The one socket that a server's processes accept connections on."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelpack.serving.settings import ServerSettings

BACKLOG = 2048
"""Connections that wait to be accepted, while a worker starts, say."""

_OWNER_AND_GROUP = 0o117
"""The mask under which a Unix socket is made: nobody else may connect."""


@contextmanager
def listening(settings: ServerSettings) -> Iterator[socket.socket]:
    """Listen where the settings say, until the block ends; the file of a Unix socket is removed then.

    Raises:
        InvalidArgumentError: The port or path is taken, or cannot be listened on.
    """
    if settings.socket is None:
        with listening_socket(settings.host, settings.port) as listener:
            yield listener
        return
    with unix_socket(settings.socket) as listener:
        made = _identity(settings.socket)
        try:
            yield listener
        finally:
            if _identity(settings.socket) == made:  # no other server has put its own there
                settings.socket.unlink()


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
        if os.name == "posix":  # on Windows it would share the port with any program
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _bind_error(error, host, port) from error
    return listener


def _bind_error(error: OSError, host: str, port: int) -> InvalidArgumentError:
    if error.errno == errno.EADDRINUSE:
        return InvalidArgumentError(
            f"port {port} on {host} is taken by another program", hint="choose another with --port; 0 finds a free one"
        )
    return InvalidArgumentError(f"cannot listen on {host}, port {port}: {error.strerror}")


def unix_socket(path: Path) -> socket.socket:
    """A Unix socket that listens at a path, for the user and the group of this process.

    A socket file that nobody listens at any more is replaced.

    Raises:
        InvalidArgumentError: Another server listens there, a file of another kind is there, or the path cannot be used.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise InvalidArgumentError("this system has no Unix sockets", hint="listen on --host and --port")
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(_OWNER_AND_GROUP)
    try:
        listener.bind(str(path))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise InvalidArgumentError(f"cannot listen at the socket {path}: {error.strerror or error}") from error
    finally:
        os.umask(mask)
    return listener


def _remove_stale(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError:
        return  # there is nothing, or binding will say what is wrong
    if not stat.S_ISSOCK(mode):
        raise InvalidArgumentError(f"{path} is there, and no socket", hint="choose another path with --socket")
    if _answers(path):
        raise InvalidArgumentError(
            f"the socket {path} is taken by another server", hint="stop it, or choose another path with --socket"
        )
    with suppress(OSError):
        path.unlink()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True  # it is busy, or another user's
    return True


def _identity(path: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None


def is_loopback(listener: socket.socket) -> bool:
    """Whether only this machine can reach a socket."""
    address = listener.getsockname()
    if not isinstance(address, tuple):
        return True
    return ipaddress.ip_address(address[0].partition("%")[0]).is_loopback


def url_of(listener: socket.socket, scheme: str) -> str:
    """The URL at which a socket is reached; a Unix socket has any host's name."""
    address = listener.getsockname()
    if not isinstance(address, tuple):
        return f"{scheme}://localhost"
    host, port = address[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

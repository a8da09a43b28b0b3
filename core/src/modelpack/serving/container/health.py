"""Asking the server of this container whether it is ready: what an image's HEALTHCHECK runs."""

from __future__ import annotations

import http.client
import socket
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING

from modelpack.serving.container.port import listening_port

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 4.0
_WILDCARDS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - read here, not listened on


def is_healthy(environ: Mapping[str, str]) -> bool:
    """Whether `GET /health` answers 200, where the variables say that the server listens."""
    connection = _connection(environ)
    try:
        connection.request("GET", "/health", headers={"Host": "localhost"})
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _connection(environ: Mapping[str, str]) -> http.client.HTTPConnection:
    path = environ.get("MODELPACK_SOCKET")
    if path:
        return _UnixConnection(path)
    host = environ.get("MODELPACK_HOST", "")
    address = "127.0.0.1" if host in _WILDCARDS else host
    if environ.get("MODELPACK_TLS_CERTIFICATE"):
        context = ssl._create_unverified_context()  # noqa: S323, SLF001 - it is this container's own certificate
        return http.client.HTTPSConnection(address, listening_port(environ), timeout=_SECONDS, context=context)
    return http.client.HTTPConnection(address, listening_port(environ), timeout=_SECONDS)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)

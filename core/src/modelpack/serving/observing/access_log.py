"""One line of log for each request, but those of probes that found everything well."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from modelpack.serving.observing.logs import json_line, one_line, stream_of, timestamp, write_line

if TYPE_CHECKING:
    from starlette.types import Scope

    from modelpack.serving.settings import LogFormat

_LONGEST = 500
_PROBES = frozenset({"/ping", "/health", "/v2/health/live", "/v2/health/ready", "/metrics"})
_FIRST_FAILURE = 400


class AccessLog:
    """Writes past the logging module, whose records cost ten times as much as the line."""

    def __init__(self, log_format: LogFormat) -> None:
        """Write in a format to its stream."""
        self._stream = stream_of(log_format)
        self._line = _json_line if log_format == "json" else _text_line

    def write(self, scope: Scope, status: int, size: int, seconds: float, facts: dict[str, str]) -> None:
        """Note that a request was answered; a probe's only when it was refused, or told that something is wrong.

        Args:
            scope: The request.
            status: Of the answer.
            size: Bytes of the answer's body.
            seconds: From the request's head to the end of the answer.
            facts: What else is known: the request's id, its route, the trace it belongs to.
        """
        if status >= _FIRST_FAILURE or facts["route"] not in _PROBES:
            write_line(self._stream, self._line(scope, status, size, seconds, facts))


def _text_line(scope: Scope, status: int, size: int, seconds: float, facts: dict[str, str]) -> bytes:
    return (
        f"{timestamp(time.time())} INFO {_client(scope)} {scope['method']} {_path(scope)} {status} {size}B "
        f"{seconds * 1000:.1f}ms request={facts['request_id']}\n"
    ).encode("utf-8", "backslashreplace")


def _json_line(scope: Scope, status: int, size: int, seconds: float, facts: dict[str, str]) -> bytes:
    path = _path(scope)
    entry: dict[str, Any] = {
        "time": timestamp(time.time()),
        "level": "info",
        "logger": "modelpack.access",
        "message": f"{scope['method']} {path} {status}",
        "method": scope["method"],
        "path": path,
        "status": status,
        "bytes": size,
        "seconds": round(seconds, 6),
        "client": _client(scope),
    }
    return json_line({**entry, **facts})


def _client(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "-"


def _path(scope: Scope) -> str:
    """The path as it was sent, since percent signs keep its line breaks harmless; what a query says may be secret."""
    raw: bytes | None = scope.get("raw_path")
    path = scope["path"] if raw is None else raw.partition(b"?")[0].decode("latin-1")
    return one_line(path[:_LONGEST])

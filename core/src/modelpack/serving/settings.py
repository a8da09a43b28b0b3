"""What a scoring server can be told."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from pathlib import Path

Protocol: TypeAlias = Literal["modelpack", "mlflow-0.9", "mlflow-0.1"]
"""Which answers the clients expect.

Today's, the bare lists of MLflow 0.9 (S111), or those of 0.1's `mlflow sklearn serve` (S118).
"""

LogFormat: TypeAlias = Literal["text", "json"]
"""How the server writes its log."""

_HIGHEST_PORT = 65_535
_SIZE = re.compile(r"(\d+)\s*([kKMG]?)(i?)B?")
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Settings of one scoring server.

    Attributes:
        host: The address to listen on.
        port: The port; 0 lets the system choose a free one.
        socket: The path of a Unix socket to listen on in place of host and port.
        tls_certificate: The file with the certificate chain, in PEM; None to speak plain HTTP.
        tls_key: The file with the certificate's private key; None when it stands in the certificate's file.
        api_key_file: A file with one key in each line; requests must then bring one of them.
        workers: How many processes score.
        threads: How many calls to the model a process makes at a time; 0 to make them on the event loop, where a fast
            model answers soonest and a slow one holds up everything else.
        loop_calls: Whether the event loop makes calls itself that have proved to be quick, if there is a supervisor.
        max_batch: The most rows that requests which wait together are joined to; 1 to predict each alone.
        max_delay: Seconds that a request waits for others to be joined to even when a thread is idle.
        max_queue: How many requests may wait for the model in a process; one more is refused with 429.
        max_body: The largest request body in bytes, compressed or not.
        timeout: Seconds until a request is answered with 504; the model's own work cannot be stopped.
        grace: Seconds that requests have to finish after SIGTERM.
        warm_up: Whether the model has to predict its stored input example before the server says that it is ready.
        model_name: What the Open Inference Protocol calls the model; None to take its directory's name.
        protocol: Which answers the clients expect.
        log_format: How the log is written.
        access_log: Whether each request is logged.
        debug: Whether answers carry the traceback of a failure.
    """

    host: str = "127.0.0.1"
    port: int = 5000
    socket: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    api_key_file: Path | None = None
    workers: int = 1
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    loop_calls: bool = False
    max_batch: int = 1024
    max_delay: float = 0.0
    max_queue: int = 256
    max_body: int = 100_000_000
    timeout: float = 60.0
    grace: float = 30.0
    warm_up: bool = True
    model_name: str | None = None
    protocol: Protocol = "modelpack"
    log_format: LogFormat = "text"
    access_log: bool = True
    debug: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidArgumentError: A value is out of its range.
        """
        if not 0 <= self.port <= _HIGHEST_PORT:
            raise InvalidArgumentError(f"port {self.port} is not between 0 and {_HIGHEST_PORT}")
        if self.threads < 0 or self.max_delay < 0:
            raise InvalidArgumentError("threads and max delay must not be negative")
        for name in ("max_body", "max_batch", "max_queue", "timeout", "workers"):
            if getattr(self, name) <= 0:
                raise InvalidArgumentError(f"{name.replace('_', ' ')} must be more than 0; it is {getattr(self, name)}")


def parse_size(text: str) -> int:
    """A number of bytes from a text such as `100MB`, `64KiB` or `1048576`.

    Raises:
        InvalidArgumentError: It is no size.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise InvalidArgumentError(f"{text!r} is no size", hint="for example: 500kB, 100MB or 1GiB")
    number, unit, binary = match.groups()
    size: int = int(number) * (1024 if binary else 1000) ** _POWERS[unit]
    return size

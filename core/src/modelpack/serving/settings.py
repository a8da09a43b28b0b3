"""What a scoring server can be told."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from modelpack.errors import InvalidArgumentError

Protocol: TypeAlias = Literal["modelpack", "mlflow-0.9", "mlflow-0.1"]
"""Which answers the clients expect.

Today's, the bare lists of MLflow 0.9 (S111), or those of 0.1's `mlflow sklearn serve` (S118).
"""

_HIGHEST_PORT = 65_535
_SIZE = re.compile(r"(\d+)\s*([kKMG]?)(i?)B?")
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Settings of one scoring server.

    Attributes:
        host: The address to listen on.
        port: The port; 0 lets the system choose a free one.
        max_body: The largest request body in bytes, compressed or not.
        timeout: Seconds until a request is answered with 504; the model's own work cannot be stopped.
        threads: How many requests are predicted at a time.
        protocol: Which answers the clients expect.
        debug: Whether answers carry the traceback of a failure.
        grace: Seconds that requests have to finish after SIGTERM.
    """

    host: str = "127.0.0.1"
    port: int = 5000
    max_body: int = 100_000_000
    timeout: float = 60.0
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    protocol: Protocol = "modelpack"
    debug: bool = False
    grace: float = 30.0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidArgumentError: A value is out of its range.
        """
        if not 0 <= self.port <= _HIGHEST_PORT:
            raise InvalidArgumentError(f"port {self.port} is not between 0 and {_HIGHEST_PORT}")
        for name in ("max_body", "timeout", "threads"):
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

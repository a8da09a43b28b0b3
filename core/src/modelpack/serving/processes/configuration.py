"""What a worker that is a program of its own is told, as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from modelpack.pyfunc.source import ModelSource
from modelpack.serving.settings import ServerSettings

_PATHS = ("socket", "tls_certificate", "tls_key", "api_key_file")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfiguration:
    """Everything that a worker does not inherit by itself.

    Attributes:
        settings: The server's settings.
        source: Where the model comes from.
        search_path: Where the supervisor finds modules.
        listener: The descriptor of the listening socket.
        reports: The descriptor of the pipe to report through.
        lifeline: The descriptor of the pipe that ends with the supervisor.
    """

    settings: ServerSettings
    source: ModelSource
    search_path: list[str]
    listener: int
    reports: int
    lifeline: int

    def text(self) -> bytes:
        """The configuration as JSON."""
        return orjson.dumps(asdict(self), default=str)


def read_configuration(text: bytes) -> WorkerConfiguration:
    """The configuration from JSON."""
    content = orjson.loads(text)
    settings = content.pop("settings")
    for name in _PATHS:
        settings[name] = None if settings[name] is None else Path(settings[name])
    source = ModelSource(**content.pop("source"))
    return WorkerConfiguration(settings=ServerSettings(**settings), source=source, **content)

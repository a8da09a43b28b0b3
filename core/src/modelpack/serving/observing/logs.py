"""The server's log: one line a message as text, or one JSON object."""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from modelpack.serving.observing.request_ids import REQUEST_ID

if TYPE_CHECKING:
    from modelpack.serving.settings import LogFormat

_STREAMS: dict[LogFormat, int] = {"text": 2, "json": 1}
_KNOWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_INDENT = "    "


def configure(log_format: LogFormat) -> None:
    """Send what this process logs, Python's warnings too, to standard error as text or to standard output as JSON.

    Whose handlers the root logger has already keep them; calling this again replaces what it did before.
    """
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, LogHandler):
            root.removeHandler(handler)
    root.addHandler(LogHandler(log_format))
    logging.getLogger("modelpack").setLevel(logging.INFO)
    logging.captureWarnings(capture=True)


def stream_of(log_format: LogFormat) -> int:
    """The file descriptor that a log of this format goes to."""
    return _STREAMS[log_format]


class LogHandler(logging.Handler):
    """Writes records with the id of the request that they belong to."""

    def __init__(self, log_format: LogFormat) -> None:
        """Write in a format to its stream."""
        super().__init__()
        self._stream = stream_of(log_format)
        self._line = _json_line if log_format == "json" else _text_line

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; one that cannot be written must not make the request fail."""
        try:
            line = self._line(record)
        except Exception:  # noqa: BLE001 - arguments that do not fit the message, values that cannot be shown
            self.handleError(record)
        else:
            write_line(self._stream, line)


def write_line(stream: int, line: bytes) -> None:
    """Write a line in one go, so that those of several processes do not mix; nobody may read it any more."""
    rest = memoryview(line)
    with suppress(OSError):
        while rest:
            rest = rest[os.write(stream, rest) :]


def timestamp(seconds: float) -> str:
    """A moment as RFC 3339 writes it, in UTC."""
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1000):03d}Z"


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    """Most lines share it with the one before."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def one_line(text: str) -> str:
    """A text without the characters by which it could pass for several entries, or steer a terminal."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


def _text_line(record: logging.LogRecord) -> bytes:
    parts = [timestamp(record.created), record.levelname, f"{record.name}:", one_line(record.getMessage())]
    name = REQUEST_ID.get()
    if name is not None:
        parts.append(f"request={name}")
    lines = [" ".join(parts), *(_INDENT + one_line(line) for line in _stack(record).split("\n") if line)]
    return "\n".join(lines).encode("utf-8", "backslashreplace") + b"\n"


def _json_line(record: logging.LogRecord) -> bytes:
    entry: dict[str, Any] = {
        "time": timestamp(record.created),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage(),
        "process": record.process,
        "thread": record.threadName,
    }
    name = REQUEST_ID.get()
    if name is not None:
        entry["request_id"] = name
    if stack := _stack(record):
        entry["stack"] = stack
    extra = {key: value for key, value in record.__dict__.items() if key not in _KNOWN and key not in entry}
    return json_line({**entry, **extra})


def json_line(entry: dict[str, Any]) -> bytes:
    """One JSON object with the line's end; what JSON does not know stands as its `repr`."""
    options = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
    try:
        return orjson.dumps(entry, default=repr, option=options)
    except orjson.JSONEncodeError:  # lone surrogates, or integers past 64 bits
        texts = {str(key): str(value).encode("utf-8", "backslashreplace").decode() for key, value in entry.items()}
        return orjson.dumps(texts, option=options)


def _stack(record: logging.LogRecord) -> str:
    formatter = logging.Formatter()
    parts = [formatter.formatException(record.exc_info)] if record.exc_info and record.exc_info[0] else []
    if record.stack_info:
        parts.append(record.stack_info)
    return "\n".join(parts)

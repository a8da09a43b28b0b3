"""What a worker tells its supervisor, through a pipe."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import orjson

from modelpack.errors import ModelpackError

if TYPE_CHECKING:
    from collections.abc import Iterator

READY: Final = b"R"
"""It takes requests."""
ALIVE: Final = b"."
"""Its event loop turns."""
EXHAUSTED: Final = b"X"
"""Its threads are lost to calls that never return; it should be replaced."""
STALLED: Final = b"S"
"""Its event loop stands still in a call that was expected to be quick; it should be replaced."""
_FAILED: Final = b"E"
"""It could not start: the error follows, up to the end."""

_SINGLE = (READY, ALIVE, EXHAUSTED, STALLED)
_PIECE = 65_536


class Reports:
    """The worker's end. A supervisor that is gone or slow is no reason to fail."""

    def __init__(self, descriptor: int) -> None:
        """Write to a pipe."""
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)

    def say(self, report: bytes) -> None:
        """Tell one of the reports above."""
        with suppress(OSError):
            os.write(self._descriptor, report)

    def failed(self, error: BaseException) -> None:
        """Tell why the worker ends before it was ready."""
        told = error if isinstance(error, ModelpackError) else ModelpackError(f"{type(error).__name__}: {error}")
        content = {"error_code": told.error_code, "message": told.message, "hint": told.hint}
        self.say(_FAILED + orjson.dumps(content))


class WorkerError(ModelpackError):
    """A worker could not start; the error is as it told it."""

    def __init__(self, message: str, *, hint: str | None, error_code: str) -> None:
        """Take an error over from another process."""
        super().__init__(message, hint=hint)
        self.error_code = error_code  # type: ignore[misc]  # of the instance: the class of the error is unknown here


class Inbox:
    """The supervisor's end."""

    def __init__(self, descriptor: int) -> None:
        """Read from a pipe."""
        self.descriptor = descriptor
        self._failure = b""
        self.ended = False
        os.set_blocking(descriptor, False)

    def reports(self) -> Iterator[bytes]:
        """What came since the last time."""
        try:
            data = os.read(self.descriptor, _PIECE)
        except BlockingIOError:
            return
        if not data:
            self.ended = True
        for position in range(len(data)):
            report = data[position : position + 1]
            if self._failure or report not in _SINGLE:
                self._failure += data[position:]
                return
            yield report

    @property
    def failure(self) -> WorkerError | None:
        """Why the worker could not start, as far as it told."""
        try:
            return WorkerError(**orjson.loads(self._failure.removeprefix(_FAILED)))
        except (orjson.JSONDecodeError, TypeError):
            return None

    def close(self) -> None:
        """Read no more."""
        os.close(self.descriptor)

"""Being told to stop while something else runs in the foreground."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM raise `KeyboardInterrupt` in the block, as Ctrl-C does, so that what was started is ended."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    former = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the interpreter passes both
    raise KeyboardInterrupt

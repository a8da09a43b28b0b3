"""Signals of processes that work for another: who acts on them, and when."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SUPERVISED: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGCHLD") if hasattr(signal, name)
)
"""What a supervisor acts on."""


@contextmanager
def held() -> Iterator[None]:
    """Keep signals back while a child is started, until it has handlers of its own."""
    former = signal.pthread_sigmask(signal.SIG_BLOCK, SUPERVISED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def leave_to_supervisor() -> None:
    """In a worker: let the terminal's signals go by, and take what was held back."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SUPERVISED)


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Let SIGTERM end the process while nothing is served yet: as process 1 of a container it would be ignored."""
    former = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _end(number: int, frame: object) -> None:  # noqa: ARG001 - the interpreter passes both
    raise SystemExit(0)

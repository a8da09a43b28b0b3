"""Waiting for what other processes do, which tell nobody when they are so far."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_PAUSE = 0.02


def is_running(pid: int) -> bool:
    """Whether there is such a process, on Linux; one that has ended and is only remembered does not count.

    A process that was killed runs on for a moment, and has closed its files and given up its locks before it is gone.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] not in {b"Z", b"X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition: Callable[[], T], seconds: float = 100) -> T:
    """What `condition` answers as soon as that is true.

    Raises:
        AssertionError: It was not for so many seconds.
    """
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not come within {seconds:g} seconds")
        time.sleep(_PAUSE)
    return answer

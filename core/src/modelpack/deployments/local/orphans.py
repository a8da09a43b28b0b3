"""Processes that outlived the one that was to end them."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from modelpack.deployments.local import locks

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack.deployments.local.places import Place

_SECONDS = 10.0
_PAUSE = 0.05


def end_orphans(place: Place) -> None:
    """End the servers of a keeper that was killed, and remove what they listened at."""
    for lock in place.server_locks():
        end(lock, _SECONDS)
        lock.unlink(missing_ok=True)
    for socket in place.directory.glob("server-*.sock"):
        socket.unlink(missing_ok=True)


def end(lock: Path, seconds: float) -> None:
    """Tell the process that holds a lock to end, and kill it when it has not after so many seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        pid = locks.holder(lock)
        if not pid:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        _await_end(lock, seconds)


def _await_end(lock: Path, seconds: float) -> None:
    until = time.monotonic() + seconds
    while locks.holder(lock) is not None and time.monotonic() < until:
        time.sleep(_PAUSE)

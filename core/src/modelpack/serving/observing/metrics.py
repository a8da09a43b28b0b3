"""What the server counts, for Prometheus."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from modelpack.serving.observing.shared_tallies import (
    SharedTallies,
    forget_process,
    prepare_directory,
    shared_directory,
)
from modelpack.serving.observing.tallies import Histogram

if TYPE_CHECKING:
    from modelpack.serving.observing.tallies import Tallies

__all__ = ["Metrics", "forget_process", "prepare_directory"]

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
REQUESTS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
ROWS = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0)
_EVERY = 0.25


class Metrics:
    """Counts in this process, cheaply, and shows the counts to the server's other processes now and then.

    Attributes:
        in_progress: How many requests are being answered.
    """

    def __init__(self) -> None:
        """Begin with nothing counted."""
        directory = shared_directory()
        self._shared = None if directory is None else SharedTallies(directory)
        self._timer: asyncio.TimerHandle | None = None
        self._requests: dict[tuple[str, str, int], int] = {}
        self._seconds: dict[str, Histogram] = {}
        self._lock = threading.Lock()
        self._rows = 0
        self._batch_requests = Histogram(REQUESTS)
        self._batch_rows = Histogram(ROWS)
        self._model_seconds = Histogram(SECONDS)
        self._waiting = 0
        self.in_progress = 0

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request to a route was answered after so many seconds; told on the event loop."""
        key = (route, method, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        durations = self._seconds.get(route)
        if durations is None:
            durations = self._seconds[route] = Histogram(SECONDS)
        durations.observe(seconds)
        if self._timer is None and self._shared is not None:
            self._timer = asyncio.get_running_loop().call_later(_EVERY, self._show)

    def batch(self, requests: int, rows: int, seconds: float) -> None:
        """The model was called once for so many requests with so many rows together, and took so long."""
        with self._lock:
            self._rows += rows
            self._batch_requests.observe(requests)
            self._batch_rows.observe(rows)
            self._model_seconds.observe(seconds)

    def queue(self, waiting: int) -> None:
        """So many requests wait for the model now."""
        self._waiting = waiting

    def close(self) -> None:
        """Show the last counts to the other processes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.shown()

    def tallies(self) -> Tallies:
        """What this process has counted; asked on the event loop, where requests are counted."""
        with self._lock:
            return {
                **{
                    ("modelpack_requests", (route, method, str(status))): [count]
                    for (route, method, status), count in self._requests.items()
                },
                **{
                    ("modelpack_request_seconds", (route,)): list(each.numbers) for route, each in self._seconds.items()
                },
                ("modelpack_rows", ()): [self._rows],
                ("modelpack_batch_requests", ()): list(self._batch_requests.numbers),
                ("modelpack_batch_rows", ()): list(self._batch_rows.numbers),
                ("modelpack_model_seconds", ()): list(self._model_seconds.numbers),
                ("modelpack_queue_length", ()): [self._waiting],
                ("modelpack_in_progress", ()): [self.in_progress],
            }

    def shown(self) -> Tallies:
        """What this process has counted, after showing it to the others; asked on the event loop."""
        own = self.tallies()
        if self._shared is not None:
            self._shared.write(own)
        return own

    def everyones(self, own: Tallies) -> Tallies:
        """What all processes of the server have counted; reads their files, which may be done in a thread."""
        return own if self._shared is None else self._shared.read()

    def processes(self) -> list[int]:
        """The server's processes that have counted, if there is more than this one to speak of."""
        return [] if self._shared is None else self._shared.processes()

    def _show(self) -> None:
        self._timer = None
        self.shown()
        if self.in_progress or self._waiting:  # what is at hand ends in a while, and is to be seen then
            self._timer = asyncio.get_running_loop().call_later(_EVERY, self._show)

"""What goes on in the background."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Stopped(Exception):  # noqa: N818 - it is no error
    """The simulator ends, or begins anew."""


class Work:
    """Threads that end when they are told to."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def begin(self, task: Callable[[], None]) -> None:
        """Do something in the background."""

        def run() -> None:
            with suppress(Stopped):
                task()

        thread = threading.Thread(target=run, daemon=True)
        with self._lock:
            self._threads = [each for each in self._threads if each.is_alive()]
            self._threads.append(thread)
            thread.start()

    def pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            Stopped: The waiting has no more use.
        """
        if self._stop.wait(seconds):
            raise Stopped

    def stop(self) -> None:
        """End everything, and wait for it."""
        self._stop.set()
        with self._lock:
            threads, self._threads = self._threads, []
        for thread in threads:
            thread.join(60)

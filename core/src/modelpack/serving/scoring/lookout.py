"""Somebody who notices when a call on the event loop does not come back."""

from __future__ import annotations

import threading
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

STALLED = 0.5
"""Seconds of a call on the loop after which help is called for."""


class Lookout:
    """Watches the calls that the event loop makes itself, from a thread of its own.

    Attributes:
        begun: When the present call began, by `perf_counter`; 0 while there is none. The loop sets it, and nothing else
            is asked of it.
    """

    def __init__(self, stalled: Callable[[], object], seconds: float = STALLED) -> None:
        """Call `stalled` while a call takes longer than so many seconds, again and again until it is over."""
        self.begun = 0.0
        self._stalled = stalled
        self._seconds = seconds
        self._ended = threading.Event()
        threading.Thread(target=self._watch, name="lookout", daemon=True).start()

    def end(self) -> None:
        """Watch no longer."""
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(self._seconds / 2):
            begun = self.begun
            if begun and perf_counter() - begun > self._seconds:
                self._stalled()

"""Time limits of many things at a time, for the price of one timer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Begun(Protocol):
    """What has a time when it began, by the clock of the event loop."""

    begun: float


T = TypeVar("T", bound=Begun)


class Deadlines(Generic[T]):
    """Tells of everything that is still here so many seconds after it began.

    The limit is the same for all, so that the first to come is the first to expire, and one timer does.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, expire: Callable[[T], None]) -> None:
        """Watch on an event loop; `expire` is called with what has expired and is no longer watched."""
        self._loop = loop
        self._seconds = seconds
        self._expire = expire
        self._watched: dict[T, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._watched)

    def add(self, item: T) -> None:
        """Watch over something."""
        self._watched[item] = None
        if self._timer is None:
            self._timer = self._loop.call_at(item.begun + self._seconds, self._look)

    def discard(self, item: T) -> None:
        """Watch over it no longer."""
        self._watched.pop(item, None)

    def stop(self) -> None:
        """Watch over nothing any more."""
        self._watched.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._watched:
            item = next(iter(self._watched))
            if item.begun + self._seconds > now:
                self._timer = self._loop.call_at(item.begun + self._seconds, self._look)
                return
            del self._watched[item]
            self._expire(item)

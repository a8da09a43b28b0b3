"""Threads that call the model for the event loop."""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

T = TypeVar("T")


class Crew(Generic[T]):
    """Works tasks off in threads and tells the event loop of each that is done.

    The threads are daemons: a call that never returns keeps its thread, and does not keep the process from ending.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, work: Callable[[T], Any], done: Callable[[T, Any], object]
    ) -> None:
        """Work for an event loop.

        Args:
            loop: Where `done` is called.
            work: What a thread does with a task; it has to answer its failures, too.
            done: Takes the task and what `work` answered, on the loop.
        """
        self._loop = loop
        self._work = work
        self._done = done
        self._tasks: SimpleQueue[T | None] = SimpleQueue()
        self._hired = 0

    def hire(self) -> None:
        """Start one more thread."""
        self._hired += 1
        threading.Thread(target=self._run, name=f"predict-{self._hired}", daemon=True).start()

    def dismiss(self) -> None:
        """Let one thread end, the first that has nothing to do."""
        self._tasks.put(None)

    def give(self, task: T) -> None:
        """Let a thread work a task off."""
        self._tasks.put(task)

    def _run(self) -> None:
        get, work, done = self._tasks.get, self._work, self._done
        while (task := get()) is not None:
            outcome = work(task)
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                self._loop.call_soon_threadsafe(done, task, outcome)
            del task, outcome  # an idle thread holds on to no request


class Inline(Generic[T]):
    """Works tasks off on the event loop itself: no way to a thread and back, and nothing else happens meanwhile."""

    def __init__(self, work: Callable[[T], Any], done: Callable[[T, Any], object]) -> None:
        """Take what `Crew` takes."""
        self._work = work
        self._done = done

    def hire(self) -> None:
        """Do nothing."""

    def dismiss(self) -> None:
        """Do nothing."""

    def give(self, task: T) -> None:
        """Work a task off now."""
        self._done(task, self._work(task))

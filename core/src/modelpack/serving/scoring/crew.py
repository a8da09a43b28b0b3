"""Threads that call the model for the event loop."""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
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
        self._finished: SimpleQueue[tuple[T, Any]] = SimpleQueue()
        self._attended = False
        self._hired = 0

    def hire(self) -> None:
        """Start one more thread."""
        self._hired += 1
        threading.Thread(target=self._run, name=f"predict-{self._hired}", daemon=True).start()

    def dismiss(self) -> None:
        """Let one thread end, the first that has nothing to do."""
        self._tasks.put(None)

    def give(self, task: T, seconds: float = 0.0) -> None:
        """Let a thread work a task off.

        Args:
            task: The task.
            seconds: How long to wait for it here and now. A thread that is waited for is heard sooner than one that
                has to wake the loop; but nothing else happens meanwhile.
        """
        self._attended = seconds > 0
        self._tasks.put(task)
        if self._attended:
            self._attend(seconds)

    def _attend(self, seconds: float) -> None:
        first = None
        with suppress(Empty):
            first = self._finished.get(timeout=seconds)
        self._attended = False  # one that finishes from here on wakes the loop; an earlier one is found below
        if first is not None:
            self._done(*first)
        self._collect()

    def _collect(self) -> None:
        with suppress(Empty):
            while True:
                self._done(*self._finished.get_nowait())

    def _run(self) -> None:
        get, work = self._tasks.get, self._work
        while (task := get()) is not None:
            self._finished.put((task, work(task)))
            if not self._attended:
                with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                    self._loop.call_soon_threadsafe(self._collect)
            del task  # an idle thread holds on to no request


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

    def give(self, task: T, seconds: float = 0.0) -> None:  # noqa: ARG002 - a crew's
        """Work a task off now."""
        self._done(task, self._work(task))

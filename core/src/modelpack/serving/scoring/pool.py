"""Threads that models work in."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_Task: TypeAlias = "tuple[asyncio.AbstractEventLoop, asyncio.Future[Any], Callable[[], Any]]"


class ThreadPool:
    """Runs functions in a fixed number of threads and hands their results to the event loop.

    The threads are daemons: a model that never returns keeps its thread, and does not keep the process from ending, as
    it would in the standard library's executor. The way there and back is shorter, too.
    """

    def __init__(self, threads: int) -> None:
        """Prepare so many threads, which start with the first call."""
        self._threads = threads
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._started = False

    async def run(self, function: Callable[[], T]) -> T:
        """The result of a function, called in one of the threads as soon as one is free.

        A call that is cancelled before its turn is not made.
        """
        if not self._started:
            self._start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._tasks.put((loop, future, function))
        return await future

    def close(self) -> None:
        """Let the threads end when they have done what they are at."""
        for _ in range(self._threads):
            self._tasks.put(None)

    def _start(self) -> None:
        self._started = True
        for number in range(self._threads):
            threading.Thread(target=self._work, name=f"predict-{number}", daemon=True).start()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            loop, future, function = task
            settle: Callable[[asyncio.Future[Any], Any], None]
            outcome: Any
            if future.cancelled():
                continue
            try:
                settle, outcome = _set_result, function()
            except BaseException as error:  # noqa: BLE001 - it belongs to the caller
                settle, outcome = _set_exception, error
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(settle, future, outcome)
            del task, future, function, outcome  # an idle thread holds on to no request


def _set_result(future: asyncio.Future[Any], result: Any) -> None:
    if not future.cancelled():
        future.set_result(result)


def _set_exception(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.cancelled():
        future.set_exception(error)

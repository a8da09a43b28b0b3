"""An awaitable that is begun before it is awaited."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator

T = TypeVar("T")


class Begun(Generic[T]):
    """Goes as far as an awaitable gets without waiting.

    Most have their result there and then, which is known in a tenth of the time that a time-out takes to be set. One
    that has to wait is awaited as ever.

    Attributes:
        result: What it gave; None while it waits.
    """

    def __init__(self, awaitable: Awaitable[T]) -> None:
        """Begin it, in the task that will await it."""
        self._steps: Generator[Any, Any, T] = awaitable.__await__()
        self._waits_for: Any = None
        self.result: T | None = None
        try:
            self._waits_for = next(self._steps)
        except StopIteration as end:
            self.result = end.value

    def __await__(self) -> Generator[Any, Any, T]:
        """Wait for the rest."""
        if self.result is not None:
            return self.result
        try:
            yield self._waits_for
        except BaseException as error:
            with suppress(StopIteration):
                self._steps.throw(error)
            raise
        return (yield from self._steps)

"""Calls to the model, and what their outcomes become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelpack.serving.scoring.batching import Failure

if TYPE_CHECKING:
    import asyncio

    from modelpack.serving.scoring.batching import Job


@dataclass(slots=True, eq=False)
class Call:
    """Jobs that a thread was given together.

    Attributes:
        jobs: The jobs.
        begun: Since when, by the clock of the event loop.
        lost: Whether the thread was given up.
        replaced: Whether another one works in its place.
    """

    jobs: list[Job]
    begun: float
    lost: bool = False
    replaced: bool = False


def resolve(future: asyncio.Future[Any], outcome: Any) -> None:
    """Let a future end with an outcome, unless it has ended already."""
    if future.done():
        return
    if isinstance(outcome, Failure):
        future.set_exception(outcome.error)
    else:
        future.set_result(outcome)

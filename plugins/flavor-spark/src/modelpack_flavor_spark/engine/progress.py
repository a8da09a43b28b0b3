"""How far a Spark job is, by the tasks that have ended."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from modelpack.batch.records import BatchProgress
from modelpack_flavor_spark.sessions import is_connected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SECONDS = 0.5


@contextmanager
def watched(session: Any, progress: Callable[[BatchProgress], None]) -> Iterator[None]:
    """Tell the progress of the jobs that the block starts; those of Spark Connect cannot be seen."""
    if is_connected(session):
        yield
        return
    tracker = session.sparkContext.statusTracker()
    before = set(tracker.getActiveStageIds())
    ended = Event()
    watcher = Thread(target=_watch, args=(tracker, before, progress, ended), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _watch(tracker: Any, before: set[int], progress: Callable[[BatchProgress], None], ended: Event) -> None:
    while not ended.wait(_SECONDS):
        stages = [tracker.getStageInfo(number) for number in tracker.getActiveStageIds() if number not in before]
        found = [stage for stage in stages if stage is not None]
        if found:
            done, total = (
                sum(counts) for counts in zip(*[(s.numCompletedTasks, s.numTasks) for s in found], strict=True)
            )
            progress(BatchProgress(0, done, total))

"""Which waiting requests go to the model, when, and together with which others."""

from __future__ import annotations

import sys
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from modelpack.serving.errors import LOGGER, IncompleteBodyError, RequestTimeoutError
from modelpack.serving.scoring.batching import Failure
from modelpack.serving.scoring.calls import Call, resolve
from modelpack.serving.scoring.crew import Crew, Inline
from modelpack.serving.scoring.deadlines import Deadlines
from modelpack.serving.scoring.lookout import Lookout
from modelpack.serving.scoring.timing import Timing
from modelpack.serving.scoring.track_record import TrackRecord
from modelpack.serving.scoring.waiting import WaitingRoom

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence
    from contextvars import Context

    from modelpack.serving.observing.meter import Meter
    from modelpack.serving.scoring.batching import BatchPredictor, Job
    from modelpack.serving.settings import ServerSettings

_TURNS = 3
"""Turns of the loop after a call, in which its answers go out and the next requests of their clients come in."""
_UNWATCHED = 0.1
"""Seconds after which a request that was not answered yet is worth the price of noticing that its client goes away."""
_FEWEST_REPLACED = 2
"""How many lost threads are replaced at least; else as many as there are threads."""


class Scheduler:
    """Hands jobs to threads and their outcomes back. Everything but the calls themselves happens on the event loop.

    With no call running, a job goes at once, with all that came in the same turn of the loop. While one runs, others
    wait and go together when it is over. A thread whose call takes longer than a request may is given up and replaced,
    as long as there are not too many of those.

    Attributes:
        at_hand: Tells how many requests the server has begun to receive and not answered; many, where nobody knows.
        called: Told of each call: the contexts of its jobs, their rows together, the seconds that it took.
    """

    def __init__(self, predictor: BatchPredictor, settings: ServerSettings, meter: Meter) -> None:
        """Prepare for `start`.

        Args:
            predictor: Calls the model.
            settings: How many threads, rows, seconds.
            meter: Takes note of calls and of how many wait.
        """
        self._predictor = predictor
        self._settings = settings
        self._meter = meter
        self._room = WaitingRoom()
        self._timing = Timing(settings)
        self._record = TrackRecord()
        self._lookout: Lookout | None = None
        self._idle = self._working = self._lost = 0
        self._told = -1
        self._planned: asyncio.Handle | None = None
        self._soon = False
        self.at_hand: Callable[[], int] = lambda: sys.maxsize
        self.called: Callable[[Sequence[Context], int, float], object] | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hire the threads that the settings ask for, to work for this loop."""
        self._loop = loop
        self._jobs: Deadlines[Job] = Deadlines(loop, self._settings.timeout, self._expire)
        self._unwatched: Deadlines[Job] = Deadlines(loop, _UNWATCHED, self._watch)
        self._calls: Deadlines[Call] = Deadlines(loop, self._settings.timeout, self._lose)
        threads = self._settings.threads
        self._crew: Crew[Call] | Inline[Call] = (
            Crew(loop, self._work, self._finish) if threads else Inline(self._work, self._finish)
        )
        self._idle = self._working = threads or 1
        for _ in range(threads):
            self._crew.hire()

    def call_on_loop(self, stalled: Callable[[], object]) -> None:
        """Make calls on the loop that have proved to be quick; `stalled` gets help while one does not come back."""
        self._lookout = Lookout(stalled)

    def stop(self) -> None:
        """Let the threads end; one that a model still holds is not waited for."""
        if self._lookout is not None:
            self._lookout.end()
        for _ in range(self._settings.threads):
            self._crew.dismiss()
        self._jobs.stop()
        self._unwatched.stop()
        self._calls.stop()
        self._cancel_plan()

    @property
    def waiting(self) -> int:
        """How many jobs no thread has taken yet."""
        return self._room.jobs

    @property
    def exhausted(self) -> bool:
        """Whether more calls do not return than threads are replaced."""
        return self._lost > max(_FEWEST_REPLACED, self._settings.threads)

    @property
    def hangs(self) -> bool:
        """Whether no thread is left that could take a job."""
        return self._working == 0

    @property
    def expected_wait(self) -> float:
        """Seconds that a job which came now would wait for a thread."""
        return 0.0 if self._idle else self._timing.wait(self._room, self._working, joins=self._predictor.joins)

    async def run(self, job: Job) -> Any:
        """The outcome of a job.

        Raises:
            RequestTimeoutError: There was none in time.
            Exception: What the model or the encoding raised.
        """
        future = self._loop.create_future()
        self.submit(job, partial(resolve, future), alone=self.at_hand() == 1)
        try:
            return await future
        finally:
            if future.cancelled():
                self._room.remove(job)
                self._settle(job, None)

    def submit(self, job: Job, take: Callable[[Any], object], *, alone: bool) -> None:
        """Let a job wait for the model.

        Args:
            job: The job.
            take: Given the outcome on the loop, once: what `job.encode` answered, or a `Failure`. It must not raise.
            alone: Whether no other request can come in this turn of the loop, so that there is none to wait for.
        """
        job.take = take
        job.begun = self._loop.time()
        self._jobs.add(job)
        self._unwatched.add(job)
        self._room.add(job)
        if alone and self._room.jobs == 1 and not self._calls and not self._settings.max_delay:
            self._dispatch()
        else:
            self._plan()

    def _plan(self) -> None:
        """See to it that an idle thread takes what waits when it should."""
        if self._soon or not self._idle or not self._room.jobs:
            return
        patience = self._patience()
        if patience <= 0:
            self._cancel_plan()
            self._soon = True
            self._planned = self._loop.call_soon(self._dispatch)
        elif self._planned is None:
            self._planned = self._loop.call_later(patience, self._dispatch)

    def _cancel_plan(self) -> None:
        if self._planned is not None:
            self._planned.cancel()
        self._planned, self._soon = None, False

    def _patience(self) -> float:
        """Seconds for which an idle thread shall leave what waits where it is."""
        if not self._predictor.joins:
            return 0.0
        age = self._loop.time() - self._room.first.begun if self._settings.max_delay else 0.0
        return self._timing.patience(self._room, age, running=bool(self._calls))

    def _settle_down(self, turns: int) -> None:
        """Let the answers of a call go out first, and their clients' next requests come in."""
        if turns and self._room.jobs:
            self._planned = self._loop.call_soon(self._settle_down, turns - 1)
        else:
            self._dispatch()

    def _dispatch(self) -> None:
        self._planned, self._soon = None, False
        share = self._timing.share(self._room, self._idle) if self._predictor.joins else 0
        shared = share < self._settings.max_batch
        while self._idle and self._room.jobs and (shared or self._patience() <= 0):
            self._begin(self._room.take(share))
        if self._room.jobs != self._told:
            self._told = self._room.jobs
            self._meter.queue(self._told)
        self._plan()

    def _begin(self, jobs: list[Job]) -> None:
        self._idle -= 1
        self._timing.begin()
        call = Call(jobs, self._loop.time())
        if self._lookout is not None and self._record.vouches(sum([job.rows for job in jobs])):
            self._finish(call, self._work_here(call, self._lookout))
            return
        self._calls.add(call)
        alone = len(jobs) == 1 == len(self._calls) and not self._room.jobs
        self._crew.give(call, self._timing.attention(jobs[0].rows) if alone else 0.0)

    def _work_here(self, call: Call, lookout: Lookout) -> Any:
        """What `_work` answers, on the loop itself."""
        lookout.begun = perf_counter()
        try:
            return self._work(call)
        finally:
            lookout.begun = 0.0

    def _work(self, call: Call) -> Any:
        """The outcomes of a call and the model's seconds; in a thread."""
        try:
            return self._predictor.predict(call.jobs)
        except BaseException as error:  # noqa: BLE001 - the thread works on, and nobody is left waiting
            failure = Failure(RuntimeError(f"predicting went wrong: {error!r}"))
            failure.error.__cause__ = error
            return [failure] * len(call.jobs), 0.0, False

    def _finish(self, call: Call, result: tuple[list[Any], float, bool]) -> None:
        outcomes, seconds, usual = result
        self._calls.discard(call)
        self._take_back(call)
        rows = sum([job.rows for job in call.jobs])
        if usual:
            self._timing.observe(rows, seconds)
            self._record.observe(rows, seconds)
        if self.called is not None:
            self.called([job.context for job in call.jobs], rows, seconds)
        for job, outcome in zip(call.jobs, outcomes, strict=True):
            self._settle(job, outcome)
        self._cancel_plan()
        if self._room.jobs:
            self._soon = True
            self._planned = self._loop.call_soon(self._settle_down, _TURNS)
        self._meter.batch(len(call.jobs), rows, seconds)

    def _take_back(self, call: Call) -> None:
        """The thread of a call is free again, or one too many when it was replaced."""
        self._lost -= call.lost
        if call.replaced:
            self._crew.dismiss()
        else:
            self._idle += 1
            self._working += call.lost

    def _watch(self, job: Job) -> None:
        """A job has not been answered yet: see to it that it does not wait on when its client goes away."""
        if job.gone is None:
            return
        job.watcher = self._loop.create_task(job.gone())
        job.watcher.add_done_callback(lambda task: None if task.cancelled() else self._abandon(job))

    def _abandon(self, job: Job) -> None:
        if self._room.remove(job):
            self._settle(job, Failure(IncompleteBodyError("the client went away before the model was free")))

    def _expire(self, job: Job) -> None:
        self._room.remove(job)
        error = RequestTimeoutError(
            f"there was no answer of the model within {self._settings.timeout:g} s",
            hint="send fewer rows in one request, or raise --timeout",
        )
        self._settle(job, Failure(error))

    def _settle(self, job: Job, outcome: Any) -> None:
        """Hand an outcome over, unless another one was already."""
        take, job.take = job.take, None
        if take is None:
            return
        self._jobs.discard(job)
        self._unwatched.discard(job)
        if job.watcher is not None:
            job.watcher.cancel()
        take(outcome)

    def _lose(self, call: Call) -> None:
        """A call takes longer than any request may: give its thread up."""
        call.lost = True
        self._lost += 1
        self._timing.observe(sum([job.rows for job in call.jobs]), self._settings.timeout)
        call.replaced = not self.exhausted
        if call.replaced:
            LOGGER.error("a call to the model takes more than %g s; its thread is replaced", self._settings.timeout)
            self._crew.hire()
            self._idle += 1
            self._plan()
        else:
            LOGGER.critical("%d calls to the model do not return; their threads are not replaced", self._lost)
            self._working -= 1

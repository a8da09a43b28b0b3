"""Predicting for several requests at a time, as long as that changes nobody's answer."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from modelpack.errors import ModelFailureError
from modelpack.serving.scoring.agreement import agree
from modelpack.serving.scoring.joining import differ, join
from modelpack.serving.scoring.splitting import NotSplittableError, row_count, split

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Sequence
    from contextvars import Context

    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.serving.scoring.joining import Kind

LOGGER = logging.getLogger("modelpack.serving")
_TRIALS = 3
"""How many batches are predicted both ways before the model is trusted."""


@dataclass(slots=True, eq=False)
class Job:
    """What one request wants of the model.

    Attributes:
        inputs: The data as the model expects it.
        params: The params as the model expects them.
        encode: Writes the answer.
        rows: How many rows the data has.
        kind: Jobs of one kind may be predicted together; None for one that goes alone.
        context: What the request's code sees in context variables, and the model with it.
        begun: When the request was ready for the model, by the clock of the event loop.
        take: Takes the outcome, what `encode` answered or a `Failure`; None when nobody waits for it any more.
        gone: Returns when the client has gone away.
        watcher: The task that waits for that, if the request takes long enough.
    """

    inputs: Any
    params: dict[str, Any] | None
    encode: Callable[[Any], Any]
    rows: int
    kind: Kind
    context: Context
    begun: float = 0.0
    take: Callable[[Any], object] | None = None
    gone: Callable[[], Coroutine[Any, Any, object]] | None = None
    watcher: asyncio.Task[object] | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """The outcome of a job that failed."""

    error: Exception


class BatchPredictor:
    """Calls the model for jobs of one kind: once for all of them where that is known to be right, else for each.

    A model whose answer to one row depends on the others, or that does not answer one row for each, must not be given
    requests together. Nothing says so beforehand, so the first batches are predicted both ways: the answers come from
    the calls for each job alone, and those for all together have to agree with them. After three batches that did, in
    which the jobs differed, the rest are predicted together. The first contradiction ends that for good. Until it is
    decided, jobs with the same rows are judged apart: that they agree says nothing about others.

    Instances may be shared by threads.
    """

    def __init__(self, model: PyFuncModel, *, joins: bool = True) -> None:
        """Predict with a model, and always for each job alone unless it `joins`."""
        self._model = model
        self._lock = threading.Lock()
        self._passed = {True: 0, False: 0}
        self.joins = joins

    def predict(self, jobs: Sequence[Job]) -> tuple[list[Any], float, bool]:
        """Predict for jobs of one kind.

        Returns:
            The encoded answer or the `Failure` of each job, the seconds that it took, and whether these are
            what jobs usually take: a trial takes several times as long.
        """
        begun = time.perf_counter()
        trial = False
        if len(jobs) == 1 or not self.joins:
            outcomes = [self._alone(job)[0] for job in jobs]
        elif self._trusted(jobs):
            outcomes = self._together(jobs)
        else:
            outcomes, trial = self._both(jobs), True
        return outcomes, time.perf_counter() - begun, not trial

    def _alone(self, job: Job) -> tuple[Any, Any]:
        """The outcome of a job, and the model's output for it."""
        outputs = None
        try:
            outputs = job.context.run(self._model.predict_enforced, job.inputs, job.params)
            return job.encode(outputs), outputs
        except BaseException as error:  # noqa: BLE001 - a model that exits or interrupts ends its request, not the server
            return Failure(_presentable(error)), outputs

    def _together(self, jobs: Sequence[Job]) -> list[Any]:
        try:
            parts = self._joined(jobs)
        except NotSplittableError as error:
            self._give_up(str(error))
        except BaseException:  # noqa: BLE001 - whose fault it is shows when each is predicted alone
            return self._each_after_failure(jobs)
        else:
            return [_encoded(job, part) for job, part in zip(jobs, parts, strict=True)]
        return [self._alone(job)[0] for job in jobs]

    def _each_after_failure(self, jobs: Sequence[Job]) -> list[Any]:
        outcomes = [self._alone(job)[0] for job in jobs]
        if not any(isinstance(outcome, Failure) for outcome in outcomes):
            self._give_up("fails for them together and for none alone")
        return outcomes

    def _both(self, jobs: Sequence[Job]) -> list[Any]:
        answered = [self._alone(job) for job in jobs]
        outcomes = [outcome for outcome, _ in answered]
        if any(isinstance(outcome, Failure) for outcome in outcomes):
            return outcomes
        reason = self._contradiction(jobs, [output for _, output in answered])
        if reason is not None:
            self._give_up(reason)
        elif (differed := _differ(jobs)) is not None:
            with self._lock:
                self._passed[differed] += 1
        return outcomes

    def _contradiction(self, jobs: Sequence[Job], outputs: Sequence[Any]) -> str | None:
        """Why these jobs must not be predicted together, when they must not."""
        for job, output in zip(jobs, outputs, strict=True):
            if row_count(output) != job.rows:
                return "does not answer one row for each row of its input"
        try:
            parts = self._joined(jobs)
        except NotSplittableError as error:
            return str(error)
        except BaseException:  # noqa: BLE001 - whatever it is, none of them failed alone
            return "fails for them together and for none alone"
        agreed = all(map(agree, outputs, parts))
        return None if agreed else "answers differently when requests are predicted together"

    def _joined(self, jobs: Sequence[Job]) -> list[Any]:
        inputs = join([job.inputs for job in jobs])
        outputs = self._model.predict_enforced(inputs, jobs[0].params)
        return split(outputs, list(accumulate(job.rows for job in jobs)))

    def _trusted(self, jobs: Sequence[Job]) -> bool:
        if self._passed[True] >= _TRIALS:
            return True
        return self._passed[False] >= _TRIALS and _differ(jobs) is False

    def _give_up(self, reason: str) -> None:
        with self._lock:
            if not self.joins:
                return
            self.joins = False
        LOGGER.warning("requests are predicted one by one from now on: the model %s", reason)


def _differ(jobs: Sequence[Job]) -> bool | None:
    """Whether the jobs' rows differ; None when they cannot be compared, and prove nothing."""
    try:
        return differ([job.inputs for job in jobs])
    except (TypeError, ValueError):
        return None


def _encoded(job: Job, part: Any) -> Any:
    try:
        return job.context.run(job.encode, part)
    except BaseException as error:  # noqa: BLE001 - it belongs to the job
        return Failure(_presentable(error))


def _presentable(error: BaseException) -> Exception:
    """An exception that a future can hold and a request may end with."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    failure = ModelFailureError(f"the model ended its call with {type(error).__name__}: {error}")
    failure.__cause__ = error
    return failure

"""Scoring on behalf of requests: every dialect of the server goes through here."""

from __future__ import annotations

import asyncio
import threading
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from modelpack.serving.errors import LOGGER, ModelHangsError, RequestTimeoutError, TooBusyError
from modelpack.serving.observing.meter import SilentMeter
from modelpack.serving.scoring.batching import BatchPredictor, Job
from modelpack.serving.scoring.joining import joinable, kind_of, rows_of
from modelpack.serving.scoring.pool import ThreadPool
from modelpack.serving.scoring.scheduler import Scheduler
from modelpack.serving.scoring.warmup import warm_up

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from contextvars import Context

    from modelpack.data.payload import Payload
    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.serving.observing.meter import Meter
    from modelpack.serving.settings import ServerSettings

T = TypeVar("T")

LARGE = 65_537
"""Bytes of a request from which on it is read in a thread."""
_LARGE_TABLE = 8_193
"""The same for models that take frames, whose making takes ten times as long."""


@dataclass(frozen=True, slots=True)
class Invocation(Generic[T]):
    """One request for predictions, whatever dialect it speaks.

    Attributes:
        decode: Reads the request; its errors are the client's.
        encode: Writes the answer for the predictions of this request's rows.
        size: Bytes of the request, by which the engine judges how long reading it takes; `LARGE` for what has to be
            read in a thread anyway, as it may be larger than it looks.
        gone: Returns when the client has gone away; a request that still waits then is not predicted.
    """

    decode: Callable[[], Payload]
    encode: Callable[[Any], T]
    size: int
    gone: Callable[[], Coroutine[Any, Any, object]] | None = None


class Engine:
    """Scores invocations with one model, off the event loop.

    A request is read and judged by itself, so that a bad one fails alone; then it waits for the model, and may be
    predicted together with others. See `docs/serving-under-load.md`.

    Attributes:
        model: The model.
    """

    def __init__(self, model: PyFuncModel, settings: ServerSettings, meter: Meter | None = None) -> None:
        """Prepare to score with a model."""
        self.model = model
        self._settings = settings
        self._joinable = settings.max_batch > 1 and joinable(model.signature)
        predictor = BatchPredictor(model, joins=self._joinable)
        self._scheduler = Scheduler(predictor, settings, meter or SilentMeter())
        self._readers = ThreadPool(max(1, settings.threads))
        self._large = LARGE if model.takes_arrays else _LARGE_TABLE
        self._reading = 0
        self._ready = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def ready(self) -> bool:
        """Whether the model has proved that it predicts, and still answers."""
        return self._ready and not self.exhausted

    @property
    def exhausted(self) -> bool:
        """Whether too many calls to the model do not return: the process should be replaced."""
        return self._scheduler.exhausted

    def count_requests_by(self, at_hand: Callable[[], int]) -> None:
        """Learn how many requests the server is at, so that one that is alone need not wait for others."""
        self._scheduler.at_hand = at_hand

    def tell_of_calls(self, called: Callable[[Sequence[Context], int, float], object]) -> None:
        """Tell of each call to the model: the contexts of its requests, their rows together, the seconds it took."""
        self._scheduler.called = called

    def lend_loop(self, stalled: Callable[[], object]) -> None:
        """Let calls be made on the event loop that have proved to be quick, if the settings want it.

        Args:
            stalled: Gets help while such a call does not come back, and with it the loop; called in another thread,
                again and again.
        """
        if self._settings.loop_calls and self._settings.threads:
            self._scheduler.call_on_loop(stalled)

    async def start(self) -> None:
        """Begin to work: the warm-up goes on while requests are taken already."""
        self._begin(asyncio.get_running_loop())
        if self._settings.warm_up and self.model.metadata.saved_input_example_info is not None:
            threading.Thread(target=self._warm_up, name="warm-up", daemon=True).start()
        else:
            self._ready = True

    async def stop(self) -> None:
        """Let the threads go; one that a model still holds is not waited for."""
        self._readers.close()
        self._readers = ThreadPool(max(1, self._settings.threads))
        if self._loop is not None:
            self._scheduler.stop()
            self._loop = None

    def reads_at_once(self, headers: Mapping[bytes, bytes], size: int) -> bool:
        """Whether a body of so many bytes is small, and no larger than it looks."""
        return size < self._large and size <= self._settings.max_body and b"content-encoding" not in headers

    def check_room(self) -> None:
        """Refuse a request before it is read when there is no room for it.

        Raises:
            TooBusyError: As many requests wait as may, or longer than a request may take.
            ModelHangsError: No thread is left for the model.
        """
        scheduler = self._scheduler
        if scheduler.waiting + self._reading >= self._settings.max_queue:
            raise self._too_busy(f"{scheduler.waiting + self._reading} requests wait for the model already")
        if scheduler.waiting and scheduler.expected_wait > self._settings.timeout:
            raise self._too_busy(f"requests wait longer for the model than the {self._settings.timeout:g} s they may")
        if self._loop is not None and scheduler.hangs:
            raise ModelHangsError(
                "the model does not return from its calls", hint="try again later", seconds=self._settings.timeout
            )

    async def score(self, invocation: Invocation[T]) -> T:
        """The encoded predictions of one invocation.

        Raises:
            RequestTimeoutError: The model took too long.
            TooBusyError: Too many requests wait already.
            ModelpackError: The request cannot be read or does not fit, or the model failed.
        """
        self._admit()
        if invocation.size < self._large:
            job = self._job(invocation)
        else:
            job = await self._read_in_thread(invocation)
        outcome: T = await self._scheduler.run(job)
        return outcome

    def submit(self, invocation: Invocation[Any], take: Callable[[Any], object], *, alone: bool = False) -> None:
        """Read an invocation here and now, one that `reads_at_once`, and let it wait for the model.

        Args:
            invocation: The invocation.
            take: Given the outcome on the event loop, once: the encoded predictions, or a `Failure`. It must not raise.
            alone: Whether other requests are unlikely to come in this turn of the loop.

        Raises:
            TooBusyError: Too many requests wait already.
            ModelpackError: The request cannot be read or does not fit.
        """
        self._admit()
        alone = alone and self._scheduler.at_hand() == 0
        self._scheduler.submit(self._job(invocation), take, alone=alone)

    def _admit(self) -> None:
        if self._loop is None or self._loop.is_closed():
            self._begin(asyncio.get_running_loop())
        self.check_room()

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not None:
            self._scheduler.stop()
        self._loop = loop
        self._scheduler.start(loop)

    def _job(self, invocation: Invocation[Any]) -> Job:
        payload = invocation.decode()
        inputs, params = self.model.enforce(payload.data, payload.params)
        kind = kind_of(inputs, params) if self._joinable else None
        return Job(inputs, params, invocation.encode, rows_of(inputs), kind, copy_context(), gone=invocation.gone)

    async def _read_in_thread(self, invocation: Invocation[Any]) -> Job:
        self._reading += 1
        context = copy_context()
        try:
            async with asyncio.timeout(self._settings.timeout):
                return await self._readers.run(partial(context.run, self._job, invocation))
        except TimeoutError:
            raise RequestTimeoutError(
                f"the request was not read within {self._settings.timeout:g} s",
                hint="send fewer rows in one request, or raise --timeout",
            ) from None
        finally:
            self._reading -= 1

    def _too_busy(self, message: str) -> TooBusyError:
        return TooBusyError(
            message,
            hint="come again after the seconds that Retry-After says",
            seconds=min(self._scheduler.expected_wait, self._settings.timeout),
        )

    def _warm_up(self) -> None:
        try:
            warm_up(self.model)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the model is not ready
            LOGGER.error("the model is not ready: its input example cannot be predicted: %s", error, exc_info=error)
        else:
            self._ready = True

"""Scoring on behalf of requests: every dialect of the server goes through here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from modelpack.serving.errors import RequestTimeoutError
from modelpack.serving.meter import SilentMeter
from modelpack.serving.pool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.data.payload import Payload
    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.serving.meter import Meter
    from modelpack.serving.settings import ServerSettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Invocation(Generic[T]):
    """One request for predictions, whatever dialect it speaks.

    Attributes:
        decode: Reads the request; its errors are the client's.
        encode: Writes the answer for the predictions of this request's rows.
        size: Bytes of the request, by which the engine judges how long reading it takes.
    """

    decode: Callable[[], Payload]
    encode: Callable[[Any], T]
    size: int


class Engine:
    """Scores invocations with one model, off the event loop."""

    def __init__(self, model: PyFuncModel, settings: ServerSettings, meter: Meter | None = None) -> None:
        """Prepare to score with a model."""
        self._model = model
        self._settings = settings
        self._meter = meter or SilentMeter()
        self._pool = ThreadPool(settings.threads)

    @property
    def ready(self) -> bool:
        """Whether the model has proved that it predicts."""
        return True

    async def start(self) -> None:
        """Begin to work: the warm-up goes on while requests are taken already."""

    async def stop(self) -> None:
        """Let the threads go; one that a model still holds is not waited for."""
        self._pool.close()

    async def score(self, invocation: Invocation[T]) -> T:
        """The encoded predictions of one invocation.

        Raises:
            RequestTimeoutError: The model took too long.
            ModelpackError: The request cannot be read or does not fit, or the model failed.
        """
        try:
            async with asyncio.timeout(self._settings.timeout):
                return await self._pool.run(lambda: self._work(invocation))
        except TimeoutError:
            raise RequestTimeoutError(
                f"the model took longer than {self._settings.timeout:g} s",
                hint="send fewer rows in one request, or raise --timeout",
            ) from None

    def _work(self, invocation: Invocation[T]) -> T:
        payload = invocation.decode()
        return invocation.encode(self._model.predict(payload.data, payload.params))

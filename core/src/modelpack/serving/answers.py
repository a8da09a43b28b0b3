"""Which format and dialect a request is answered in."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from modelpack.data.codecs import ARROW_FILE, ARROW_STREAM, CSV, JSON, JSON_LINES, PARQUET, Codec
from modelpack.data.media_types import MediaType, negotiate
from modelpack.data.writers import WriteOptions
from modelpack.serving.errors import SAFE_HEADERS, NotAcceptableError
from modelpack.serving.whole import WholeAnswer

if TYPE_CHECKING:
    from typing import Any

    from modelpack.serving.settings import Protocol
    from modelpack.serving.whole import Headers

_RECORDS = MediaType("application/json", (("format", "pandas-records"),))
_OTHERS = (CSV, JSON_LINES, ARROW_STREAM, ARROW_FILE, PARQUET)
_END = {"mlflow-0.1": b"\n"}
"""What ends a JSON answer: `mlflow sklearn serve` ended it with a newline (S118)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A format that predictions are written in.

    Attributes:
        headers: Those of the answer; text says that it is UTF-8.
    """

    codec: Codec
    media_type: str
    options: WriteOptions
    end: bytes = b""
    headers: Headers = field(init=False)

    def __post_init__(self) -> None:
        charset = "; charset=utf-8" if self.media_type.startswith("text/") else ""
        content_type = (b"content-type", f"{self.media_type}{charset}".encode("latin-1"))
        object.__setattr__(self, "headers", [*SAFE_HEADERS, content_type])

    def encode(self, predictions: Any) -> WholeAnswer:
        """The answer with these predictions.

        Raises:
            ModelFailureError: The format cannot hold what the model answered.
        """
        return WholeAnswer(200, self.headers, self.codec.encode(predictions, self.options) + self.end)


class Negotiator:
    """Chooses the answer for a request: `Accept` where it names a type, else JSON, or Arrow for Arrow."""

    def __init__(self, protocol: Protocol, names: tuple[str, ...]) -> None:
        """Offer every format; `names` are the output columns', `protocol` decides how plain JSON is wrapped."""
        plain = WriteOptions(names=names, dialect="bare" if protocol == "mlflow-0.9" else "wrapped")
        bare = WriteOptions(names=names, dialect="bare")
        self._offers = {
            MediaType("application/json"): Answer(JSON, "application/json", plain, _END.get(protocol, b"")),
            _RECORDS: Answer(JSON, "application/json", bare),
        }
        for codec in _OTHERS:
            for name in codec.media_types:
                self._offers[MediaType(name)] = Answer(codec, name, plain)
        self.choose = lru_cache(maxsize=256)(self._choose)

    def _choose(self, accept: str | None, request: Codec) -> Answer:
        """The answer for an `Accept` header and the format of the request.

        Raises:
            NotAcceptableError: `Accept` allows none of the formats.
        """
        chosen = negotiate(accept, self._in_order(request))
        if chosen is None:
            raise NotAcceptableError(
                f"no answer can be written as {accept}", hint=f"accept one of {', '.join(map(str, self._offers))}"
            )
        return self._offers[chosen]

    def _in_order(self, request: Codec) -> list[MediaType]:
        """The offers, best first; requests in Arrow are answered in Arrow."""
        first = MediaType(request.media_types[0])
        offers = list(self._offers)
        return (
            [first, *(offer for offer in offers if offer != first)] if request in (ARROW_STREAM, ARROW_FILE) else offers
        )

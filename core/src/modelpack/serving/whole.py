"""Requests and answers that are here from their first byte to their last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from starlette.types import Send

    from modelpack.serving.scoring.batching import Failure

Headers: TypeAlias = "list[tuple[bytes, bytes]]"


@dataclass(frozen=True, slots=True)
class WholeRequest:
    """A request with its body.

    Attributes:
        headers: By name.
        body: The body.
        gone: Returns when the client has gone away.
        alone: Whether other requests are unlikely to come together with this one.
    """

    headers: Mapping[bytes, bytes]
    body: bytes
    gone: Callable[[], Coroutine[object, object, object]]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """An answer with its body.

    Attributes:
        status: Its status.
        headers: Its headers, but for `Content-Length`.
        body: The body.
    """

    status: int
    headers: Headers
    body: bytes

    async def send(self, send: Send) -> None:
        """Send it as an ASGI application does."""
        headers = [*self.headers, (b"content-length", b"%d" % len(self.body))]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


@runtime_checkable
class Handler(Protocol):
    """What answers whole requests for a path."""

    def takes(self, headers: Mapping[bytes, bytes], size: int) -> bool:
        """Whether a request with these headers and a body of so many bytes is read in no time."""

    def begin(self, request: WholeRequest, take: Callable[[WholeAnswer | Failure], object]) -> None:
        """Begin to answer a request.

        Args:
            request: A request that `takes` has found fit.
            take: Given the answer, once, on the event loop, now or later. It does not raise.

        Raises:
            Exception: The request is refused; `take` is not called then.
        """

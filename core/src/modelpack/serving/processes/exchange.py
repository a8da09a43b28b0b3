"""A whole request on a connection and its answer, without uvicorn's cycle, task and messages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from modelpack.serving.errors import ShuttingDownError
from modelpack.serving.scoring.batching import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope
    from uvicorn._types import HTTPScope
    from uvicorn.server import ServerState

    from modelpack.serving.shortcut import Answering, Shortcut
    from modelpack.serving.whole import WholeAnswer

_CLOSE = (b"connection", b"close")


class Exchange:
    """Stands where uvicorn looks for the cycle of a request, and for its task.

    Attributes:
        body: What has come of the body.
        keep_alive: Whether the connection stays open after the answer.
        response_complete: Whether the answer was given.
        more_body: Always False: nothing is answered before the request is whole.
        disconnected: Whether the client has gone away.
    """

    __slots__ = (
        "_answering",
        "_gone",
        "_on_response",
        "_state",
        "_transport",
        "body",
        "disconnected",
        "keep_alive",
        "more_body",
        "response_complete",
    )

    def __init__(
        self, transport: asyncio.Transport, state: ServerState, on_response: Callable[[], None], *, keep_alive: bool
    ) -> None:
        """Begin on a connection; `on_response` is called after the answer."""
        self._transport = transport
        self._state = state
        self._on_response = on_response
        self._answering: Answering | None = None
        self._gone: asyncio.Event | None = None
        self.body = b""
        self.keep_alive = keep_alive
        self.more_body = self.response_complete = self.disconnected = False

    def begin(self, shortcut: Shortcut, scope: HTTPScope) -> bool:
        """Begin to answer, now that the body is here; False when the request has to go the long way."""
        self._answering = shortcut.begin(
            cast("Scope", scope), self.body, self._send, self._client_gone, id(self._transport)
        )
        if self._answering is not None and not self.response_complete:
            self._state.tasks.add(self)  # type: ignore[arg-type]  # uvicorn counts tasks, and cancels them
        return self._answering is not None

    def cancel(self, msg: str | None = None) -> None:  # noqa: ARG002 - as uvicorn cancels a task
        """Give the request up, soon."""
        if self._answering is not None:
            error = ShuttingDownError("the server was stopped before the model was done")
            asyncio.get_running_loop().call_soon(self._answering.take, Failure(error))

    @property
    def message_event(self) -> Exchange:
        """What uvicorn sets when the client has gone away."""
        return self

    def set(self) -> None:
        """Tell those who wait that the client has gone away."""
        if self._gone is not None:
            self._gone.set()

    async def _client_gone(self) -> None:
        self._gone = asyncio.Event()
        if not self.disconnected:
            await self._gone.wait()

    def _send(self, answer: WholeAnswer) -> None:
        self.response_complete = True
        self._state.tasks.discard(self)
        if self.disconnected or self._transport.is_closing():
            return
        headers = [*self._state.default_headers, *answer.headers, (b"content-length", b"%d" % len(answer.body))]
        if _CLOSE in headers:
            self.keep_alive = False
        elif not self.keep_alive:
            headers.append(_CLOSE)
        lines = [b"%b: %b\r\n" % header for header in headers]
        self._transport.write(b"".join([STATUS_LINE[answer.status], *lines, b"\r\n", answer.body]))
        if not self.keep_alive:
            self._transport.close()
        self._on_response()

"""What every request passes: its id, the gate, the counts, the log and the trace, in one layer."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from modelpack.serving.errors import LOGGER
from modelpack.serving.inference_protocol.failures import response_to
from modelpack.serving.observing.notes import Notes
from modelpack.serving.observing.request_ids import REQUEST_ID, RequestIds
from modelpack.serving.shortcut import Shortcut
from modelpack.serving.whole import Handler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from modelpack.serving.observing.access_log import AccessLog
    from modelpack.serving.observing.metrics import Metrics
    from modelpack.serving.observing.tracing import Tracing

NO_ANSWER = 499
"""What is noted as the status of a request that ended without one; nginx made the number known."""

_NOSNIFF = (b"x-content-type-options", b"nosniff")


class Front:
    """Lets requests through to an application, and sees its answers off.

    Attributes:
        notes: Where requests are noted.
    """

    def __init__(
        self,
        app: ASGIApp,
        route_name: Callable[[str], str],
        metrics: Metrics,
        *,
        gate: Callable[[Scope, Mapping[bytes, bytes]], None] | None = None,
        access_log: AccessLog | None = None,
        tracing: Tracing | None = None,
        debug: bool = False,
    ) -> None:
        """Stand before an application.

        Args:
            app: The application.
            route_name: What a path is called in metrics, logs and traces.
            metrics: Where requests are counted.
            gate: Raises an error for a request that may not pass.
            access_log: Where requests are logged.
            tracing: Where requests are traced.
            debug: Whether answers carry tracebacks.
        """
        self._app = app
        self._ids = RequestIds()
        self.notes = Notes(route_name, metrics, access_log)
        self._gate = gate
        self._tracing = tracing
        self._debug = debug

    def shortcut(self, apps: Mapping[str, object]) -> Shortcut | None:
        """A shorter way to those applications, by path, that handle whole requests; none when requests are traced."""
        if self._tracing is not None:
            return None
        handlers = {path: app for path, app in apps.items() if isinstance(app, Handler)}
        return Shortcut(handlers, self.notes, self._ids, gate=self._gate, debug=self._debug)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        name = self._ids.choose(headers.get(b"x-request-id"))
        answer = _Answer(send, name)
        token = REQUEST_ID.set(answer.request_id)
        self.notes.began()
        try:
            if self._tracing is None:
                await self._pass(scope, headers, receive, answer)
            else:
                await self._trace(self._tracing, scope, headers, receive, answer)
        finally:
            REQUEST_ID.reset(token)
            status = answer.status or NO_ANSWER
            self.notes.answered(
                scope, status, answer.size, perf_counter() - started, answer.request_id, answer.trace_id
            )

    async def _pass(self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, answer: _Answer) -> None:
        try:
            if self._gate is not None:
                self._gate(scope, headers)
            await self._app(scope, receive, answer)
        except Exception as error:
            if answer.complete:
                return  # Starlette raises once more what it has answered and logged
            if answer.status:
                LOGGER.exception("an answer was broken off")
                raise
            await response_to(scope["path"], error, debug=self._debug)(scope, receive, answer)

    async def _trace(
        self, tracing: Tracing, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, answer: _Answer
    ) -> None:
        with tracing.request(scope, headers, self.notes.route_name(scope["path"])) as span:
            answer.trace_id = tracing.trace_id(span)
            await self._pass(scope, headers, receive, answer)
            tracing.answered(span, answer.status or NO_ANSWER)


class _Answer:
    """Sends an answer with the headers that all have, and remembers what it was."""

    __slots__ = ("_name", "_send", "complete", "request_id", "size", "status", "trace_id")

    def __init__(self, send: Send, name: bytes) -> None:
        self._send = send
        self._name = name
        self.request_id = name.decode()
        self.trace_id: str | None = None
        self.status = 0
        self.size = 0
        self.complete = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), (b"x-request-id", self._name)]
            if _NOSNIFF not in headers:
                headers.append(_NOSNIFF)
            message = {**message, "headers": headers}
        elif message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
        await self._send(message)

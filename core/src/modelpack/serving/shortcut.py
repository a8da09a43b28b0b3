"""The way of usual requests past ASGI, which takes a task, two channels and four messages for each."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from modelpack.serving.headers import by_name
from modelpack.serving.inference_protocol.failures import response_to
from modelpack.serving.observing.request_ids import REQUEST_ID
from modelpack.serving.scoring.batching import Failure
from modelpack.serving.whole import WholeAnswer, WholeRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from starlette.types import Scope

    from modelpack.serving.observing.notes import Notes
    from modelpack.serving.observing.request_ids import RequestIds
    from modelpack.serving.whole import Handler

_LENGTH = b"content-length"


class Shortcut:
    """Answers requests for some paths as `Front` and what stands behind it do, with less in between.

    A server that has a request as a whole offers it here first. What is not usual is declined and goes the long way.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        notes: Notes,
        ids: RequestIds,
        *,
        gate: Callable[[Scope, Mapping[bytes, bytes]], None] | None = None,
        debug: bool = False,
    ) -> None:
        """Lead to handlers.

        Args:
            handlers: What answers each path.
            notes: Where requests are noted.
            ids: Gives requests their ids.
            gate: Raises an error for a request that may not pass.
            debug: Whether answers carry tracebacks.
        """
        self._handlers = handlers
        self._targets = frozenset(path.encode() for path in handlers if quote(path, safe="/:") == path)
        self._notes = notes
        self._ids = ids
        self._gate = gate
        self._debug = debug
        self._latest: object = None

    def leads_to(self, method: bytes, target: bytes) -> bool:
        """Whether a request with this method and target can be answered here, if it turns out to be usual."""
        return method == b"POST" and target in self._targets

    def begin(
        self,
        scope: Scope,
        body: bytes,
        send: Callable[[WholeAnswer], object],
        gone: Callable[[], Coroutine[Any, Any, object]],
        client: object,
    ) -> Answering | None:
        """Begin to answer a request, or decline it.

        Args:
            scope: The request's head, which `leads_to` has found fit.
            body: Its body.
            send: Given the answer, once, on the event loop, now or later.
            gone: Returns when the client has gone away.
            client: Names the connection. While all requests come on one, none is waited for to be joined.

        Returns:
            What is under way, or over already; None for a request that has to go the long way.
        """
        headers = by_name(scope["headers"])
        handler = self._handlers[scope["path"]]
        if not handler.takes(headers, len(body)):
            return None
        alone, self._latest = self._latest == client, client
        answering = Answering(self, scope, self._ids.choose(headers.get(b"x-request-id")), send)
        self._notes.began()
        token = REQUEST_ID.set(answering.request_id)
        try:
            if self._gate is not None:
                self._gate(scope, headers)
            handler.begin(WholeRequest(headers, body, gone, alone), answering.take)
        except Exception as error:  # noqa: BLE001 - whatever happens, the client gets an answer
            answering.take(Failure(error))
        finally:
            REQUEST_ID.reset(token)
        return answering

    def failed(self, path: str, error: Exception) -> WholeAnswer:
        """The answer to a request for a path, when it failed."""
        response = response_to(path, error, debug=self._debug)
        headers = [header for header in response.raw_headers if header[0] != _LENGTH]
        return WholeAnswer(response.status_code, headers, bytes(response.body))

    def answered(self, answering: Answering, answer: WholeAnswer) -> None:
        """Note that a request was answered."""
        seconds = perf_counter() - answering.started
        self._notes.answered(answering.scope, answer.status, len(answer.body), seconds, answering.request_id)


class Answering:
    """A request that is being answered.

    Attributes:
        scope: The request's head.
        started: When it was here as a whole, by `perf_counter`.
        request_id: Its id.
    """

    __slots__ = ("_name", "_send", "_shortcut", "request_id", "scope", "started")

    def __init__(self, shortcut: Shortcut, scope: Scope, name: bytes, send: Callable[[WholeAnswer], object]) -> None:
        """Begin; `name` is the request's id, and `send` is given the answer."""
        self._shortcut = shortcut
        self._name = name
        self._send: Callable[[WholeAnswer], object] | None = send
        self.scope = scope
        self.started = perf_counter()
        self.request_id = name.decode()

    def take(self, outcome: WholeAnswer | Failure) -> None:
        """Send the answer, unless one was sent already."""
        send, self._send = self._send, None
        if send is None:
            return
        answer = self._shortcut.failed(self.scope["path"], outcome.error) if isinstance(outcome, Failure) else outcome
        send(WholeAnswer(answer.status, [*answer.headers, (b"x-request-id", self._name)], answer.body))
        self._shortcut.answered(self, answer)

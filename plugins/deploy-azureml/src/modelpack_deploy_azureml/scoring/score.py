"""Scores with modelpack under Azure's own inference server.

The scoring server's application runs on an event loop in a thread, and each request goes through it as it is: every
format and dialect of `/invocations` works, and its statuses reach the client.
"""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Any

from azureml_inference_server_http.api.aml_request import AMLRequest, rawhttp
from azureml_inference_server_http.api.aml_response import AMLResponse

from modelpack.pyfunc.load import load_model
from modelpack.serving.app import create_app
from modelpack.serving.container.location import model_location
from modelpack.serving.container.variables import given_settings
from modelpack.serving.settings import ServerSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_SECONDS = 310.0
_HOP = frozenset({b"content-length", b"content-encoding", b"transfer-encoding"})


class Scorer:
    """The scoring server's application, called from other threads."""

    def __init__(self, app: ASGIApp) -> None:
        """Start the application on an event loop of its own."""
        self._app = app
        self._state: dict[str, Any] = {}
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()

    def answer(self, headers: list[tuple[bytes, bytes]], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """The status, the headers and the body of the answer to a request."""
        return asyncio.run_coroutine_threadsafe(self._answer(headers, body), self._loop).result(_SECONDS)

    async def _start(self) -> None:
        started: asyncio.Future[None] = self._loop.create_future()

        async def receive() -> dict[str, Any]:
            if not started.done():
                return {"type": "lifespan.startup"}
            return await self._nothing()  # the process ends without being told

        async def send(message: Any) -> None:
            if message["type"] == "lifespan.startup.complete":
                started.set_result(None)
            elif message["type"] == "lifespan.startup.failed":
                started.set_exception(RuntimeError(message.get("message", "the model cannot be served")))

        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": self._state}
        self._running = asyncio.ensure_future(self._app(scope, receive, send))
        await started

    async def _nothing(self) -> dict[str, Any]:
        """A message that never comes."""
        never: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        return await never

    async def _answer(self, headers: list[tuple[bytes, bytes]], body: bytes) -> tuple[int, dict[str, str], bytes]:
        parts: list[bytes] = []
        status, answered = 500, dict[str, str]()
        sent = False

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if sent:
                return await self._nothing()  # the client stays
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                found = {name.lower(): value for name, value in message["headers"]}
                answered.update({n.decode(): v.decode("latin-1") for n, v in found.items() if n not in _HOP})
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        await self._app(_scope(headers, self._state), receive, send)
        return status, answered, b"".join(parts)


def _scope(headers: list[tuple[bytes, bytes]], state: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/invocations",
        "raw_path": b"/invocations",
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "client": None,
        "server": ("localhost", 80),
        "state": dict(state),
    }


_scorers: list[Scorer] = []


def init() -> None:
    """Load the model that Azure has mounted."""
    settings = {name: value for name, value in given_settings(os.environ).items() if name not in {"host", "port"}}
    model = load_model(model_location(os.environ))
    _scorers.append(Scorer(create_app(model, settings=ServerSettings(**settings))))


@rawhttp  # type: ignore[untyped-decorator]  # Azure's library has no types
def run(request: AMLRequest) -> AMLResponse:
    """Answer one request, in the format that it asks for, with the status that it deserves."""
    if request.method != "POST":
        return AMLResponse(b"POST is expected", 405, {"Allow": "POST"})
    names = {"content-type", "accept", "content-encoding"}
    headers = [(n.lower().encode(), v.encode("latin-1")) for n, v in request.headers.items() if n.lower() in names]
    body = request.get_data()
    sized = [*headers, (b"content-length", str(len(body)).encode()), (b"host", b"localhost")]
    status, answered, content = _scorers[-1].answer(sized, body)
    content_type = answered.pop("content-type", "application/json")
    response = AMLResponse(content, status, answered)
    response.headers["Content-Type"] = content_type
    return response

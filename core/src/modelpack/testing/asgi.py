"""One request to an ASGI application, without a server and without a client library."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request.

    Attributes:
        path: Where to.
        method: How.
        body: What.
        content_type: Of which type it is.
        headers: Other headers, names in lower case.
    """

    path: str
    method: str = "POST"
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(application: ASGIApp, request: Request) -> tuple[int, bytes]:
    """Start the application, send it one request, and stop it.

    Returns:
        The status and the body of the answer.
    """
    return asyncio.run(_answer(application, request))


async def _answer(application: ASGIApp, request: Request) -> tuple[int, bytes]:
    state: dict[str, Any] = {}
    events, told = asyncio.Queue[Any](), asyncio.Queue[Any]()
    lifespan = asyncio.ensure_future(application({"type": "lifespan", "state": state}, events.get, told.put))
    await events.put({"type": "lifespan.startup"})
    await told.get()
    try:
        return await _request(application, state, request)
    finally:
        await events.put({"type": "lifespan.shutdown"})
        await lifespan


async def _request(application: ASGIApp, state: dict[str, Any], request: Request) -> tuple[int, bytes]:
    sent: list[Message] = []
    told = {"host": "localhost", "content-type": request.content_type, "content-length": str(len(request.body))}
    headers = [(name.encode(), value.encode()) for name, value in {**told, **request.headers}.items()]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "state": dict(state),
    }
    parts = [{"type": "http.request", "body": request.body, "more_body": False}]

    async def receive() -> Message:
        if parts:
            return parts.pop()
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await application(scope, receive, send)
    status = next(message["status"] for message in sent if message["type"] == "http.response.start")
    return status, b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")

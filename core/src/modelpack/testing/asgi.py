"""One request to an ASGI application, without a server and without a client library."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message


def post(application: ASGIApp, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
    """Start the application, send it one POST, and stop it.

    Returns:
        The status and the body of the answer.
    """
    return asyncio.run(_post(application, path, body, content_type))


async def _post(application: ASGIApp, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
    state: dict[str, Any] = {}
    events, told = asyncio.Queue[Any](), asyncio.Queue[Any]()
    lifespan = asyncio.ensure_future(application({"type": "lifespan", "state": state}, events.get, told.put))
    await events.put({"type": "lifespan.startup"})
    await told.get()
    try:
        return await _request(application, state, path, body, content_type)
    finally:
        await events.put({"type": "lifespan.shutdown"})
        await lifespan


async def _request(
    application: ASGIApp, state: dict[str, Any], path: str, body: bytes, content_type: str
) -> tuple[int, bytes]:
    sent: list[Message] = []
    headers = [(b"host", b"localhost"), (b"content-type", content_type.encode())]
    headers.append((b"content-length", str(len(body)).encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "state": dict(state),
    }
    request = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if request:
            return request.pop()
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await application(scope, receive, send)
    status = next(message["status"] for message in sent if message["type"] == "http.response.start")
    return status, b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")

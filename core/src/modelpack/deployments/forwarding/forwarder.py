"""The application that hands each request to a server and its answer back."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson

from modelpack.deployments.forwarding.backends import UnreachableError
from modelpack.deployments.forwarding.requests import ForwardedRequest, end_to_end

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from modelpack.deployments.forwarding.backends import Backend, Routes
    from modelpack.deployments.forwarding.connection import Connection

LOGGER = logging.getLogger("modelpack.deployments")


class Forwarder:
    """An ASGI application.

    It takes each request for itself, so a client's connection stays open when the servers behind it change. A request
    that no server has taken goes to the next one; one that a server may have begun is never repeated, but for one that
    was sent down a kept connection of which the server took leave at that moment.
    """

    def __init__(self, routes: Routes) -> None:
        """Hand requests to the servers that the routes name at the time."""
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        first = await receive()
        if first["type"] == "http.disconnect":
            return
        request = ForwardedRequest(scope, first, receive)
        for backend in self._routes.by_load():
            if await _tried(backend, request, send):
                return
        await _refuse(send, HTTPStatus.SERVICE_UNAVAILABLE, "no scoring server can be reached")


async def _tried(backend: Backend, request: ForwardedRequest, send: Send) -> bool:
    """Whether a server took the request; the client then has its answer, or the failure."""
    try:
        for fresh in (False, True):
            async with backend.connection(fresh=fresh) as connection:
                if await _answered(connection, request, send):
                    return True
    except UnreachableError as error:
        LOGGER.warning("%s", error)
    return False


async def _answered(connection: Connection, request: ForwardedRequest, send: Send) -> bool:
    try:
        body = await connection.exchange(request)
    except ConnectionError as error:
        if connection.reused and connection.silent and request.ends_with_beginning:
            return False
        LOGGER.warning("a request was not answered: %s", error)
        await _refuse(send, HTTPStatus.BAD_GATEWAY, "the scoring server ended before it answered")
        return True
    await send({"type": "http.response.start", "status": connection.status, "headers": end_to_end(connection.headers)})
    async for piece, more in body:
        await send({"type": "http.response.body", "body": piece, "more_body": more})
    return True


async def _refuse(send: Send, status: HTTPStatus, message: str) -> None:
    body = orjson.dumps({"error_code": "TEMPORARILY_UNAVAILABLE", "message": message})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", b"1"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

"""Answers that stay the same as long as the server runs."""

from __future__ import annotations

import asyncio
import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response

from modelpack.serving.errors import SAFE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from starlette.requests import Request


class Fixed:
    """An endpoint whose body is made at the first request, in a thread, and kept.

    Clients may keep it too, and ask whether it is still the same.
    """

    def __init__(self, make: Callable[[], bytes], media_type: str, headers: Mapping[str, str] | None = None) -> None:
        """Answer with what `make` makes."""
        self._make = make
        self._media_type = media_type
        self._headers = {**SAFE, "Cache-Control": "no-cache", **(headers or {})}
        self._body: bytes | None = None

    async def __call__(self, request: Request) -> Response:
        """Answer one request: 304 where the client has the body already."""
        if self._body is None:
            body = await asyncio.to_thread(self._make)
            self._headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            self._body = body
        known = request.headers.get("if-none-match", "")
        if self._headers["ETag"] in known or known.strip() == "*":
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=self._headers)
        return Response(self._body, headers=self._headers, media_type=self._media_type)


def fixed_json(make: Callable[[], Mapping[str, Any]]) -> Callable[[Request], Any]:
    """An endpoint that always answers the same JSON."""
    return Fixed(lambda: orjson.dumps(make()), "application/json").__call__

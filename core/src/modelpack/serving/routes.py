"""The way from a path to what answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send


class Routes:
    """Looks the hot paths up in a dict and leaves every other to Starlette, whose router and middleware cost more."""

    def __init__(self, hot: Mapping[str, ASGIApp], rest: ASGIApp) -> None:
        """Answer the paths of `hot` directly, and all else, lifespan included, by `rest`."""
        self._hot = dict(hot)
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to what answers it."""
        chosen = self._hot.get(scope["path"], self._rest) if scope["type"] == "http" else self._rest
        await chosen(scope, receive, send)

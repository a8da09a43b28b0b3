"""The files of the pages, which come with the package and refer to nothing outside of the server."""

from __future__ import annotations

from functools import partial
from importlib.resources import files
from pathlib import PurePath
from typing import TYPE_CHECKING

from starlette.routing import Route

from modelpack.serving.fixed import Fixed

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

PREFIX = "/page/"
"""Under which the files stand that the pages load."""

_PAGES = {"/": "index.html", "/docs": "docs.html"}
_MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
"""The pages run their own scripts alone, talk to their own server alone, and stand in no frame."""


def page_routes() -> list[Route]:
    """The pages, and every file that they load."""
    static = files("modelpack.serving.page") / "static"
    pages = [Route(path, _endpoint(static / name).__call__, name=name) for path, name in _PAGES.items()]
    parts = [each for each in static.iterdir() if PurePath(each.name).suffix in _MEDIA_TYPES]
    return [*pages, *(Route(PREFIX + part.name, _endpoint(part).__call__, name=part.name) for part in parts)]


def _endpoint(file: Traversable) -> Fixed:
    return Fixed(partial(file.read_bytes), _MEDIA_TYPES[PurePath(file.name).suffix], _HEADERS)

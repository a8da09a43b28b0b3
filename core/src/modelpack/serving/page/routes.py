"""The files of the pages, which come with the package and refer to nothing outside of the server."""

from __future__ import annotations

from pathlib import Path

from starlette.routing import Route

from modelpack.serving.fixed import Fixed

PREFIX = "/page/"
"""Under which the files stand that the pages load."""

_STATIC = Path(__file__).with_name("static")
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
    pages = [Route(path, _endpoint(_STATIC / name).__call__, name=name) for path, name in _PAGES.items()]
    parts = [each for each in _STATIC.iterdir() if each.suffix in _MEDIA_TYPES]
    return [*pages, *(Route(PREFIX + part.name, _endpoint(part).__call__, name=part.name) for part in parts)]


def _endpoint(file: Path) -> Fixed:
    return Fixed(file.read_bytes, _MEDIA_TYPES[file.suffix], _HEADERS)

"""A registry over HTTP that keeps everything in memory, notes what it is asked, and fails where a test wants it to."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from modelpack.images.oci.blobs import content_digest

Fault = Callable[["Handler"], bool]
"""Answers a request itself, or says False."""


@dataclass
class SmallRegistry:
    """The registry.

    Attributes:
        blobs: What was uploaded, by repository and digest.
        manifests: Media type and content, by repository and version.
        requests: Method, path and headers of every request.
        faults: Asked in turn before a request is served; one that has answered is gone.
        token: What a client has to bring as its bearer token; None serves everyone.
        login: The header that the token server wants; None gives tokens to strangers.
        largest: The largest body of a request; None takes any.
    """

    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    uploads: dict[str, bytes] = field(default_factory=dict)
    token: str | None = None
    login: str | None = None
    largest: int | None = None
    address: str = ""

    @contextmanager
    def serving(self) -> Iterator[SmallRegistry]:
        """Serve on a free port of this machine."""
        handler = type("BoundHandler", (Handler,), {"registry": self})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            self.address = f"127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()

    def add(self, repository: str, content: bytes) -> str:
        """Have a blob."""
        digest = content_digest(content)
        self.blobs[repository, digest] = content
        return digest

    def tag(self, repository: str, version: str, media_type: str, content: bytes) -> str:
        """Have a manifest, under a tag and under its digest."""
        digest = content_digest(content)
        self.manifests[repository, version] = self.manifests[repository, digest] = (media_type, content)
        return digest

    def methods(self, path: str = "") -> list[str]:
        """The methods of the requests whose path contains a text."""
        return [method for method, asked, _ in self.requests if path in asked]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    registry: SmallRegistry
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""

    def answer(self, status: int, content: bytes = b"", **headers: str) -> bool:
        """Send an answer; the names of headers are written with underscores."""
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(content))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        return True

    def handle_any(self) -> None:
        """Serve a request."""
        self.registry.requests.append((self.command, self.path, dict(self.headers)))
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        for fault in list(self.registry.faults):
            if fault(self):
                self.registry.faults.remove(fault)  # the first of several that are the same
                return
        if self.path.startswith("/token"):
            self._give_token()
        elif self.registry.token not in {None, self.headers.get("Authorization", "").removeprefix("Bearer ")}:
            challenge = (
                f'Bearer realm="http://{self.registry.address}/token",service="small",scope="ignored:x:pull,push"'
            )
            self.answer(
                401, b'{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}', WWW_Authenticate=challenge
            )
        elif self.registry.largest is not None and len(self.body) > self.registry.largest:
            self.answer(413)
        else:
            self._serve(urlsplit(self.path).path)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = handle_any  # noqa: N815 - the names of the base class

    def _give_token(self) -> None:
        if self.registry.login not in {None, self.headers.get("Authorization"), self.body.decode()}:
            self.answer(401, b'{"details":"incorrect username or password"}')
        else:
            self.answer(200, json.dumps({"token": self.registry.token}).encode())

    def _serve(self, path: str) -> None:
        routes: dict[str, Callable[..., Any]] = {
            r"/v2/(.+)/manifests/([^/]+)": self._manifest,
            r"/v2/(.+)/blobs/uploads/": self._begin,
            r"/v2/(.+)/blobs/uploads/([^/]+)": self._upload,
            r"/v2/(.+)/blobs/(sha256:[0-9a-f]+)": self._blob,
        }
        for pattern, serve in routes.items():
            if match := re.fullmatch(pattern, path):
                serve(*match.groups())
                return
        self.answer(404)

    def _manifest(self, repository: str, version: str) -> None:
        if self.command == "PUT":
            digest = self.registry.tag(repository, version, self.headers["Content-Type"], self.body)
            self.answer(201, Docker_Content_Digest=digest)
        elif (repository, version) in self.registry.manifests:
            media_type, content = self.registry.manifests[repository, version]
            self.answer(200, content, Content_Type=media_type)
        else:
            self.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')

    def _blob(self, repository: str, digest: str) -> None:
        content = self.registry.blobs.get((repository, digest))
        if content is None:
            self.answer(404)
        elif wanted := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            self.answer(206, content[int(wanted[1]) :])
        else:
            self.answer(200, content)

    def _begin(self, repository: str) -> None:
        query = parse_qs(urlsplit(self.path).query)
        content = self.registry.blobs.get((query.get("from", [""])[0], query.get("mount", [""])[0]))
        if content is not None:
            self.registry.add(repository, content)
            self.answer(201)
            return
        number = str(len(self.registry.uploads))
        self.registry.uploads[number] = b""
        self.answer(202, Location=f"/v2/{repository}/blobs/uploads/{number}?state=x")

    def _upload(self, repository: str, number: str) -> None:
        if self.command == "PATCH":
            start = int(self.headers["Content-Range"].partition("-")[0])
            if start != len(self.registry.uploads[number]):
                self.answer(416)
                return
        self.registry.uploads[number] += self.body
        if self.command == "PATCH":
            self.answer(202, Location=f"http://{self.registry.address}/v2/{repository}/blobs/uploads/{number}?state=y")
            return
        expected = parse_qs(urlsplit(self.path).query)["digest"][0]
        status = 201 if self.registry.add(repository, self.registry.uploads[number]) == expected else 400
        self.answer(status)

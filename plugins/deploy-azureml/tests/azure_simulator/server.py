"""The HTTPS server: takes requests, and sends what answers them."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from azure_simulator.messages import Call, Reply, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Server(ThreadingHTTPServer):
    """Answers each request with what a function replies, on 127.0.0.1, behind a certificate of its own.

    Attributes:
        url: Where it answers.
        certificate: The file with the authority that signed its certificate.
        answer: The function; set before the first request.
    """

    daemon_threads = True
    request_queue_size = 64
    answer: Callable[[Call], Reply]

    def __init__(self, directory: Path) -> None:
        """Listen; the certificate is written to the directory."""
        import trustme

        super().__init__(("127.0.0.1", 0), Handler)
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.server_address[1]}"
        self.certificate = directory / "authority.pem"
        authority.cert_pem.write_to_path(str(self.certificate))
        self._connections: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more, and hang up."""
        self.shutdown()
        self.server_close()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, to hang up in the end."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in two pieces waits 40 ms for the first one to be acknowledged

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Read something."""
        self._answer()

    def do_HEAD(self) -> None:
        """Look at a blob."""
        self._answer()

    def do_POST(self) -> None:
        """Ask for an action, or score."""
        self._answer()

    def do_PUT(self) -> None:
        """Create or replace something."""
        self._answer()

    def do_PATCH(self) -> None:
        """Change something."""
        self._answer()

    def do_DELETE(self) -> None:
        """Remove something."""
        self._answer()

    def _answer(self) -> None:
        path, query = urlsplit(self.path).path, urlsplit(self.path).query
        call = Call(
            self.command,
            unquote(path),
            {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()},
            {name.lower(): value for name, value in self.headers.items()},
            self._content(),
        )
        try:
            reply = self.server.answer(call)
        except ServiceError as refusal:
            reply = refusal.reply()
        except Exception as error:  # noqa: BLE001 - a fault of the simulator: the test has to see it
            reply = ServiceError(500, "InternalServerError", f"the simulator failed: {error!r}").reply()
        self._send(reply)

    def _content(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(self, reply: Reply) -> None:
        body = reply.body()
        self.send_response(reply.status)
        headers = {name.lower(): value for name, value in reply.headers.items()}
        headers = {"content-type": reply.content_type(), "x-ms-request-id": "simulated", **headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

"""HTTP/1.1 on one connection: uvicorn's protocol, with the limits and manners that it leaves out."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from modelpack.serving.processes.exchange import Exchange
from modelpack.serving.processes.joined_writes import JoinedWrites

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from modelpack.serving.observing.notes import Notes
    from modelpack.serving.shortcut import Shortcut

MAX_HEAD: Final = 65_536
"""The most bytes of a request line and headers; also of whatever else is neither body nor the end of it."""

HEAD_SECONDS: Final = 15.0
"""Seconds that a client has for request line and headers, from their first byte or from connecting."""

KEEP_ALIVE: Final = 75
"""Seconds that a connection may stay open between requests: longer than the 60 of usual load balancers."""

_LINGER: Final = 30.0
"""Seconds that the rest of a body which was answered already is still read, so that the client reads the answer."""

_LAST_SECONDS: Final = 2.0
"""Seconds that a client which was refused has to take the answer."""

_OFFER = {b"connection", b"upgrade", b"http2-settings"}

_CODES = {
    HTTPStatus.BAD_REQUEST: "BAD_REQUEST",
    HTTPStatus.REQUEST_TIMEOUT: "REQUEST_TIMEOUT",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "REQUEST_HEADERS_TOO_LARGE",
}


class HttpProtocol(HttpToolsProtocol):
    """One connection.

    Beyond what uvicorn does, request line and headers are limited in size and time, a client that has sent its request
    and closed its side of the connection still gets the answer, and no connection stays open that nobody uses. This
    costs a request that comes in one piece a few attribute accesses. Where the application has a shortcut, such a
    request takes it.
    """

    _idle_bytes = 0
    """Bytes since the last that ended a head or belonged to a body."""

    _deadline: asyncio.TimerHandle | None = None
    """When the head that is being read has to be complete, or a body that nobody needs has to have ended."""

    _idle_since = 0.0
    """When the last answer was complete; 0 while a request comes or is answered."""

    _idle_timer: asyncio.TimerHandle | None = None
    _refused = False

    _without_offer = b""
    """The head of a request without the offer to go on in another protocol."""

    _exchange: Exchange | None = None
    """The request that comes, as long as it may be one for the shortcut."""

    _took_shortcut = False
    """Whether a request did of those that came with the same data; the others shall not hold up everybody else."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Give the client a time for its first request."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop the timers with the connection."""
        self._forget_deadline()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, within the limits."""
        if self._refused:
            return
        self._idle_since = 0.0
        self._took_shortcut = False
        self._idle_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            if not self._refused:
                self._feed_without_offer(data[upgrade.args[0] :])
        except HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST, "this is no HTTP/1.1 request")
        if self._exchange is not None and not self._refused:
            self._go_the_long_way(self._exchange)
        if self._idle_bytes:
            self._check_progress()

    def on_headers_complete(self) -> None:
        """Start the request, unless its head is too large or to be read once more."""
        if self._idle_bytes > MAX_HEAD and self._head_size() > MAX_HEAD:
            self._refuse_head()
            raise ValueError("the head is too large")  # the parser stops
        if self.parser.should_upgrade():
            self._note_offer()
            return
        self._idle_bytes = 0
        if self._deadline is not None:
            self._forget_deadline()
        shortcut: Shortcut | None = self.app_state.get("shortcut")
        if shortcut is not None and self._is_usual() and shortcut.leads_to(self.parser.get_method(), self.url):
            self._exchange = Exchange(
                self.transport,
                self.server_state,
                self.on_response_complete,
                keep_alive=self.parser.should_keep_alive(),
            )
        else:
            self._begin_cycle()
        self.headers = []  # trailers are no headers

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._idle_bytes = 0
        if self._exchange is not None:
            self._exchange.body += body
        else:
            HttpToolsProtocol.on_body(self, body)

    def on_message_complete(self) -> None:
        """Take the end of the body."""
        if self._without_offer:
            return  # the parser stops before the body of a request that offers another protocol
        self._idle_bytes = 0
        exchange = self._exchange
        if exchange is not None and self._takes_shortcut(exchange):
            return
        HttpToolsProtocol.on_message_complete(self)

    def _is_usual(self) -> bool:
        """Whether the request whose head is here can be answered as soon as it is whole."""
        if self._took_shortcut or self.expect_100_continue or self.flow.write_paused or self._is_answering():
            return False
        return self.parser.get_http_version() == "1.1"

    def _takes_shortcut(self, exchange: Exchange) -> bool:
        """Answer a request by the shortcut; or let it go the long way, up to the end of its body."""
        former, self.cycle = self.cycle, exchange  # type: ignore[assignment]  # it takes the cycle's place
        self.scope["method"], self.scope["path"] = "POST", self.url.decode("ascii")
        self.scope["raw_path"], self.scope["query_string"] = self.url, b""
        self._took_shortcut = exchange.begin(self.app_state["shortcut"], self.scope)
        if self._took_shortcut:
            self._exchange = None
        else:
            self.cycle = former
            self._go_the_long_way(exchange)
        return self._took_shortcut

    def _go_the_long_way(self, exchange: Exchange) -> None:
        """Begin uvicorn's cycle of a request, part of whose body may have come."""
        self._exchange = None
        self._begin_cycle()
        if exchange.body:
            HttpToolsProtocol.on_body(self, exchange.body)

    def _begin_cycle(self) -> None:
        HttpToolsProtocol.on_headers_complete(self)
        if self.scope["method"] != "HEAD":
            self.cycle.transport = JoinedWrites(self.transport)  # type: ignore[assignment]  # it takes a transport's place

    def on_response_complete(self) -> None:
        """Wait for the next request; read what is left of this one's body, lest the client misses the answer."""
        if self.pipeline:
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.cycle.more_body:
            self._forget_deadline()
            self._deadline = self.loop.call_later(_LINGER, self._give_up, self.cycle)
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._close_if_idle)

    def _close_if_idle(self) -> None:
        """End a connection without requests. The timer is set anew here, not with each request: that is cheaper."""
        now = self.loop.time()
        idle = now - self._idle_since if self._idle_since else 0.0
        if idle < self.timeout_keep_alive:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive - idle, self._close_if_idle)
        elif not self.transport.is_closing():
            self.transport.close()

    def eof_received(self) -> bool | None:  # type: ignore[override]  # uvicorn always lets the connection close
        """Keep the connection for the answers to requests that are complete."""
        if self._refused or self.scheme == "https" or not self._is_answering() or self.cycle.more_body:
            return None
        self.cycle.keep_alive = False  # it is the last of those that wait
        return True

    def _note_offer(self) -> None:
        """Keep the head without its offer of another protocol, HTTP/2 or WebSocket, which a server may pass over."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(HTTPStatus.BAD_REQUEST, "this server is no proxy")
            return
        version = self.parser.get_http_version().encode()
        kept = [b"%s: %s\r\n" % field for field in self.headers if field[0] not in _OFFER]
        self._without_offer = b"%s %s HTTP/%s\r\n%s\r\n" % (method, self.url, version, b"".join(kept))

    def _feed_without_offer(self, rest: bytes) -> None:
        """Parse a request once more as if it had made no offer, its body included, as the parser itself cannot."""
        head, self._without_offer = self._without_offer, b""
        self.parser = HttpRequestParser(self)
        self._idle_bytes = 0
        self.data_received(head + rest)

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _check_progress(self) -> None:
        """Refuse a head that is too large, and wait only so long for its rest."""
        if self._refused:
            return
        if self._idle_bytes > MAX_HEAD:
            self._refuse_head()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _refuse_head(self) -> None:
        self._refuse(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"the request line and headers are larger than {MAX_HEAD} bytes"
        )

    def _too_slow(self) -> None:
        self._deadline = None
        if self._idle_bytes:
            self._refuse(
                HTTPStatus.REQUEST_TIMEOUT, f"the request line and headers took longer than {HEAD_SECONDS:g} s"
            )
        else:
            self.transport.close()

    def _give_up(self, cycle: Any) -> None:
        self._deadline = None
        if self.cycle is cycle:
            self.transport.close()

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Answer with an error and end the connection; what the client still sends is dropped."""
        if self._refused:
            return
        self._refused = True
        self._forget_deadline()
        if self.transport.is_closing():
            return
        if self._is_answering():
            self.transport.close()  # an answer is under way; a second one in it would be read as its body
            return
        content = orjson.dumps({"error_code": _CODES[status], "message": message})
        head = (
            b"content-type: application/json\r\nx-content-type-options: nosniff\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n" % len(content)
        )
        self.transport.write(STATUS_LINE[status] + head + content)
        notes: Notes | None = self.app_state.get("notes")
        if notes is not None:
            notes.refused(self.client, status, len(content))
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self._deadline = self.loop.call_later(_LAST_SECONDS, self.transport.close)
        else:
            self.transport.close()

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

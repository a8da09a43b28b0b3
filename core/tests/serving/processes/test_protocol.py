"""Connections that behave badly, over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from modelpack.serving.processes import protocol
from modelpack.serving.processes.listening import listening_socket
from modelpack.serving.processes.protocol import HttpProtocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the method, the names of the headers and the body; `/unread` does not read the body."""
    if scope["type"] != "http":
        return
    body, more = b"", scope["path"] != "/unread"
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if scope["path"] == "/slow":
        await asyncio.sleep(0.3)
    names = [name.decode() for name, _ in scope["headers"]]
    content = json.dumps({"method": scope["method"], "headers": names, "body": body.decode()}).encode()
    headers = [(b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


@contextmanager
def running(app: Any) -> Iterator[tuple[str, int]]:
    """The address of a server of an application, in a thread."""
    config = uvicorn.Config(app, http=HttpProtocol, ws="none", lifespan="off", log_config=None, timeout_keep_alive=5)
    server = uvicorn.Server(config)
    with listening_socket("127.0.0.1", 0) as listener:
        address = listener.getsockname()[:2]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """The address of a server of the echo."""
    with running(echo) as found:
        yield found


@contextmanager
def connected(address: tuple[str, int]) -> Iterator[socket.socket]:
    """A connection to a server."""
    with socket.create_connection(address, timeout=10) as client:
        yield client


def everything(client: socket.socket) -> bytes:
    """All that a server sends until it closes the connection."""
    pieces = []
    while piece := client.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def one_answer(client: socket.socket) -> tuple[int, Any]:
    """The status and JSON of the next answer on a connection."""
    with client.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        length = 0
        while (line := stream.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return status, json.loads(stream.read(length))


def post(body: bytes, path: str = "/", *headers: bytes) -> bytes:
    """A request."""
    lines = [b"POST %s HTTP/1.1" % path.encode(), b"Host: x", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def test_a_client_that_closes_its_side_after_the_request_gets_the_answer(address: tuple[str, int]) -> None:
    """And the connection ends with it."""
    with connected(address) as client:
        client.sendall(post(b"abc", "/slow"))
        client.shutdown(socket.SHUT_WR)
        answer = everything(client)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"body": "abc"' in answer


def test_a_client_that_closes_its_side_gets_the_answers_to_all_that_it_sent(address: tuple[str, int]) -> None:
    """Requests that wait behind another on the connection are answered, too."""
    with connected(address) as client:
        client.sendall(post(b"one", "/slow") + post(b"two", "/slow") + post(b"three"))
        client.shutdown(socket.SHUT_WR)
        answer = everything(client)
    assert answer.count(b"HTTP/1.1 200") == 3
    assert answer.index(b"one") < answer.index(b"two") < answer.index(b"three")


@pytest.mark.parametrize("sent", [b"", b"POST / HTTP/1.1\r\nHo", post(b"abc")[:-1]], ids=["nothing", "head", "body"])
def test_a_client_that_closes_its_side_too_early_is_let_go(address: tuple[str, int], sent: bytes) -> None:
    """There is nothing to answer."""
    with connected(address) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        assert everything(client) == b""


@pytest.mark.parametrize(
    "head",
    [
        b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * 70_000),
        b"GET / HTTP/1.1\r\nHost: x\r\nA: %s\r\n\r\n" % (b"a" * 70_000),
        b"GET / HTTP/1.1\r\nHost: x\r\n%s\r\n" % (b"A: 123456\r\n" * 8_000),
        b"GET / HTTP/1.1\r\nHost: x\r\nA: %s" % (b"a" * 70_000),
    ],
    ids=["path", "header", "many", "endless"],
)
def test_a_head_that_is_too_large_is_refused(address: tuple[str, int], head: bytes) -> None:
    """With 431, an error of the usual form, and the end of the connection."""
    with connected(address) as client:
        client.sendall(head)
        answer = everything(client)
    assert answer.startswith(b"HTTP/1.1 431")
    assert b'"error_code":"REQUEST_HEADERS_TOO_LARGE"' in answer


def test_a_large_head_within_the_limit_is_served(address: tuple[str, int]) -> None:
    """Also when it comes in one piece with a body that goes beyond it."""
    with connected(address) as client:
        client.sendall(post(b"b" * 60_000, "/", b"A: " + b"a" * 60_000))
        status, answer = one_answer(client)
    assert (status, len(answer["body"])) == (200, 60_000)


def test_a_body_may_be_larger_than_a_head(address: tuple[str, int]) -> None:
    """The limit is not the body's, however it comes."""
    with connected(address) as client:
        client.sendall(post(b"b" * 1_000_000))
        assert len(one_answer(client)[1]["body"]) == 1_000_000
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.sendall(b"1\r\nb\r\n" * 50_000 + b"0\r\n\r\n")
        assert len(one_answer(client)[1]["body"]) == 50_000


def test_trailers_are_no_headers_and_are_limited(address: tuple[str, int]) -> None:
    """A body's end may carry some; not without end."""
    start = b"POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n"
    with connected(address) as client:
        client.sendall(start + b"Authorization: x\r\n\r\n")
        assert one_answer(client)[1]["headers"] == ["host", "transfer-encoding"]
        client.sendall(start)
        with pytest.raises(OSError):  # noqa: PT012, PT011 - when the server ends it, any operation may fail
            while True:
                client.sendall(b"A: 123456\r\n" * 1_000)
                if not client.recv(1):
                    raise ConnectionResetError


def test_a_client_that_never_ends_its_head_is_let_go(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """However it spreads the bytes: what counts is the time from the first."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    with connected(address) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        client.settimeout(0.05)
        answer = b""
        for _ in range(100):
            try:
                client.sendall(b"A")
                answer += client.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                break
            if answer:
                break
    assert answer.startswith(b"HTTP/1.1 408")


def test_a_slow_second_head_is_let_go_too(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first request of the connection made no difference."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    with connected(address) as client:
        client.sendall(post(b"abc"))
        assert one_answer(client)[0] == 200
        client.sendall(b"GET / HTTP")
        assert everything(client).startswith(b"HTTP/1.1 408")


def test_a_client_that_says_nothing_is_let_go(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is only opened does not stay."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    with connected(address) as client:
        assert everything(client) == b""


def test_a_connection_without_requests_ends(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted from the last answer; a request that takes longer is answered."""
    made = HttpProtocol.connection_made

    def impatient(self: HttpProtocol, transport: asyncio.Transport) -> None:
        self.timeout_keep_alive = 0.2  # type: ignore[assignment]  # whole seconds for those who configure it
        made(self, transport)

    monkeypatch.setattr(HttpProtocol, "connection_made", impatient)
    with connected(address) as client:
        for _ in range(2):
            client.sendall(post(b"abc", "/slow"))
            assert one_answer(client)[0] == 200
        assert everything(client) == b""


def test_the_time_for_the_head_is_not_the_answers(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A complete request is answered, however long that takes."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.1)
    with connected(address) as client:
        for _ in range(2):
            client.sendall(post(b"abc", "/slow"))
            assert one_answer(client)[0] == 200


def test_a_body_that_was_answered_already_is_not_read_for_ever(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client gets its answer, and the connection ends."""
    monkeypatch.setattr(protocol, "_LINGER", 0.3)
    with connected(address) as client:
        client.sendall(b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nabc")
        assert one_answer(client)[0] == 200
        with pytest.raises(OSError):  # noqa: PT011, PT012 - reset or broken pipe
            while True:
                client.sendall(b"a" * 1000)


def test_after_a_body_that_nobody_read_comes_the_next_request(address: tuple[str, int]) -> None:
    """The connection stays usable when the rest came."""
    with connected(address) as client:
        client.sendall(post(b"a" * 1000, "/unread") + post(b"next"))
        assert one_answer(client)[0] == 200
    with connected(address) as client:
        client.sendall(post(b"a" * 1000, "/unread"))
        assert one_answer(client)[0] == 200
        client.sendall(post(b"next"))
        assert one_answer(client)[1]["body"] == "next"


def test_a_client_may_wait_until_its_body_is_wanted(address: tuple[str, int]) -> None:
    """`Expect: 100-continue` is answered before the body is read."""
    with connected(address) as client:
        head, _, body = post(b"abc", "/", b"Expect: 100-continue").partition(b"\r\n\r\n")
        client.sendall(head + b"\r\n\r\n")
        assert client.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        assert one_answer(client)[1]["body"] == "abc"


@pytest.mark.parametrize("offer", [b"h2c", b"websocket"])
def test_an_offer_of_another_protocol_is_passed_over(address: tuple[str, int], offer: bytes) -> None:
    """Java's client offers HTTP/2 with its first request."""
    with connected(address) as client:
        client.sendall(post(b"abc", "/", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: " + offer))
        assert one_answer(client)[1] == {"method": "POST", "headers": ["host", "content-length"], "body": "abc"}
        client.sendall(post(b"next"))
        assert one_answer(client)[1]["body"] == "next"


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    ],
    ids=["tls", "version", "path", "connect", "length", "both", "two"],
)
def test_what_is_no_http_is_refused(address: tuple[str, int], sent: bytes) -> None:
    """With an error of the usual form."""
    with connected(address) as client:
        client.sendall(sent)
        client.settimeout(3)
        answer = everything(client)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b'"error_code":"BAD_REQUEST"' in answer


def test_what_is_no_http_does_not_break_an_answer_under_way(address: tuple[str, int]) -> None:
    """A second answer in the middle of the first would be read as its body."""
    with connected(address) as client:
        client.sendall(post(b"abc", "/slow") + b"nonsense\r\n\r\n")
        assert everything(client) == b""

"""The forwarder, between real connections."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from modelpack.deployments.forwarding.addresses import Address
from modelpack.deployments.forwarding.backends import Routes, drained
from modelpack.deployments.forwarding.forwarder import Forwarder
from modelpack.deployments.forwarding.front import Front, listening_socket
from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

ResultT = TypeVar("ResultT")
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-name: %s\r\n\r\nok"


class Backend:
    """A server that answers as it is told, and keeps what it was sent."""

    def __init__(self, answer: bytes) -> None:
        """Answer each request with these bytes; `#` ends the connection."""
        self.answer = answer
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.pause = 0.0

    async def start(self) -> Address:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return Address("127.0.0.1", self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more."""
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.heads.append(head)
                self.bodies.append(await _body(head.lower(), reader))
                await asyncio.sleep(self.pause)
                writer.write(self.answer.removesuffix(b"#"))
                await writer.drain()
                if self.answer.endswith(b"#"):
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


async def _body(head: str, reader: asyncio.StreamReader) -> bytes:
    if "content-length: " in head:
        return await reader.readexactly(int(head.partition("content-length: ")[2].split("\r\n")[0]))
    if "transfer-encoding: chunked" in head:
        return await reader.readuntil(b"0\r\n\r\n")
    return b""


class Stage:
    """A forwarder before servers, in a thread of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Use an event loop that runs already."""
        self._loop = loop
        self.routes = Routes()
        self._backends: list[Backend] = []
        self.front = self.run(self._open())

    async def _open(self) -> Front:
        return Front(Forwarder(self.routes), listening_socket("127.0.0.1", 0))

    def run(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Run a coroutine in the forwarder's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def use(self, *backends: Backend) -> list[Address]:
        """Forward to these servers, which are started."""
        self._backends += backends
        addresses = [self.run(backend.start()) for backend in backends]
        self.run(self._replace(addresses))
        return addresses

    async def _replace(self, addresses: list[Address]) -> None:
        self.gone = self.routes.replace(addresses)

    async def close(self) -> None:
        """End everything."""
        await self.front.close(1)
        self.routes.replace([])
        for backend in self._backends:
            await backend.stop()
        await asyncio.sleep(0.05)  # what was closed is closed then

    def client(self) -> http.client.HTTPConnection:
        """A connection to the public port."""
        return http.client.HTTPConnection("127.0.0.1", self.front.port, timeout=30)

    def ask(self, method: str = "GET", body: object = None, **arguments: object) -> tuple[int, bytes, str | None]:
        """Send one request on a connection of its own."""
        with closing(self.client()) as client:
            client.request(method, "/invocations?a=1", body, **arguments)  # type: ignore[arg-type]  # as they are
            answer = client.getresponse()
            with answer:
                return answer.status, answer.read(), answer.headers["x-name"]


@contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A forwarder without servers yet."""
    with running_loop() as loop:
        stage = Stage(loop)
        yield stage
        stage.run(stage.close())


def test_a_request_is_handed_on_as_it_came(stage: Stage) -> None:
    """Method, path, query, headers and body; not what concerns the client's connection alone."""
    backend = Backend(ANSWER % b"one")
    stage.use(backend)
    status, content, name = stage.ask(
        "POST", b"rows", headers={"X-Mine": "1", "Connection": "close, X-Hop", "X-Hop": "2"}
    )
    assert (status, content, name) == (200, b"ok", "one")
    head = backend.heads[0].lower()
    assert head.startswith("post /invocations?a=1 http/1.1\r\n")
    assert "x-mine: 1\r\n" in head
    assert "connection" not in head
    assert "x-hop" not in head
    assert backend.bodies == [b"rows"]


def test_a_body_of_unknown_length_is_handed_on(stage: Stage) -> None:
    """Piece by piece."""
    backend = Backend(ANSWER % b"one")
    stage.use(backend)
    assert stage.ask("POST", iter([b"some ", b"rows"]), encode_chunked=True)[0] == 200
    assert b"some " in backend.bodies[0]
    assert backend.bodies[0].endswith(b"rows\r\n0\r\n\r\n")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_answers_without_a_body_are_complete(stage: Stage, method: str) -> None:
    """To HEAD, and with status 204."""
    answers = {"HEAD": b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n", "GET": b"HTTP/1.1 204 No Content\r\n\r\n"}
    backend = Backend(answers[method])
    stage.use(backend)
    client = stage.client()
    for _ in range(2):
        client.request(method, "/")
        assert client.getresponse().read() == b""
    client.close()
    assert backend.connections == 1


def test_a_chunked_answer_is_handed_back(stage: Stage) -> None:
    """Its pieces, and its end."""
    stage.use(Backend(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nsome\r\n5\r\n rows\r\n0\r\n\r\n"))
    assert stage.ask()[:2] == (200, b"some rows")


def test_an_interim_answer_is_not_the_answer(stage: Stage) -> None:
    """A 103 comes before the 200."""
    stage.use(Backend(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + ANSWER % b"one"))
    assert stage.ask() == (200, b"ok", "one")


def test_a_client_stays_connected_while_servers_change(stage: Stage) -> None:
    """The next request on its connection goes to the new server."""
    first, second = Backend(ANSWER % b"first"), Backend(ANSWER % b"second")
    stage.use(first)
    client = stage.client()
    client.request("GET", "/")
    assert client.getresponse().read() == b"ok"
    stage.use(second)
    client.request("GET", "/")
    answer = client.getresponse()
    assert (answer.headers["x-name"], answer.read()) == ("second", b"ok")
    client.close()
    assert (len(first.heads), len(second.heads)) == (1, 1)


def test_a_server_is_drained_when_it_has_answered(stage: Stage) -> None:
    """Waiting for it ends with the last answer that it had at hand, and not before."""
    slow = Backend(ANSWER % b"slow")
    slow.pause = 1.0
    stage.use(slow)
    answers: list[object] = []
    asking = threading.Thread(target=lambda: answers.append(stage.ask()))
    asking.start()
    while not slow.heads:
        pass
    stage.use(Backend(ANSWER % b"new"))
    stage.run(drained(stage.gone, 0.01))
    assert answers == []
    assert stage.gone[0].busy == 1
    stage.run(drained(stage.gone, 20))
    assert stage.gone[0].busy == 0
    asking.join()
    assert answers == [(200, b"ok", "slow")]


def test_requests_are_shared(stage: Stage) -> None:
    """Servers that are equally busy take turns."""
    backends = [Backend(ANSWER % b"one"), Backend(ANSWER % b"two")]
    stage.use(*backends)
    for _ in range(10):
        stage.ask()
    assert [len(backend.heads) for backend in backends] == [5, 5]


def test_a_server_that_cannot_be_reached_is_passed_over(stage: Stage) -> None:
    """Another one takes the request."""
    listener = listening_socket("127.0.0.1", 0)
    nobody = Address("127.0.0.1", listener.getsockname()[1])
    listener.close()
    backend = Backend(ANSWER % b"one")
    (address,) = stage.use(backend)
    stage.run(stage._replace([nobody, address]))
    assert [stage.ask()[0] for _ in range(4)] == [200] * 4


def test_without_servers_it_is_unavailable(stage: Stage) -> None:
    """503, and when to try again."""
    client = stage.client()
    client.request("GET", "/")
    answer = client.getresponse()
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert b"no scoring server" in answer.read()
    client.close()


def test_a_kept_connection_that_a_server_has_left_is_tried_once_more(stage: Stage) -> None:
    """The server closes after its answer without saying so; the next request is answered all the same."""
    backend = Backend(ANSWER % b"one" + b"#")
    stage.use(backend)
    assert [stage.ask("POST", b"rows")[0] for _ in range(5)] == [200] * 5


def test_a_request_that_a_server_has_begun_is_not_repeated(stage: Stage) -> None:
    """A server that ends without an answer may have died of the request: 502, once."""
    backend = Backend(b"#")
    stage.use(backend)
    assert stage.ask("POST", b"rows")[0] == 502
    assert len(backend.bodies) == 1


def test_an_answer_that_breaks_off_is_not_complete(stage: Stage) -> None:
    """The client sees that something is missing."""
    stage.use(Backend(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nsome#"))
    with pytest.raises(http.client.IncompleteRead):
        stage.ask()


def test_a_head_without_end_is_refused(stage: Stage) -> None:
    """Nobody fills the memory with it."""
    with socket.create_connection(("127.0.0.1", stage.front.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nx-header: " + b"a" * 65_536)
        assert client.recv(1000).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("text", ["localhost:8080", "unix:server.sock", "::1:8080", "server-1:8080@10.0.0.7"])
def test_addresses_are_read_as_they_are_written(text: str) -> None:
    """Both kinds."""
    assert str(Address.parse(text)) == text


@pytest.mark.parametrize("text", ["", "localhost", ":80", "localhost:http"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """With what one looks like."""
    with pytest.raises(InvalidArgumentError, match="address"):
        Address.parse(text)


def test_a_port_that_is_taken_is_told() -> None:
    """With its number."""
    with listening_socket("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidArgumentError, match=str(port)):
            listening_socket("127.0.0.1", port)


def test_a_host_without_a_name_is_reached_by_its_address(stage: Stage) -> None:
    """On networks without names."""
    backend = Backend(ANSWER % b"one")
    (address,) = stage.use(backend)
    stage.run(stage._replace([Address("nobody.invalid", address.port, "127.0.0.1")]))
    assert stage.ask() == (200, b"ok", "one")

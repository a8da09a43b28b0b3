from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from modelpack.serving.app import create_app
from modelpack.serving.body import read_body
from modelpack.serving.errors import BodyTooLargeError, IncompleteBodyError, SlowBodyError
from modelpack.serving.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, MutableMapping
    from typing import Any

    from starlette.testclient import TestClient
    from starlette.types import Message, Receive

    from modelpack.pyfunc.model import PyFuncModel

ROWS = b"x,y\n" + b"1.0,0.5\n" * 1000


def post(client: TestClient, content: Any, **headers: str) -> Any:
    """Post CSV."""
    sent = {"Content-Type": "text/csv", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return client.post("/invocations", content=content, headers=sent)


def test_a_body_of_the_limit_is_read_and_one_byte_more_is_not(make_client: Callable[..., TestClient]) -> None:
    """413 by the declared length."""
    assert post(make_client(max_body=len(ROWS)), ROWS).status_code == 200
    response = post(make_client(max_body=len(ROWS) - 1), ROWS)
    assert (response.status_code, response.json()["error_code"]) == (413, "REQUEST_TOO_LARGE")


def test_a_body_without_length_is_counted_while_reading(make_client: Callable[..., TestClient]) -> None:
    """A chunked body cannot get round the limit, and a small one is read."""

    def chunks() -> Iterator[bytes]:
        yield ROWS[:100]
        yield ROWS[100:]

    assert post(make_client(max_body=len(ROWS)), chunks()).status_code == 200
    assert post(make_client(max_body=len(ROWS) - 1), chunks()).status_code == 413


def test_reading_stops_at_the_limit() -> None:
    """What would be too much is not even received."""
    received = 0

    async def receive() -> MutableMapping[str, Any]:
        nonlocal received
        received += 1
        return {"type": "http.request", "body": b"x" * 10, "more_body": True}

    with pytest.raises(BodyTooLargeError):
        asyncio.run(read_body(receive, None, 25))
    assert received == 3


def test_a_client_that_goes_away_is_no_failure_of_the_server() -> None:
    """Half a body is not scored."""

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(IncompleteBodyError):
        asyncio.run(read_body(receive, None, 25))


def body_in_parts(*parts: bytes, then: Callable[[], Awaitable[Any]]) -> Receive:
    """A channel that gives parts of a body and then what comes."""
    rest = iter(parts)

    async def receive() -> Message:
        for part in rest:
            return {"type": "http.request", "body": part, "more_body": True}
        answer: Message = await then()
        return answer

    return receive


async def for_ever() -> None:
    """Never comes."""
    await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("parts", [(), (b"",), (b"x", b"y")], ids=["nothing", "no byte", "two bytes"])
def test_a_body_that_stalls_is_given_up(parts: tuple[bytes, ...]) -> None:
    """Whether it stalls before its first byte or after."""
    with pytest.raises(SlowBodyError):
        asyncio.run(read_body(body_in_parts(*parts, then=for_ever), None, 25, 0.01))


def test_a_body_that_comes_has_more_time() -> None:
    """A second for every 10,000 bytes: a large one over a slow line is read, one that drips is not."""
    steps = [b"x" * 100_000] * 3

    async def pause_then_end() -> Message:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"", "more_body": False}

    body = asyncio.run(read_body(body_in_parts(*steps, then=pause_then_end), None, 1_000_000, 0.01))
    assert len(body) == 300_000
    with pytest.raises(SlowBodyError):
        asyncio.run(read_body(body_in_parts(b"x", then=pause_then_end), None, 1_000_000, 0.01))


def test_a_slow_body_is_a_408_that_ends_the_connection(make_model: Callable[..., PyFuncModel]) -> None:
    """The rest of it is not waited for."""
    app = create_app(make_model(), settings=ServerSettings(timeout=0.01))
    scope = {"type": "http", "method": "POST", "path": "/invocations", "headers": [(b"content-type", b"text/csv")]}
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def request() -> None:
        await app(scope, body_in_parts(b"x,y", then=for_ever), send)

    asyncio.run(request())
    headers = dict(sent[0]["headers"])
    assert (sent[0]["status"], headers[b"connection"]) == (408, b"close")
    assert b"REQUEST_TIMEOUT" in sent[1]["body"]

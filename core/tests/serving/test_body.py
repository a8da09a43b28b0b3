from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import anyio
import pytest

from modelpack.serving.body import decompressed, read_body
from modelpack.serving.errors import BodyTooLargeError, IncompleteBodyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping
    from typing import Any

    from starlette.testclient import TestClient

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
        anyio.run(read_body, receive, None, 25)
    assert received == 3


def test_a_client_that_goes_away_is_no_failure_of_the_server() -> None:
    """Half a body is not scored."""

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(IncompleteBodyError):
        anyio.run(read_body, receive, None, 25)


def test_gzip_bodies_are_read(client: TestClient) -> None:
    """Also in several members; `identity` is no encoding."""
    halves = gzip.compress(ROWS[:100]) + gzip.compress(ROWS[100:])
    for body, encoding in ((gzip.compress(ROWS), "gzip"), (halves, "GZIP"), (ROWS, "identity")):
        response = post(client, body, Content_Encoding=encoding)
        assert response.status_code == 200, response.text
        assert len(response.json()["predictions"]) == 1000


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"no gzip", "gzip", 400),
        (gzip.compress(ROWS)[:-9], "gzip", 400),
        (gzip.compress(ROWS) + b"rest", "gzip", 400),
        (ROWS, "br", 415),
        (ROWS, "gzip, gzip", 415),
    ],
)
def test_other_encodings_and_damaged_bodies_are_refused(
    client: TestClient, body: bytes, encoding: str, status: int
) -> None:
    """400 for what cannot be read, 415 for what is not known."""
    assert post(client, body, Content_Encoding=encoding).status_code == status


def test_a_compressed_bomb_is_stopped_at_the_limit(make_client: Callable[..., TestClient]) -> None:
    """The limit holds for what comes out, too."""
    bomb = gzip.compress(b"0" * 10_000_000)
    assert len(bomb) < 20_000
    assert post(make_client(max_body=20_000), bomb, Content_Encoding="gzip").status_code == 413
    with pytest.raises(BodyTooLargeError):
        decompressed(gzip.compress(b"0" * 60) * 2, "gzip", 100)

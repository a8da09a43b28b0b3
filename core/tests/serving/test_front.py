from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.serving.errors import ApiKeyError
from modelpack.serving.front import Front
from modelpack.serving.observing.metrics import Metrics
from modelpack.serving.observing.request_ids import REQUEST_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.testclient import TestClient
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

START: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]}
BODY: dict[str, Any] = {"type": "http.response.body", "body": b"12345"}


def front(app: ASGIApp, metrics: Metrics | None = None, **options: Any) -> Front:
    """A front before an application."""
    return Front(app, lambda path: path, metrics or Metrics(), **options)


async def answer(app: ASGIApp, path: str = "/invocations", method: str = "POST", **headers: str) -> list[Message]:
    """What an application sends for a request."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await app({"type": "http", "method": method, "path": path, "headers": pairs}, receive, send)
    return sent


async def respond(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - the ASGI protocol
    """Answer with five bytes."""
    await send(START)
    await send(BODY)


def test_the_clients_id_comes_back() -> None:
    """Beside the headers of the answer, whose own message is left as it was: it may be sent again."""
    for _ in range(2):
        start, body = asyncio.run(answer(front(respond), x_request_id="abc"))
        assert start["headers"] == [(b"a", b"b"), (b"x-request-id", b"abc"), (b"x-content-type-options", b"nosniff")]
        assert body is BODY


def test_the_id_is_known_while_the_request_is_answered() -> None:
    """For the log; not after."""
    seen = []

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(REQUEST_ID.get())
        await respond(scope, receive, send)

    async def go() -> None:
        await answer(front(look), x_request_id="abc")
        seen.append(REQUEST_ID.get())

    asyncio.run(go())
    assert seen == ["abc", None]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/ping", 200), ("GET", "/nowhere", 404), ("GET", "/invocations", 405), ("POST", "/invocations", 415)],
)
def test_every_answer_has_an_id(client: TestClient, method: str, path: str, status: int) -> None:
    """Errors too, whoever wrote them."""
    response = client.request(method, path, content=b"?", headers={"Content-Type": "image/png"})
    assert response.status_code == status
    assert response.headers["x-request-id"]
    assert response.headers.get_list("x-content-type-options") == ["nosniff"]


def test_requests_are_counted() -> None:
    """A method that nobody knows has no name of its own."""
    metrics = Metrics()
    for method in ("POST", "BREW"):
        asyncio.run(answer(front(respond, metrics), method=method))
    assert metrics.tallies()["modelpack_requests", ("/invocations", "POST", "200")] == [1]
    assert metrics.tallies()["modelpack_requests", ("/invocations", "other", "200")] == [1]
    assert metrics.in_progress == 0


def test_a_request_in_progress_is_counted() -> None:
    """As long as it is answered."""
    metrics = Metrics()
    seen = []

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(metrics.in_progress)
        await respond(scope, receive, send)

    asyncio.run(answer(front(look, metrics)))
    assert seen == [1]


def test_an_error_that_nothing_answered_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    """With the request's id, and without what it says; the log has that."""

    async def fail(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - the ASGI protocol
        raise LookupError("a secret")

    start, body = asyncio.run(answer(front(fail), x_request_id="abc"))
    assert start["status"] == 500
    assert (b"x-request-id", b"abc") in start["headers"]
    assert json.loads(body["body"])["error_code"] == "INTERNAL_ERROR"
    assert b"secret" not in body["body"]
    assert "a secret" in caplog.text


def test_an_answer_that_is_broken_off_stays_so(caplog: pytest.LogCaptureFixture) -> None:
    """The web server closes the connection, so that the client sees it."""

    async def fail(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - the ASGI protocol
        await send(START)
        await send({**BODY, "more_body": True})
        raise LookupError("half way")

    metrics = Metrics()
    with pytest.raises(LookupError, match="half way"):
        asyncio.run(answer(front(fail, metrics)))
    assert "broken off" in caplog.text
    assert metrics.in_progress == 0


def test_an_error_after_the_answer_is_not_told_twice(caplog: pytest.LogCaptureFixture) -> None:
    """Starlette logs what it answers with 500, and raises it then."""

    async def fail(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(scope, receive, send)
        raise LookupError("answered")

    with caplog.at_level(logging.DEBUG):
        assert len(asyncio.run(answer(front(fail)))) == 2
    assert "answered" not in caplog.text


def test_a_request_without_an_answer_is_noted() -> None:
    """Its client went away, or the server ends."""

    async def leave(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - the ASGI protocol
        raise asyncio.CancelledError

    async def go() -> None:
        with pytest.raises(asyncio.CancelledError):
            await answer(front(leave, metrics))

    metrics = Metrics()
    asyncio.run(go())
    assert metrics.tallies()["modelpack_requests", ("/invocations", "POST", "499")] == [1]


@pytest.mark.parametrize(("path", "key"), [("/invocations", "message"), ("/v2/models/m/infer", "error")])
def test_who_may_not_pass_is_refused(path: str, key: str) -> None:
    """Before the application hears of it, in the form of the route."""

    def shut(scope: Scope, headers: Mapping[bytes, bytes]) -> None:
        assert headers == {b"x-api-key": b"wrong"}
        raise ApiKeyError(f"no key for {scope['path']}")

    async def never(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - the ASGI protocol
        raise AssertionError

    start, body = asyncio.run(answer(front(never, gate=shut), path, x_api_key="wrong"))
    assert start["status"] == 401
    assert json.loads(body["body"])[key] == f"no key for {path}"


def test_what_is_no_request_passes() -> None:
    """The lifespan's messages, for one."""
    seen: list[Any] = []

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope, receive, send))

    asyncio.run(front(look)({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert seen == [({"type": "lifespan"}, None, None)]


def test_each_request_is_logged(make_client: Callable[..., TestClient], capfd: pytest.CaptureFixture[str]) -> None:
    """With its route and id, unless that is turned off."""
    make_client(log_format="json").get("/v2/models/nobody", headers={"X-Request-ID": "abc"})
    make_client(access_log=False).get("/ping")
    (line,) = capfd.readouterr().out.splitlines()
    entry = json.loads(line)
    assert entry["path"] == "/v2/models/nobody"
    assert entry["route"] == "/v2/models/{name}"
    assert entry["status"] == 404
    assert entry["request_id"] == "abc"


def test_the_log_of_a_failure_names_the_request(make_client: Callable[..., TestClient]) -> None:
    """The record is made while the request's id is known."""
    seen = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append((record.levelname, REQUEST_ID.get()))

    def fail(_: Any) -> Any:
        raise ValueError("broken")

    listener = Listener()
    logging.getLogger("modelpack.serving").addHandler(listener)
    try:
        body = {"instances": [[1.0, 0.5]]}
        assert make_client(fail).post("/invocations", json=body, headers={"X-Request-ID": "abc"}).status_code == 500
    finally:
        logging.getLogger("modelpack.serving").removeHandler(listener)
    assert ("ERROR", "abc") in seen


def test_metrics_tell_of_the_work(client: TestClient) -> None:
    """In Prometheus' text format, or in OpenMetrics where it is asked for."""
    client.post("/invocations", json={"instances": [[1.0, 0.5], [2.0, 1.0]]})
    plain = client.get("/metrics")
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'modelpack_requests_total{method="POST",route="/invocations",status="200"} 1.0' in plain.text
    assert "modelpack_rows_total 2.0" in plain.text
    assert 'uuid="55555555555555555555555555555555"' in plain.text
    accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
    assert client.get("/metrics", headers={"Accept": accept}).text.endswith("# EOF\n")

"""Whole requests over real sockets, by the shortcut and by the long way."""

from __future__ import annotations

import gzip
import json
import re
import socket
import struct
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from modelpack.serving.app import create_app
from modelpack.serving.processes.listening import listening_socket
from modelpack.serving.processes.protocol import HttpProtocol
from modelpack.serving.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from modelpack.pyfunc.model import PyFuncModel

    Address = tuple[str, int]

BODY = b'{"dataframe_split": {"columns": ["x", "y"], "data": [[1, 2], [3, 4]]}}'
TENSORS = b"""{"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1]},
{"name": "y", "shape": [1], "datatype": "FP64", "data": [2]}]}"""
INFER = "POST /v2/models/model/infer HTTP/1.1"
SETTINGS = ServerSettings(model_name="model", max_body=2_000, access_log=False)


def by_the_long_way(app: ASGIApp) -> ASGIApp:
    """An application without its shortcut."""

    async def without(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {}} if scope["type"] == "lifespan" else scope, receive, send)

    return without


@contextmanager
def serving(app: ASGIApp, grace: int = 5) -> Iterator[tuple[Address, uvicorn.Server]]:
    """A server of an application in a thread, with its address."""
    config = uvicorn.Config(
        app, http=HttpProtocol, ws="none", log_config=None, server_header=False, timeout_graceful_shutdown=grace
    )
    server = uvicorn.Server(config)
    with listening_socket("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[:2], server
        finally:
            server.should_exit = True
            thread.join()


def request(body: bytes = BODY, *headers: str, line: str = "POST /invocations HTTP/1.1", **named: str) -> bytes:
    """A request as it is sent."""
    changed = {name.replace("_", "-"): value for name, value in named.items()}
    known = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": str(len(body)), **changed}
    fields = [f"{name}: {value}" for name, value in known.items() if value]
    return "\r\n".join([line, *fields, *headers, "", ""]).encode() + body


def answers(address: Address, *pieces: bytes, pause: float = 0.0) -> bytes:
    """All that a server answers to what one connection sends, up to a request to close it."""
    with socket.create_connection(address, timeout=20) as client:
        for piece in pieces:
            client.sendall(piece)
            time.sleep(pause)
        if b"Connection: close" not in pieces[-1]:
            client.sendall(request(b"", "Connection: close", line="GET /ping HTTP/1.1"))
        received = []
        while piece := client.recv(65_536):
            received.append(piece)
    return b"".join(received)


def comparable(answer: bytes) -> list[bytes]:
    """Answers without what differs each time, the order of headers too."""
    steady = re.sub(rb"date: [^\r]*|x-request-id: [0-9a-f]{24}", b"", answer)
    return sorted(steady.split(b"\r\n"))


REQUESTS = {
    "frame": request(),
    "records": request(b'{"dataframe_records": [{"x": 1, "y": 2}]}'),
    "params": request(b'{"dataframe_records": [{"x": 1, "y": 2}], "params": {"scale": 3}}'),
    "csv": request(b"x,y\n1,2\n", Content_Type="text/csv; charset=utf-8"),
    "csv wanted": request(BODY, "Accept: text/csv"),
    "named": request(BODY, "X-Request-ID: order-7"),
    "badly named": request(BODY, "X-Request-ID: a b"),
    "chunked": request(b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), "Transfer-Encoding: chunked", Content_Length=""),
    "closing": request(BODY, "Connection: close"),
    "old": request(line="POST /invocations HTTP/1.0"),
    "with a query": request(line="POST /invocations?a=1 HTTP/1.1"),
    "no JSON": request(b"{"),
    "no data": request(b""),
    "wrong columns": request(b'{"dataframe_records": [{"x": 1}]}'),
    "of no type": request(Content_Type=""),
    "of an unknown type": request(Content_Type="image/png"),
    "wants the impossible": request(BODY, "Accept: image/png"),
    "compressed": request(gzip.compress(BODY), "Content-Encoding: gzip"),
    "of an unknown encoding": request(BODY, "Content-Encoding: br"),
    "too large": request(b" " * 2_001),
    "of another host": request(Host="example.com"),
    "by another method": request(line="PUT /invocations HTTP/1.1"),
    "tensors": request(TENSORS, line=INFER),
    "binary tensors": request(
        TENSORS.replace(b'"inputs"', b'"parameters": {"binary_data_output": true}, "inputs"'), line=INFER
    ),
    "no tensors": request(b"{}", line=INFER),
    "tensors of an unknown type": request(TENSORS, line=INFER, Content_Type="text/plain"),
    "tensors for another model": request(TENSORS, line=INFER.replace("/model/", "/other/")),
    "elsewhere": request(line="POST /invocation HTTP/1.1"),
}

ANSWERED = {"frame", "records", "params", "csv", "csv wanted", "named", "badly named", "chunked", "closing", "old"} | {
    "with a query",
    "compressed",
    "tensors",
    "binary tensors",
}


@pytest.mark.parametrize("name", REQUESTS)
def test_both_ways_lead_to_one_answer(make_model: Callable[..., PyFuncModel], name: str) -> None:
    """Status, headers and body are the same, byte for byte."""
    with serving(create_app(make_model(), settings=SETTINGS)) as (short, _):
        given = answers(short, REQUESTS[name])
    with serving(by_the_long_way(create_app(make_model(), settings=SETTINGS))) as (long, _):
        expected = answers(long, REQUESTS[name])
    assert given.startswith(b"HTTP/1.1 200 ") is (name in ANSWERED)
    assert comparable(given) == comparable(expected)


@pytest.mark.parametrize("debug", [False, True])
def test_a_model_that_fails_is_told_of_the_same_way(make_model: Callable[..., PyFuncModel], *, debug: bool) -> None:
    """With its traceback where that was asked for."""

    def fail(_: Any) -> Any:
        raise ValueError("no such flower")

    app = create_app(make_model(fail), settings=ServerSettings(debug=debug, access_log=False))
    with serving(app) as (address, _):
        answer = answers(address, request())
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"no such flower" in answer
    assert (b'"stack_trace"' in answer) is debug


def test_a_body_that_comes_in_pieces_is_read_to_its_end(make_model: Callable[..., PyFuncModel]) -> None:
    """It goes the long way, from wherever it was."""
    whole = request()
    with serving(create_app(make_model(), settings=SETTINGS)) as (address, _):
        for cut in (10, len(whole) - len(BODY), len(whole) - 5):
            answer = answers(address, whole[:cut], whole[cut:], pause=0.05)
            assert b'{"predictions":[4.0,10.0]}' in answer


def test_answers_come_in_the_order_of_the_requests(make_model: Callable[..., PyFuncModel]) -> None:
    """Even when all came at once, and the first takes its time."""

    def slow_first(data: Any) -> Any:
        if data["x"].iloc[0] == 0:
            time.sleep(0.2)
        return data["x"].to_numpy()

    sent = [request(b'{"dataframe_records": [{"x": %d, "y": 0}]}' % number) for number in range(5)]
    with serving(create_app(make_model(slow_first), settings=SETTINGS)) as (address, _):
        for pieces in (sent, [b"".join(sent)]):
            found = re.findall(rb'"predictions":\[(\d)', answers(address, *pieces))
            assert found == [b"0", b"1", b"2", b"3", b"4"]


def test_requests_are_counted_and_logged_the_same_way(
    make_model: Callable[..., PyFuncModel], capfd: pytest.CaptureFixture[str]
) -> None:
    """Whichever way they went: with their route, status, size and id."""
    logged, counted = [], []
    for through in (lambda app: app, by_the_long_way):
        app = through(create_app(make_model(), settings=ServerSettings(log_format="json")))
        with serving(app) as (address, _):
            answers(address, request(BODY, "X-Request-ID: a"), request(b"{", "X-Request-ID: b"))
            metrics = answers(address, request(b"", line="GET /metrics HTTP/1.1")).decode()
        lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
        logged.append([{**line, "time": 0, "seconds": 0} for line in lines if line.get("logger") == "modelpack.access"])
        counted.append(re.findall(r"modelpack_(?:requests_total|rows_total|in_progress).* \S+", metrics))
    assert logged[0] == logged[1]
    assert [line["request_id"] for line in logged[0]] == ["a", "b"]
    assert counted[0] == counted[1]
    assert 'modelpack_requests_total{method="POST",route="/invocations",status="200"} 1.0' in counted[0]


def test_a_body_that_is_no_http_is_refused(make_model: Callable[..., PyFuncModel]) -> None:
    """Once, and no request is begun."""
    sent = request(b"5\r\n[1,2\r\nno length\r\n", "Transfer-Encoding: chunked", Content_Length="")
    server = serving(create_app(make_model(), settings=SETTINGS))
    with server as (address, _), socket.create_connection(address, timeout=20) as client:
        client.sendall(sent)
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
        metrics = answers(address, request(b"", line="GET /metrics HTTP/1.1"))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"content-length") == 1
    assert b"\nmodelpack_in_progress 1.0\n" in metrics  # which is this one


def test_what_is_no_request_is_counted_and_logged(
    make_model: Callable[..., PyFuncModel], capfd: pytest.CaptureFixture[str]
) -> None:
    """As a refusal, without a path or method that a client could make up."""
    with serving(create_app(make_model(), settings=ServerSettings(log_format="json"))) as (address, _):
        with socket.create_connection(address, timeout=20) as client:
            client.sendall(b"HELLO\r\n\r\n")
            assert client.recv(65_536).startswith(b"HTTP/1.1 400 ")
        metrics = answers(address, request(b"", line="GET /metrics HTTP/1.1")).decode()
    assert 'modelpack_requests_total{method="other",route="other",status="400"} 1.0' in metrics
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    (line,) = [line for line in lines if line.get("status") == 400]
    assert (line["method"], line["path"], line["client"], line["request_id"]) == ("-", "-", "127.0.0.1", "-")


def test_a_client_that_goes_away_is_not_predicted(make_model: Callable[..., PyFuncModel]) -> None:
    """Where its request still waited for the model."""
    begun, go_on, seen = threading.Event(), threading.Event(), []

    def wait(data: Any) -> Any:
        seen.append(int(data["x"].iloc[0]))
        begun.set()
        go_on.wait(10)
        return data["x"].to_numpy()

    settings = ServerSettings(threads=1, max_batch=1, access_log=False)
    with serving(create_app(make_model(wait), settings=settings)) as (address, _):
        first, second = (socket.create_connection(address, timeout=20) for _ in range(2))
        with first, second:
            first.sendall(request(b'{"dataframe_records": [{"x": 1, "y": 0}]}'))
            assert begun.wait(10)
            second.sendall(request(b'{"dataframe_records": [{"x": 2, "y": 0}]}'))
            time.sleep(0.4)
            second.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset when closed
        time.sleep(0.4)
        go_on.set()
        assert b"[3.0]}" in answers(address, request(b'{"dataframe_records": [{"x": 3, "y": 0}]}'))
    assert seen == [1, 3]


def test_a_request_that_is_given_up_at_the_end_is_told_so(make_model: Callable[..., PyFuncModel]) -> None:
    """A server that stops waits only so long for the model."""
    begun, go_on = threading.Event(), threading.Event()

    def wait(data: Any) -> Any:
        begun.set()
        go_on.wait(20)
        return data["x"].to_numpy()

    with serving(create_app(make_model(wait), settings=SETTINGS), grace=1) as (address, server):
        with socket.create_connection(address, timeout=20) as client:
            client.sendall(request())
            assert begun.wait(10)
            server.should_exit = True
            answer = client.recv(65_536)
        go_on.set()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"SHUTTING_DOWN" in answer

from __future__ import annotations

import io
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import modelpack
from modelpack.data.codecs import decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.testclient import TestClient

FRAME = pd.DataFrame({"x": [1.0, 2.0], "y": [0.5, 1.5]})
WRAPPED = {"predictions": [2.5, 5.5]}
JSON = "application/json"
CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"


def invoke(client: TestClient, content: bytes | str, content_type: str | None = JSON, **headers: str) -> Any:
    """Post one invocation."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if content_type is not None:
        sent["Content-Type"] = content_type
    return client.post("/invocations", content=content, headers=sent)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, FRAME.to_json(orient="split")),
        ("application/json; charset=utf-8", FRAME.to_json(orient="split")),
        ("application/json;format=pandas-split", FRAME.to_json(orient="split")),
        ("application/json; format=pandas-records", FRAME.to_json(orient="records")),
        (JSON, FRAME.to_json(orient="records")),
        (JSON, f'{{"dataframe_split": {FRAME.to_json(orient="split")}}}'),
        (JSON, f'{{"dataframe_records": {FRAME.to_json(orient="records")}}}'),
        (JSON, '{"instances": [[1.0, 0.5], [2.0, 1.5]]}'),
        (JSON, '{"inputs": {"x": [1.0, 2.0], "y": [0.5, 1.5]}}'),
        ("application/jsonl", FRAME.to_json(orient="records", lines=True)),
        (CSV, FRAME.to_csv(index=False)),
        (CSV, FRAME.to_csv()),
        ("TEXT/CSV; charset=UTF-8", FRAME.to_csv(index=False)),
        (PARQUET, encode(FRAME, PARQUET)),
    ],
)
def test_every_dialect_is_answered_wrapped(client: TestClient, content_type: str, body: str | bytes) -> None:
    """JSON, CSV and Parquet are answered with `{"predictions": …}`."""
    response = invoke(client, body, content_type)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == JSON
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.json() == WRAPPED


def test_arrow_is_answered_in_arrow_unless_accept_names_a_type(client: TestClient) -> None:
    """Arrow in gives Arrow out, its column named by the signature."""
    body = encode(FRAME, ARROW)
    response = invoke(client, body, ARROW)
    assert response.headers["content-type"] == ARROW
    assert decode(response.content, ARROW, signature=None).data["z"].tolist() == [2.5, 5.5]
    assert invoke(client, body, ARROW, Accept=JSON).json() == WRAPPED
    assert invoke(client, body, ARROW, Accept="*/*").headers["content-type"] == ARROW


@pytest.mark.parametrize(
    ("accept", "content_type", "text"),
    [
        (f"{JSON}; format=pandas-records", JSON, "[2.5,5.5]"),
        (CSV, "text/csv; charset=utf-8", "z\n2.5\n5.5\n"),
        ("application/jsonl", "application/jsonl", "2.5\n5.5\n"),
        ("text/html, */*;q=0.1", JSON, '{"predictions":[2.5,5.5]}'),
    ],
)
def test_accept_decides_where_it_names_a_type(client: TestClient, accept: str, content_type: str, text: str) -> None:
    """The answer is in the type that the client likes best."""
    response = invoke(client, FRAME.to_csv(index=False), CSV, Accept=accept)
    assert response.headers["content-type"] == content_type
    assert response.text == text


def test_params_reach_the_model(client: TestClient) -> None:
    """They come with a wrapped body."""
    body = '{"instances": [[1.0, 0.5]], "params": {"scale": 10.0}}'
    assert invoke(client, body).json() == {"predictions": [25.0]}


@pytest.mark.parametrize(
    ("protocol", "answer", "text"),
    [
        ("modelpack", pd.Series([1, 2], name="p"), '{"predictions":[1,2]}'),
        ("mlflow-0.9", pd.Series([1, 2], name="p"), '[{"p":1},{"p":2}]'),
        ("mlflow-0.9", np.array([1, 2]), "[1,2]"),
        ("mlflow-0.1", np.array([1, 2]), '{"predictions":[1,2]}\n'),
    ],
)
def test_each_protocol_has_its_answer(
    make_client: Callable[..., TestClient], protocol: str, answer: Any, text: str
) -> None:
    """Clients of older servers get what they got (S111, S118)."""
    client = make_client(lambda _: answer, protocol=protocol)
    assert invoke(client, FRAME.to_json(orient="records")).text == text


def test_protocol_0_1_takes_json_only(make_client: Callable[..., TestClient]) -> None:
    """S118: anything else is 415."""
    response = invoke(make_client(protocol="mlflow-0.1"), FRAME.to_csv(), CSV)
    assert response.status_code == 415
    assert "JSON data expected" in response.json()["message"]


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        (JSON, "{", 400, "MALFORMED_REQUEST"),
        (JSON, '{"rows": 1}', 400, "MALFORMED_REQUEST"),
        (JSON, '{"inputs": [], "instances": []}', 400, "MALFORMED_REQUEST"),
        (CSV, "", 400, "MALFORMED_REQUEST"),
        (ARROW, "x", 400, "MALFORMED_REQUEST"),
        (PARQUET, "x", 400, "MALFORMED_REQUEST"),
        ("text/html", "x", 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("nonsense", "x", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (None, "x", 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("application/json; format=table", "{}", 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("application/json; charset=klingon", "{}", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (JSON, '[{"x": 1.0}]', 422, "SCHEMA_MISMATCH"),
        (JSON, '[{"x": "a", "y": 1.0}]', 422, "SCHEMA_MISMATCH"),
        (CSV, "x,y\na,1\n", 422, "SCHEMA_MISMATCH"),
        (JSON, '{"instances": [[1, 2]], "params": {"nope": 1}}', 422, "SCHEMA_MISMATCH"),
    ],
)
def test_a_mistake_of_the_client_is_a_400(
    client: TestClient, content_type: str | None, body: str, status: int, code: str
) -> None:
    """400 for what cannot be read, 415 for types, 422 for data that does not fit; no trace."""
    response = invoke(client, body, content_type)
    assert (response.status_code, response.json()["error_code"]) == (status, code)
    assert response.headers["content-type"] == JSON
    assert response.json()["message"]
    assert "stack_trace" not in response.json()


def test_an_answer_that_no_one_accepts_is_406_before_the_model_runs(make_client: Callable[..., TestClient]) -> None:
    """The model's time is not spent for it."""
    calls: list[Any] = []
    response = invoke(make_client(calls.append), FRAME.to_csv(), CSV, Accept="text/html")
    assert (response.status_code, response.json()["error_code"]) == (406, "NOT_ACCEPTABLE")
    assert calls == []


def test_a_model_that_fails_is_a_500_without_trace(
    make_client: Callable[..., TestClient], caplog: pytest.LogCaptureFixture
) -> None:
    """The message says what failed; the trace is in the log (S113 without the trace)."""

    def fail(_: Any) -> Any:
        raise ValueError("no such leaf")

    response = invoke(make_client(fail), FRAME.to_csv(), CSV)
    assert response.status_code == 500
    assert response.json()["error_code"] == "MODEL_FAILURE"
    assert "no such leaf" in response.json()["message"]
    assert "stack_trace" not in response.json()
    assert "no such leaf" in caplog.text
    debugged = invoke(make_client(fail, debug=True), FRAME.to_csv(), CSV)
    assert "in fail" in debugged.json()["stack_trace"]


def test_an_answer_that_json_cannot_hold_is_a_500(make_client: Callable[..., TestClient]) -> None:
    """NaN is null; an arbitrary object is the model's failure."""
    assert invoke(make_client(lambda _: np.array([np.nan])), FRAME.to_csv(), CSV).text == '{"predictions":[null]}'
    assert invoke(make_client(lambda _: object()), FRAME.to_csv(), CSV).status_code == 500


def test_a_bug_of_the_server_shows_nothing_of_itself(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is no ModelpackError is logged and not sent."""

    def broken(*_: Any, **__: Any) -> Any:
        raise KeyError("secret")

    monkeypatch.setattr("modelpack.serving.invocations.read_body", broken)
    response = invoke(client, "{}")
    assert (response.status_code, response.json()["error_code"]) == (500, "INTERNAL_ERROR")
    assert "secret" not in response.text
    assert "secret" in caplog.text


def test_a_slow_model_is_a_504(make_client: Callable[..., TestClient]) -> None:
    """The client hears of it in time."""
    done = threading.Event()
    client = make_client(lambda _: done.wait(5), timeout=0.05)
    response = invoke(client, FRAME.to_csv(), CSV)
    done.set()
    assert (response.status_code, response.json()["error_code"]) == (504, "DEADLINE_EXCEEDED")


def test_health_checks_are_answered_while_the_model_works(make_client: Callable[..., TestClient]) -> None:
    """Prediction runs off the event loop."""
    started, done = threading.Event(), threading.Event()

    def work(_: Any) -> list[int]:
        started.set()
        assert done.wait(10)
        return [1]

    client = make_client(work)
    answers: list[Any] = []
    request = threading.Thread(target=lambda: answers.append(invoke(client, FRAME.to_csv(), CSV)))
    request.start()
    assert started.wait(10)
    before = time.monotonic()
    assert client.get("/ping").status_code == 200
    assert time.monotonic() - before < 5
    done.set()
    request.join()
    assert answers[0].json() == {"predictions": [1]}


def test_records_without_format_are_noticed_once(
    make_client: Callable[..., TestClient], caplog: pytest.LogCaptureFixture
) -> None:
    """The log says once that split is the default (S105)."""
    client = make_client()
    with caplog.at_level(logging.WARNING, logger="modelpack.serving"):
        for _ in range(3):
            invoke(client, FRAME.to_json(orient="records"))
    assert caplog.text.count("pandas-records") == 1


def test_a_model_without_signature_gets_what_came(make_client: Callable[..., TestClient]) -> None:
    """Arrays for tensor forms, frames for tables."""
    client = make_client(lambda data: [type(data).__name__], signed=False)
    assert invoke(client, '{"inputs": [[1, 2]]}').json() == {"predictions": ["ndarray"]}
    assert invoke(client, FRAME.to_csv(index=False), CSV).json() == {"predictions": ["DataFrame"]}


@pytest.mark.parametrize("path", ["/ping", "/health"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health_is_a_newline(client: TestClient, path: str, method: str) -> None:
    """S102: 200, type JSON, and a newline as body."""
    response = client.request(method, path)
    assert (response.status_code, response.text.strip("\n")) == (200, "")
    assert response.headers["content-type"] == JSON


def test_version_names_modelpack_and_the_model(client: TestClient) -> None:
    """What runs, and what it serves."""
    assert client.get("/version").json() == {
        "modelpack": modelpack.__version__,
        "model_uuid": "5" * 32,
        "digest": f"sha256:{'0' * 64}",
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "RESOURCE_DOES_NOT_EXIST"),
        ("GET", "/invocations", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/ping", 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_what_is_not_there_is_said_in_json(client: TestClient, method: str, path: str, status: int, code: str) -> None:
    """Errors have one shape everywhere."""
    response = client.request(method, path)
    assert (response.status_code, response.json()["error_code"]) == (status, code)
    assert path in response.json()["message"]
    if status == 405:
        assert response.headers["allow"]


def test_a_large_request_is_answered_right(client: TestClient) -> None:
    """Ten thousand rows keep their order."""
    values = np.arange(10_000, dtype="float64")
    body = io.StringIO()
    pd.DataFrame({"y": values * 0, "x": values}).to_csv(body, index=False)
    assert invoke(client, body.getvalue(), CSV).json()["predictions"] == (2 * values).tolist()

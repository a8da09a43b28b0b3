from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from modelpack.errors import InvalidArgumentError
from modelpack.serving.app import create_app
from modelpack.serving.observing.tracing import tracing
from modelpack.serving.settings import ServerSettings

pytest.importorskip("opentelemetry.sdk", reason="the extra `tracing` is not installed")
trace_service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelpack.pyfunc.model import PyFuncModel

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
FACTS = {"name": "plane"}


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue[Any]]:
    """What a collector receives, which the environment names."""
    requests: Queue[Any] = Queue()

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests.put((self.path, trace_service.ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        yield requests
        server.shutdown()


@pytest.fixture
def make_client(make_model: Callable[..., PyFuncModel]) -> Callable[..., TestClient]:
    """Make a client to enter: traces are sent when it is left."""

    def make(function: Callable[[Any], Any] | None = None, **settings: Any) -> TestClient:
        app = create_app(make_model(function), settings=ServerSettings(**settings))
        return TestClient(app, raise_server_exceptions=False)

    return make


def spans(received: Queue[Any]) -> list[Any]:
    """The spans of the next request to the collector."""
    path, request = received.get(timeout=10)
    assert path == "/v1/traces"
    return [span for each in request.resource_spans for scope in each.scope_spans for span in scope.spans]


def attributes(of: Any) -> dict[str, Any]:
    """The attributes of a span or resource."""
    return {each.key: each.value.string_value or each.value.int_value for each in of.attributes}


def test_a_request_is_a_span_of_its_clients_trace(
    make_client: Callable[..., TestClient], received: Queue[Any], capfd: pytest.CaptureFixture[str]
) -> None:
    """With what OpenTelemetry's conventions say of HTTP; the access log names the trace."""
    with make_client(log_format="json") as client:
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        assert client.post("/invocations", json={"instances": [[1.0, 0.5]]}, headers=headers).status_code == 200
    (span,) = (span for span in spans(received) if span.name != "predict")
    assert span.name == "POST /invocations"
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    found = attributes(span)
    assert found["http.request.method"] == "POST"
    assert found["http.route"] == "/invocations"
    assert found["http.response.status_code"] == 200
    assert f'"trace_id":"{TRACE}"' in capfd.readouterr().out


@pytest.mark.usefixtures("received")
def test_the_span_is_the_current_one_in_the_models_code(make_client: Callable[..., TestClient]) -> None:
    """Also in the thread that predicts, so that spans of the model's own become its children."""
    from opentelemetry.trace import get_current_span

    seen = []

    def look(data: Any) -> Any:
        seen.append(f"{get_current_span().get_span_context().trace_id:032x}")
        return data["x"].to_numpy()

    with make_client(look) as client:
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        client.post("/invocations", json={"instances": [[1.0, 0.5]]}, headers=headers)
    assert seen == [TRACE]


def test_each_call_to_the_model_is_a_span_of_its_requests(
    make_client: Callable[..., TestClient], received: Queue[Any]
) -> None:
    """Within the request's, with what went into the call and how long the model took."""

    def slowly(data: Any) -> Any:
        time.sleep(0.05)
        return data["x"].to_numpy()

    with make_client(slowly) as client:
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        client.post("/invocations", json={"instances": [[1.0, 0.5], [2.0, 0.5]]}, headers=headers)
    named = {span.name: span for span in spans(received)}
    call, whole = named["predict"], named["POST /invocations"]
    assert (call.trace_id.hex(), call.parent_span_id) == (TRACE, whole.span_id)
    assert attributes(call) == {"modelpack.batch.requests": 1, "modelpack.batch.rows": 2}
    took = call.end_time_unix_nano - call.start_time_unix_nano
    assert 40_000_000 < took < whole.end_time_unix_nano - whole.start_time_unix_nano


def test_a_failure_is_a_span_with_an_error(make_client: Callable[..., TestClient], received: Queue[Any]) -> None:
    """A mistake of the client's is not."""

    def fail(_: Any) -> Any:
        raise ValueError("broken")

    with make_client(fail) as client:
        client.post("/invocations", json={"instances": [[1.0, 0.5]]})
        client.post("/invocations", content=b"?")
    failed, mistaken = (span for span in spans(received) if span.name != "predict")
    assert failed.status.code == 2
    assert attributes(failed)["error.type"] == "500"
    assert mistaken.status.code == 0
    assert attributes(mistaken)["http.response.status_code"] >= 400


def test_spans_say_which_model_is_served(make_client: Callable[..., TestClient], received: Queue[Any]) -> None:
    """As attributes of the service, whose name the environment may choose."""
    with make_client(model_name="plane") as client:
        client.get("/ping")
    _, request = received.get(timeout=10)
    found = attributes(request.resource_spans[0].resource)
    assert found["service.name"] == "modelpack"
    assert found["modelpack.model.name"] == "plane"


def test_a_collector_that_is_gone_does_not_hold_the_server_up(
    monkeypatch: pytest.MonkeyPatch, make_client: Callable[..., TestClient], caplog: pytest.LogCaptureFixture
) -> None:
    """It stops all the same."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
        monkeypatch.setattr("modelpack.serving.observing.tracing._PATIENCE", 0)
        with make_client() as client:
            assert client.get("/ping").status_code == 200
        assert "given up" in caplog.text


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
        {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
    ],
)
def test_there_are_no_traces_unless_the_environment_asks(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    """The variables mean what they mean to any program."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert tracing(FACTS) is None


_CHILD = """
from modelpack.serving.observing.tracing import tracing

traces = tracing({})
with traces.request({"method": "GET", "path": "/ping"}, {}, "/ping"):
    pass
traces.close()
"""


@pytest.mark.slow
def test_another_exporter_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed exporters have entry points."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    out = subprocess.run([sys.executable, "-c", _CHILD], check=True, capture_output=True, text=True).stdout
    assert '"name": "GET /ping"' in out


def test_an_exporter_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which names it."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkinn")
    with pytest.raises(InvalidArgumentError, match="'zipkinn'"):
        tracing(FACTS)


def test_without_the_sdk_the_log_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The server works without traces."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    assert tracing(FACTS) is None
    assert "modelpack-core[tracing]" in caplog.text

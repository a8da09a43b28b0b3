"""Spans for OpenTelemetry, when the environment asks for them."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError
from modelpack.serving.errors import LOGGER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextvars import Context

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span
    from starlette.types import Scope

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_EXPORTER = "OTEL_TRACES_EXPORTER"
_FAILED = 500
_PATIENCE = 3


def tracing(facts: Mapping[str, str]) -> Tracing | None:
    """Tracing as OpenTelemetry's environment variables set it up; None when none of them asks for it.

    Args:
        facts: What to say of the model, as attributes of the service.

    Raises:
        InvalidArgumentError: The environment names an exporter that is not installed.
    """
    names = _exporters()
    if not names:
        return None
    try:
        return Tracing(_provider(names, facts))
    except ImportError as error:
        LOGGER.warning(
            'no traces, though the environment asks for them: %s; pip install "modelpack-core[tracing]"', error
        )
        return None


class Tracing:
    """Makes spans of each request and of its call to the model, in the trace that the client names in `traceparent`."""

    def __init__(self, provider: TracerProvider) -> None:
        """Give spans to a provider, which is closed in the end."""
        self._provider = provider
        self._tracer = provider.get_tracer("modelpack.serving")

    @contextmanager
    def request(self, scope: Scope, headers: Mapping[bytes, bytes], route: str) -> Iterator[Span]:
        """A span round the work on a request."""
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind

        texts = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
        with self._tracer.start_as_current_span(
            f"{scope['method']} {route}",
            context=extract(texts),
            kind=SpanKind.SERVER,
            attributes=_attributes(scope, texts, route),
        ) as span:
            yield span

    def called(self, contexts: Sequence[Context], rows: int, seconds: float) -> None:
        """The model was called just now: a span in the trace of each request that the call was for.

        Args:
            contexts: The context variables of each request.
            rows: How many rows they had together.
            seconds: How long the call took.
        """
        from opentelemetry.context import get_current

        end = time.time_ns()
        attributes = {"modelpack.batch.requests": len(contexts), "modelpack.batch.rows": rows}
        for context in contexts:
            span = self._tracer.start_span(
                "predict", context.run(get_current), attributes=attributes, start_time=end - int(seconds * 1e9)
            )
            span.end(end)

    @staticmethod
    def trace_id(span: Span) -> str:
        """The trace that a span belongs to, as it is written in logs."""
        return f"{span.get_span_context().trace_id:032x}"

    @staticmethod
    def answered(span: Span, status: int) -> None:
        """Note how a request was answered."""
        from opentelemetry.trace import StatusCode

        span.set_attribute("http.response.status_code", status)
        if status >= _FAILED:
            span.set_attribute("error.type", str(status))
            span.set_status(StatusCode.ERROR)

    def close(self) -> None:
        """Send what is left, if somebody takes it in a few seconds: the SDK itself would try for half a minute."""
        sending = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        sending.start()
        sending.join(_PATIENCE)
        if sending.is_alive():
            LOGGER.warning("the last traces were given up: nobody took them in %d s", _PATIENCE)


def _exporters() -> list[str]:
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return []
    default = "otlp" if any(os.environ.get(name) for name in _ENDPOINTS) else "none"
    names = (os.environ.get(_EXPORTER) or default).split(",")
    return [name.strip() for name in names if name.strip() not in {"", "none"}]


def _provider(names: list[str], facts: Mapping[str, str]) -> TracerProvider:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    attributes = {f"modelpack.model.{name}": value for name, value in facts.items()}
    service = {} if _has_service_name() else {"service.name": "modelpack"}
    # The SDK's own exit handler would wait for a receiver that is gone; the server closes the provider itself.
    provider = TracerProvider(resource=Resource.create({**attributes, **service}), shutdown_on_exit=False)
    for name in names:
        provider.add_span_processor(BatchSpanProcessor(_exporter(name)))
    return provider


def _has_service_name() -> bool:
    return bool(os.environ.get("OTEL_SERVICE_NAME")) or "service.name=" in os.environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )


def _exporter(name: str) -> Any:
    if name in {"otlp", "otlp_proto_http"}:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter()
    found = list(entry_points(group="opentelemetry_traces_exporter", name=name))
    if not found:
        raise InvalidArgumentError(f"{_EXPORTER} names {name!r}, and no such exporter is installed")
    return found[0].load()()


def _attributes(scope: Scope, headers: Mapping[str, str], route: str) -> dict[str, str | int]:
    """What OpenTelemetry's conventions for HTTP servers ask for."""
    attributes: dict[str, str | int] = {
        "http.request.method": scope["method"],
        "http.route": route,
        "url.path": scope["path"],
        "url.scheme": scope.get("scheme", "http"),
        "network.protocol.version": scope.get("http_version", "1.1"),
    }
    if client := scope.get("client"):
        attributes["client.address"] = client[0]
    if server := scope.get("server"):
        attributes["server.address"] = server[0]
        if server[1] is not None:
            attributes["server.port"] = server[1]
    if agent := headers.get("user-agent"):
        attributes["user_agent.original"] = agent
    return attributes

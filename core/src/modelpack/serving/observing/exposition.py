"""`GET /metrics`: the counts as Prometheus reads them."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from modelpack import __version__
from modelpack.serving.errors import SAFE
from modelpack.serving.naming import model_name
from modelpack.serving.observing.metrics import REQUESTS, ROWS, SECONDS
from modelpack.serving.observing.shared_tallies import shared_directory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric
    from starlette.requests import Request

    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.serving.observing.metrics import Metrics
    from modelpack.serving.observing.tallies import Tallies
    from modelpack.serving.settings import ServerSettings

_OPENMETRICS = "application/openmetrics-text"
_COUNTERS = {
    "modelpack_requests": ("Requests that were answered.", ("route", "method", "status")),
    "modelpack_rows": ("Rows that the model was given.", ()),
}
_GAUGES = {
    "modelpack_queue_length": "Requests that wait for the model.",
    "modelpack_in_progress": "Requests that are being answered.",
}
_HISTOGRAMS: dict[str, tuple[str, tuple[str, ...], tuple[float, ...]]] = {
    "modelpack_request_seconds": ("Time from a request's head to the end of its answer.", ("route",), SECONDS),
    "modelpack_model_seconds": ("Time that one call to the model took.", (), SECONDS),
    "modelpack_batch_requests": ("Requests that were predicted in one call to the model.", (), REQUESTS),
    "modelpack_batch_rows": ("Rows that were predicted in one call to the model.", (), ROWS),
}


def model_labels(model: PyFuncModel, settings: ServerSettings) -> dict[str, str]:
    """What metrics and traces say of the model that is served."""
    return {
        "name": model_name(model, settings),
        "uuid": model.metadata.model_uuid or "",
        "digest": model.digest,
        "flavors": ",".join(model.metadata.flavors),
        "version": __version__,
    }


def metrics_endpoint(metrics: Metrics, model: Mapping[str, str]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint that Prometheus scrapes.

    Args:
        metrics: What this process counts.
        model: What to say of the model, as labels.
    """

    async def endpoint(request: Request) -> Response:
        accept = ",".join(request.headers.getlist("accept"))
        own = metrics.shown()
        text, media_type = await asyncio.to_thread(exposition, metrics, own, model, openmetrics=_OPENMETRICS in accept)
        return Response(text, headers={**SAFE, "Content-Type": media_type})

    return endpoint


def exposition(metrics: Metrics, own: Tallies, model: Mapping[str, str], *, openmetrics: bool) -> tuple[bytes, str]:
    """All metrics as text, and its media type.

    Args:
        metrics: Finds what the server's other processes counted.
        own: What this process counted.
        model: What to say of the model, as labels.
        openmetrics: Whether the text is OpenMetrics; else it is Prometheus' own format.
    """
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.openmetrics import exposition as open_exposition

    registry = CollectorRegistry()
    registry.register(_Counts(metrics, own, model))
    _register_others(registry, metrics)
    if openmetrics:
        text = open_exposition.generate_latest(registry)  # type: ignore[no-untyped-call]
        return text, open_exposition.CONTENT_TYPE_LATEST
    return generate_latest(registry), "text/plain; version=0.0.4; charset=utf-8"


class _Counts:
    """The server's counts and facts, for a registry to collect."""

    def __init__(self, metrics: Metrics, own: Tallies, model: Mapping[str, str]) -> None:
        self._metrics = metrics
        self._own = own
        self._model = model

    def describe(self) -> list[Metric]:
        """Nothing: a registry would otherwise collect once to know the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every metric with its values."""
        from prometheus_client.core import InfoMetricFamily

        yield InfoMetricFamily("modelpack_model", "The model that is served.", dict(self._model))
        yield from _families(self._metrics.everyones(self._own))


def _families(tallies: Tallies) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    families: dict[str, Any] = {}
    for name, (text, labels) in _COUNTERS.items():
        families[name] = CounterMetricFamily(name, text, labels=labels)
    for name, text in _GAUGES.items():
        families[name] = GaugeMetricFamily(name, text, labels=())
    for name, (text, labels, _) in _HISTOGRAMS.items():
        families[name] = HistogramMetricFamily(name, text, labels=labels)
    for (name, values), numbers in sorted(tallies.items()):
        if name in _HISTOGRAMS:
            families[name].add_metric(values, _cumulated(_HISTOGRAMS[name][2], numbers[1:]), numbers[0])
        else:
            families[name].add_metric(values, numbers[0])
    yield from families.values()


def _cumulated(bounds: tuple[float, ...], counts: list[float]) -> list[tuple[str, float]]:
    """Prometheus' buckets: how many values were at most as large as each bound."""
    names = (*map(str, bounds), "+Inf")
    return list(zip(names, accumulate(counts), strict=True))


def _register_others(registry: CollectorRegistry, metrics: Metrics) -> None:
    """What is known of the processes, and the metrics that the model's own code keeps with prometheus_client."""
    from prometheus_client import REGISTRY
    from prometheus_client.multiprocess import MultiProcessCollector

    directory = shared_directory()
    if directory is None:
        registry.register(REGISTRY)
        return
    registry.register(_Processes(metrics))
    MultiProcessCollector(registry, path=str(directory))  # type: ignore[no-untyped-call]


class _Processes:
    """CPU time, memory and files of each process."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> list[Metric]:
        """Nothing, as above."""
        return []

    def collect(self) -> Iterator[Metric]:
        """One metric each, with one sample for each process."""
        from prometheus_client import ProcessCollector

        families: dict[str, Metric] = {}
        for pid in self._metrics.processes():
            for found in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                family = families.setdefault(found.name, _empty(found))
                for sample in found.samples:
                    family.add_sample(sample.name, {"pid": str(pid)}, sample.value)
        yield from families.values()


def _empty(metric: Metric) -> Metric:
    return type(metric)(metric.name, metric.documentation, labels=("pid",))  # type: ignore[call-arg]

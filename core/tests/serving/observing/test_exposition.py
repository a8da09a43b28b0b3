from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.serving.observing.exposition import exposition
from modelpack.serving.observing.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterable

MODEL = {"name": 'a "plane"\n', "digest": "sha256:0"}


def samples(families: Iterable[Any]) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The values of all samples by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
        if sample.name.startswith("modelpack_")
    }


def counted() -> Metrics:
    """Metrics of three requests."""
    metrics = Metrics()
    for seconds in (0.002, 0.003, 70.0):
        metrics.request("/invocations", "POST", 200, seconds)
    metrics.batch(3, 30, 0.02)
    metrics.queue(2)
    return metrics


@pytest.mark.parametrize("openmetrics", [False, True])
def test_the_text_is_read_by_prometheus_own_parser(*, openmetrics: bool) -> None:
    """In either format, with the same values."""
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
    from prometheus_client.parser import text_string_to_metric_families as parse_plain

    metrics = counted()
    text, _ = exposition(metrics, metrics.shown(), MODEL, openmetrics=openmetrics)
    found = samples((parse_open if openmetrics else parse_plain)(text.decode()))
    route = ("route", "/invocations")
    assert found["modelpack_requests_total", frozenset({route, ("method", "POST"), ("status", "200")})] == 3
    assert found["modelpack_request_seconds_bucket", frozenset({route, ("le", "0.0025")})] == 1
    assert found["modelpack_request_seconds_bucket", frozenset({route, ("le", "60.0")})] == 2
    assert found["modelpack_request_seconds_bucket", frozenset({route, ("le", "+Inf")})] == 3
    assert found["modelpack_request_seconds_sum", frozenset({route})] == pytest.approx(70.005)
    assert found["modelpack_rows_total", frozenset()] == 30
    assert found["modelpack_queue_length", frozenset()] == 2
    assert found["modelpack_model_info", frozenset(MODEL.items())] == 1


def test_a_process_alone_tells_of_itself() -> None:
    """Memory and CPU time, as prometheus_client measures them."""
    metrics = Metrics()
    text, _ = exposition(metrics, metrics.shown(), MODEL, openmetrics=False)
    assert b"process_cpu_seconds_total " in text
    assert b"python_info{" in text


_CHILD = """
import os
from modelpack.serving.observing.metrics import Metrics, forget_process, prepare_directory
from modelpack.serving.observing.exposition import exposition

with prepare_directory():
    from prometheus_client import Counter

    own = Counter("drift_alarms", "What the model counts itself")
    pids = []
    for _ in range(2):
        if (pid := os.fork()) == 0:
            own.inc(2)
            metrics = Metrics()
            metrics.batch(1, 5, 0.1)
            metrics.close()
            os._exit(0)
        pids.append(pid)
        os.waitpid(pid, 0)
    forget_process(pids[0])
    metrics = Metrics()
    print(exposition(metrics, metrics.shown(), {"name": "m"}, openmetrics=False)[0].decode())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")
def test_several_processes_are_one_server() -> None:
    """Any of them tells the counts of all, those of the model's own code too, and each one's memory."""
    text = subprocess.run([sys.executable, "-c", _CHILD], check=True, capture_output=True, text=True).stdout
    assert "modelpack_rows_total 10.0" in text
    assert "drift_alarms_total 4.0" in text
    assert 'process_cpu_seconds_total{pid="' in text

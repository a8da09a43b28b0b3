from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from modelpack.serving.observing.metrics import Metrics, prepare_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelpack.serving.observing.tallies import Tallies


@pytest.fixture
def directory() -> Iterator[Path]:
    """The directory of a server with several processes."""
    with prepare_directory() as directory:
        yield directory


def everyones(metrics: Metrics) -> Tallies:
    """What is counted by all."""
    return metrics.everyones(metrics.shown())


def test_requests_are_counted_by_route_method_and_status() -> None:
    """And timed by route."""
    metrics = Metrics()
    for status in (200, 200, 400):
        metrics.request("/invocations", "POST", status, 0.004)
    tallies = metrics.tallies()
    assert tallies["modelpack_requests", ("/invocations", "POST", "200")] == [2]
    assert tallies["modelpack_requests", ("/invocations", "POST", "400")] == [1]
    assert sum(tallies["modelpack_request_seconds", ("/invocations",)][1:]) == 3


def test_calls_to_the_model_count_requests_rows_and_time() -> None:
    """One call may answer several requests."""
    metrics = Metrics()
    metrics.batch(3, 40, 0.5)
    metrics.batch(1, 2, 0.25)
    tallies = metrics.tallies()
    assert tallies["modelpack_rows", ()] == [42]
    assert tallies["modelpack_batch_requests", ()][0] == 4
    assert tallies["modelpack_batch_rows", ()][0] == 42
    assert tallies["modelpack_model_seconds", ()][0] == 0.75


def test_two_applications_of_one_process_count_apart() -> None:
    """There is no registry of the whole process."""
    first, second = Metrics(), Metrics()
    first.batch(1, 1, 0.1)
    assert everyones(second)["modelpack_rows", ()] == [0]


def test_the_processes_of_a_server_show_each_other_their_counts(directory: Path) -> None:
    """Without being asked, soon after a request."""
    assert directory.is_dir()
    first, second = Metrics(), Metrics()

    async def count() -> None:
        first.request("/ping", "GET", 200, 0.001)
        async with asyncio.timeout(10):
            while ("modelpack_requests", ("/ping", "GET", "200")) not in everyones(second):  # noqa: ASYNC110 - a file tells
                await asyncio.sleep(0.05)

    asyncio.run(count())


def test_the_last_counts_are_shown_at_the_end(directory: Path) -> None:
    """What was counted since they were last shown is not lost."""
    assert directory.is_dir()
    first, second = Metrics(), Metrics()
    first.batch(1, 5, 0.1)
    first.close()
    assert everyones(second)["modelpack_rows", ()] == [5]

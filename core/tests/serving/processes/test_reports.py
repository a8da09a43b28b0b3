from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from modelpack.errors import NotFoundError
from modelpack.serving.processes.reports import ALIVE, EXHAUSTED, READY, Inbox, Reports


@pytest.fixture
def pipe() -> Iterator[tuple[Reports, Inbox, int]]:
    """Both ends of a pipe, and the descriptor that is written to."""
    reader, writer = os.pipe()
    inbox = Inbox(reader)
    yield Reports(writer), inbox, writer
    inbox.close()


def test_reports_arrive_in_order(pipe: tuple[Reports, Inbox, int]) -> None:
    """Nothing is lost, and nothing comes twice."""
    reports, inbox, writer = pipe
    assert list(inbox.reports()) == []
    for report in (READY, ALIVE, EXHAUSTED):
        reports.say(report)
    assert list(inbox.reports()) == [READY, ALIVE, EXHAUSTED]
    os.close(writer)
    assert list(inbox.reports()) == []
    assert inbox.ended
    assert inbox.failure is None


def test_an_error_arrives_as_it_was_raised(pipe: tuple[Reports, Inbox, int]) -> None:
    """With its hint and its code."""
    reports, inbox, writer = pipe
    reports.say(ALIVE)
    reports.failed(NotFoundError("there is no model", hint="look elsewhere"))
    os.close(writer)
    assert list(inbox.reports()) == [ALIVE]
    failure = inbox.failure
    assert failure is not None
    assert (failure.message, failure.hint) == ("there is no model", "look elsewhere")
    assert failure.error_code == NotFoundError.error_code


def test_a_bug_arrives_with_its_kind(pipe: tuple[Reports, Inbox, int]) -> None:
    """It has no hint."""
    reports, inbox, writer = pipe
    reports.failed(KeyError("x"))
    os.close(writer)
    assert list(inbox.reports()) == []
    assert inbox.failure is not None
    assert inbox.failure.message == "KeyError: 'x'"


def test_a_worker_whose_supervisor_is_gone_or_slow_goes_on(pipe: tuple[Reports, Inbox, int]) -> None:
    """A full or broken pipe is no reason to fail."""
    reports, _, writer = pipe
    for _ in range(70_000):
        reports.say(ALIVE)
    os.close(writer)
    reports.say(ALIVE)

from __future__ import annotations

import json
import logging
import os
import re
import threading
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.serving.observing.logs import LogHandler, configure, one_line, timestamp, write_line
from modelpack.serving.observing.request_ids import REQUEST_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOGGER = logging.getLogger("modelpack.serving")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("modelpack")
    handlers, level = root.handlers[:], ours.level
    yield
    root.handlers[:] = handlers
    ours.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def entries(capfd: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """Log as JSON, and read what was logged."""
    configure("json")
    return lambda: [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def test_text_goes_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    """With time, level, and who says it."""
    configure("text")
    LOGGER.warning("the %s is full", "queue")
    out, err = capfd.readouterr()
    assert out == ""
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARNING modelpack.serving: the queue is full\n", err
    ), err


def test_json_goes_to_standard_output(entries: Callable[[], list[dict[str, Any]]]) -> None:
    """One object a line, with what the caller adds."""
    LOGGER.warning("full", extra={"waiting": 3, "since": {1: object}})
    (entry,) = entries()
    assert entry["message"] == "full"
    assert entry["level"] == "warning"
    assert entry["logger"] == "modelpack.serving"
    assert entry["process"] == os.getpid()
    assert entry["waiting"] == 3
    assert "request_id" not in entry


def test_the_request_stands_beside_what_is_logged_for_it(entries: Callable[[], list[dict[str, Any]]]) -> None:
    """As a field of its own."""
    token = REQUEST_ID.set("abc")
    LOGGER.warning("slow")
    REQUEST_ID.reset(token)
    assert entries()[0]["request_id"] == "abc"


def test_a_stack_stays_in_its_entry(capfd: pytest.CaptureFixture[str]) -> None:
    """Its lines are indented, so that no text in it passes for an entry of its own."""
    configure("text")
    error = ValueError("bad\n2026-01-01T00:00:00.000Z INFO forged\x1b[31m")
    LOGGER.error("failed: %s", error, exc_info=error)
    lines = capfd.readouterr().err.splitlines()
    assert lines[0].endswith(r"failed: bad\n2026-01-01T00:00:00.000Z INFO forged\x1b[31m")
    assert all(line.startswith("    ") for line in lines[1:])
    assert "\x1b" not in "".join(lines)


def test_json_has_the_stack_as_a_field(entries: Callable[[], list[dict[str, Any]]]) -> None:
    """Whole."""
    LOGGER.error("failed", exc_info=ValueError("bad"))
    assert entries()[0]["stack"].endswith("ValueError: bad")


def test_other_libraries_and_warnings_are_logged_alike(entries: Callable[[], list[dict[str, Any]]]) -> None:
    """Theirs from the level of a warning, modelpack's own from the level of information."""
    logging.getLogger("uvicorn.error").error("broken")
    logging.getLogger("somebody").info("chatter")
    LOGGER.info("started")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure("json")
        warnings.warn("old", stacklevel=1)
    assert [entry["logger"] for entry in entries()] == ["uvicorn.error", "modelpack.serving", "py.warnings"]


def test_to_configure_again_replaces(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is written twice."""
    configure("json")
    configure("text")
    LOGGER.warning("once")
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("once") == 1


@pytest.mark.parametrize("value", ["\ud800", 2**70, float("nan"), b"\xff"])
def test_what_json_cannot_say_is_logged_all_the_same(entries: Callable[[], list[dict[str, Any]]], value: Any) -> None:
    """As a text."""
    LOGGER.warning("odd", extra={"value": value})
    assert entries()[0]["message"] == "odd"


def test_a_message_that_does_not_fit_its_arguments_stops_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """Standard error tells of it."""
    LogHandler("json").handle(LOGGER.makeRecord("modelpack", 30, __file__, 1, "%d rows", ("none",), None))
    out, err = capfd.readouterr()
    assert out == ""
    assert "Logging error" in err


@pytest.mark.parametrize(
    ("text", "line"),
    [("plain é 数", "plain é 数"), ("a\r\nb", r"a\r\nb"), ("\u2028\u202e\x1b\ud800", r"\u2028\u202e\x1b\ud800")],
)
def test_a_text_becomes_one_line(text: str, line: str) -> None:
    """Line breaks, marks that turn the direction of writing, and what steers terminals are spelled out."""
    assert one_line(text) == line


def test_times_are_in_utc_with_milliseconds() -> None:
    """As RFC 3339 has them."""
    assert timestamp(1_700_000_000.9996) == "2023-11-14T22:13:20.999Z"


def test_a_line_longer_than_a_pipe_holds_is_written_whole() -> None:
    """The writer goes on where it stopped."""
    reading, writing = os.pipe()
    line = b"x" * 300_000 + b"\n"
    parts: list[bytes] = []

    def read() -> None:
        while part := os.read(reading, 1 << 16):
            parts.append(part)

    reader = threading.Thread(target=read)
    reader.start()
    write_line(writing, line)
    os.close(writing)
    reader.join(10)
    os.close(reading)
    assert b"".join(parts) == line


def test_a_log_that_nobody_reads_stops_nothing() -> None:
    """The pipe's other end is closed."""
    reading, writing = os.pipe()
    os.close(reading)
    write_line(writing, b"gone\n")
    os.close(writing)

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.serving.observing.access_log import AccessLog

if TYPE_CHECKING:
    from modelpack.serving.settings import LogFormat

FACTS = {"route": "/invocations", "request_id": "abc"}


def scope(**changes: Any) -> dict[str, Any]:
    """A request."""
    known = {"method": "POST", "path": "/invocations", "raw_path": b"/invocations", "client": ("10.0.0.7", 4711)}
    return {**known, **changes}


def test_a_line_of_text(capfd: pytest.CaptureFixture[str]) -> None:
    """Stands on standard error."""
    AccessLog("text").write(scope(), 200, 21, 0.01234, FACTS)
    out, err = capfd.readouterr()
    assert out == ""
    assert re.fullmatch(r"\S+Z INFO 10\.0\.0\.7 POST /invocations 200 21B 12\.3ms request=abc\n", err)


def test_a_line_of_json(capfd: pytest.CaptureFixture[str]) -> None:
    """Stands on standard output, with each fact as a field."""
    AccessLog("json").write(scope(), 200, 21, 0.01234, FACTS)
    entry = json.loads(capfd.readouterr().out)
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "level": "info",
        "logger": "modelpack.access",
        "message": "POST /invocations 200",
        "method": "POST",
        "path": "/invocations",
        "status": 200,
        "bytes": 21,
        "seconds": 0.01234,
        "client": "10.0.0.7",
        **FACTS,
    }


@pytest.mark.parametrize(("status", "lines"), [(200, 0), (206, 0), (401, 1), (503, 1)])
def test_a_probe_is_told_when_it_fails(status: int, lines: int, capfd: pytest.CaptureFixture[str]) -> None:
    """Load balancers ask every few seconds; what they are told every time would bury the rest."""
    AccessLog("text").write(scope(method="GET"), status, 21, 0.01, {**FACTS, "route": "/v2/health/ready"})
    assert capfd.readouterr().err.count("\n") == lines


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize(
    "changes",
    [
        {"path": "/a\nb", "raw_path": b"/a%0Ab?key=secret"},
        {"path": "/a\r\nb\x1b[31m", "raw_path": None},
        {"path": "/\ud800", "raw_path": None},
        {"raw_path": b"/\xff\n" + b"x" * 100_000},
        {"client": None},
    ],
)
def test_what_a_client_sends_stays_in_its_line(
    capfd: pytest.CaptureFixture[str], log_format: LogFormat, changes: dict[str, Any]
) -> None:
    """Which is of a decent length, and has no query, where keys may stand."""
    AccessLog(log_format).write(scope(**changes), 404, 0, 0.0, FACTS)
    out, err = capfd.readouterr()
    assert (out + err).count("\n") == 1
    assert "\x1b" not in out + err
    assert "secret" not in out + err
    assert len(out + err) < 1500

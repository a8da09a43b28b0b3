"""Running a conformance kit on many plugins, and what came of each check."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Outcomes = dict[str, dict[str, list[str]]]
"""For each test class the outcome and the reason of each of its checks."""

REPORT = """
import json, pathlib
OUTCOMES = {}
def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        _, suite, test = report.nodeid.split("::")
        reason = report.longreprtext if report.failed else str(report.longrepr and report.longrepr[2])
        OUTCOMES.setdefault(suite, {})[test] = [report.outcome, reason]
def pytest_sessionfinish():
    pathlib.Path("outcomes.json").write_text(json.dumps(OUTCOMES))
"""


def install(site: Path, distribution: str, entry_points: str, metadata: str = "") -> None:
    """Write what tells that a distribution is installed."""
    information = site / f"{distribution.replace('-', '_')}-1.2.3.dist-info"
    information.mkdir()
    text = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2.3\n{metadata}"
    (information / "METADATA").write_text(text, encoding="utf-8")
    (information / "entry_points.txt").write_text(entry_points, encoding="utf-8")


def replaced(text: str, replacements: Mapping[str, str], fault: str) -> str:
    """A text with a fault put in."""
    for right, wrong in replacements.items():
        assert right in text, f"{fault} replaces what is not there: {right}"
        text = text.replace(right, wrong)
    return text


def started(folder: Path, site: Path, suites: Iterable[str]) -> subprocess.Popen[str]:
    """Start pytest on test classes, in a folder with everything that they need."""
    (folder / "test_suites.py").write_text("\n".join(suites), encoding="utf-8")
    (folder / "conftest.py").write_text(REPORT, encoding="utf-8")
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = {site}\nfilterwarnings = error\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", "work", "test_suites.py"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def outcomes_of(runs: Iterable[tuple[Path, subprocess.Popen[str]]]) -> Outcomes:
    """What came of runs that were started."""
    found: Outcomes = {}
    for folder, process in runs:
        output, _ = process.communicate()
        assert (folder / "outcomes.json").exists(), output
        found.update(json.loads((folder / "outcomes.json").read_text(encoding="utf-8")))
    return found


def failures(outcome: Mapping[str, Any]) -> dict[str, str]:
    """The checks that failed, with what they said."""
    return {check(test): reason for test, (result, reason) in outcome.items() if result == "failed"}


def check(test: str) -> str:
    """The check of a test, without its parameters."""
    return test.partition("[")[0]

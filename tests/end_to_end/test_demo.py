"""The README's first command does the whole job."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def output() -> str:
    """What the demo prints."""
    command = [sys.executable, str(ROOT / "examples" / "wine" / "demo.py")]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@pytest.mark.slow
def test_the_scored_file_equals_the_pipeline(output: str) -> None:
    """Predictions made by the command line are the pipeline's own."""
    assert "predictions, equal to the pipeline's own: True" in output


@pytest.mark.slow
def test_every_content_type_is_answered(output: str) -> None:
    """Seven kinds of body are scored, and the bad one is refused as a matter of the schema."""
    answers = [
        line.strip().split(" ", 1)[0] for line in output.splitlines() if line.startswith(("  200 ", "  4", "  5"))
    ]
    assert answers == ["200"] * 7 + ["422"]


@pytest.mark.slow
def test_the_server_ends_cleanly(output: str) -> None:
    """SIGTERM ends the server with exit code 0."""
    assert "the server ended with exit code 0" in output

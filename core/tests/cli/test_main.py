"""The command as it is started: exit codes, two-line errors, `--debug`, help and completion."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import modelpack

Answer = subprocess.CompletedProcess[str]


def run(*arguments: str | Path) -> Answer:
    """Start `python -m modelpack` and wait for it."""
    command = [sys.executable, "-m", "modelpack", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_expected_error_is_two_lines_and_exit_code_1(tmp_path: Path) -> None:
    """What is wrong, what to do, and no traceback."""
    (tmp_path / "empty").mkdir()
    answer = run("inspect", tmp_path / "empty")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert [line.split(":")[0] for line in answer.stderr.splitlines()] == ["error", "hint"]


def test_debug_shows_the_traceback_of_an_expected_error(tmp_path: Path) -> None:
    """For whoever looks for the place."""
    answer = run("--debug", "inspect", tmp_path / "nowhere")
    assert answer.returncode == 1
    assert "Traceback" in answer.stderr
    assert "NotFoundError" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["inspect"], "no model was named"),
        (["inspect", "one", "-m", "two"], "two models were named"),
        (["frobnicate"], "No such command"),
        (["inspect", "--frobnicate"], "No such option"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(arguments: list[str], message: str) -> None:
    """Scripts can tell a typing error from a failure."""
    answer = run(*arguments)
    assert answer.returncode == 2
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_version_is_that_of_the_package() -> None:
    """`modelpack --version` says what is installed."""
    assert run("--version").stdout == f"modelpack {modelpack.__version__}\n"


def test_a_warning_is_one_line(tmp_path: Path) -> None:
    """Warnings of modelpack stand on standard error without a file name and a line of source."""
    script = tmp_path / "warn.py"
    script.write_text(
        "import warnings\n"
        "from modelpack import ModelpackWarning\n"
        "from modelpack.cli.boundary import error_boundary\n"
        "with error_boundary(debug=False):\n"
        "    warnings.warn('mind the gap', ModelpackWarning)\n"
    )
    answer = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert answer.stderr == "warning: mind the gap\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_offered(shell: str) -> None:
    """The script that a shell evaluates names the command."""
    environment = {"_MODELPACK_COMPLETE": f"source_{shell}", "PATH": "/usr/bin:/bin"}
    program = "import sys; sys.argv = ['modelpack']; from modelpack.cli.main import main; main()"
    command = [sys.executable, "-c", program]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert "_MODELPACK_COMPLETE" in answer.stdout

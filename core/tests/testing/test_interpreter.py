"""Running a function in a fresh interpreter."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from modelpack.testing import run_python
from modelpack.testing.interpreter import InterpreterError

FACTOR = 3


def times(number: int) -> int:
    """Use a name of this module."""
    return number * FACTOR


def test_function_of_a_test_module_runs_elsewhere() -> None:
    """It travels with what it refers to, and its answer comes back."""
    assert run_python(times, 14) == 42


def test_nothing_is_imported_yet() -> None:
    """The other interpreter is fresh."""

    def imported() -> list[str]:
        return sorted({"numpy", "pandas", "pytest", "modelpack"} & set(sys.modules))

    assert run_python(imported) == []


def test_environment_and_directory_are_set(tmp_path: Path) -> None:
    """Variables come on top of those of this process."""

    def look() -> tuple[str, str]:
        return os.environ["KIT"], str(Path.cwd())

    assert run_python(look, environment={"KIT": "here"}, directory=tmp_path) == ("here", str(tmp_path.resolve()))


def test_failure_shows_what_the_other_printed() -> None:
    """The traceback of the function."""

    def fail() -> None:
        raise LookupError("a telling text")

    with pytest.raises(InterpreterError, match="a telling text"):
        run_python(fail)


def test_crash_is_a_failure() -> None:
    """An interpreter that dies is noticed."""
    with pytest.raises(InterpreterError, match="ended with code 9"):
        run_python(os._exit, 9)


def test_endless_function_is_given_up() -> None:
    """After the time that was given."""
    import time

    with pytest.raises(InterpreterError, match="no answer"):
        run_python(time.sleep, 60, timeout=2)

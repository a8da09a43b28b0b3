"""Real MLflow, in an environment of its own that holds nothing of modelpack; and modelpack in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RunMLflow = Callable[..., Any]
RunAfresh = Callable[..., Any]


@pytest.fixture(scope="session")
def run_mlflow(tmp_path_factory: pytest.TempPathFactory) -> RunMLflow:
    """Run a program under MLflow's interpreter; it finds `arguments` in `sys.argv` and prints JSON as its last line."""
    python = os.environ.get("MODELPACK_TEST_MLFLOW_PYTHON")
    if python is None:
        pytest.skip(
            "MODELPACK_TEST_MLFLOW_PYTHON names no interpreter with MLflow; `python3 dev.py -s interop` makes one"
        )
    folder = tmp_path_factory.mktemp("mlflow")

    environment = {**os.environ, "MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_DISABLE_TELEMETRY": "true"}
    return lambda program, *arguments: _answer(python, program, *arguments, cwd=folder, env=environment)


@pytest.fixture
def run_afresh() -> RunAfresh:
    """Run a program with modelpack in a process of its own, likewise."""
    return lambda program, *arguments: _answer(sys.executable, program, *arguments)


def _answer(python: str, program: str, *arguments: str | Path, **options: Any) -> Any:
    """What the program printed last."""
    command = [python, "-c", program, *map(str, arguments)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.strip().splitlines()[-1])

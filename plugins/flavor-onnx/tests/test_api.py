"""The functions with the argument names of MLflow's onnx module."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import modelpack
import modelpack_flavor_onnx as flavor

Linear = Callable[..., Any]


def test_save_and_load(linear: Linear, tmp_path: Path) -> None:
    """What comes back is the same graph."""
    info = flavor.save_model(linear(), tmp_path / "model", input_example=np.ones((2, 3), dtype=np.float32))
    assert info.signature is not None
    assert flavor.load_model(tmp_path / "model") == linear()


def test_all_arguments_are_taken(linear: Linear, tmp_path: Path) -> None:
    """Each leaves its trace in the model."""
    (tmp_path / "helper.py").write_text("ANSWER = 42\n")
    info = flavor.save_model(
        linear(200),
        tmp_path / "model",
        conda_env={"name": "mine", "dependencies": ["python=3.11", {"pip": ["onnx"]}]},
        code_paths=[tmp_path / "helper.py"],
        onnx_execution_providers=["CPUExecutionProvider"],
        onnx_session_options={"intra_op_num_threads": 1},
        save_as_external_data=False,
        metadata={"owner": "garden"},
    )
    assert info.flavors["onnx"]["code"] == "code"
    assert info.flavors["onnx"]["providers"] == ["CPUExecutionProvider"]
    assert info.flavors["python_function"]["data"] == "model.onnx"
    assert info.metadata == {"owner": "garden"}
    assert "name: mine" in (tmp_path / "model" / "conda.yaml").read_text()


def test_log_and_load_from_a_run(linear: Linear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the path in the run, or by the model's URI."""
    monkeypatch.chdir(tmp_path)
    with modelpack.start_run() as run:
        info = flavor.log_model(linear(), name="graph", onnx_session_options={"intra_op_num_threads": 1})
    assert info.model_uri == f"runs:/{run.run_id}/graph"
    assert flavor.load_model("graph", run_id=run.run_id) == linear()


def test_default_environment_names_onnx_and_the_runtime() -> None:
    """At the versions that are installed."""
    pip = flavor.get_default_conda_env()["dependencies"][-1]["pip"]
    assert pip == [f"onnx=={version('onnx')}", f"onnxruntime=={version('onnxruntime')}"]


def test_importing_the_package_imports_no_library() -> None:
    """Neither onnx nor the runtime nor pandas, until something is saved or loaded."""
    names = "{'onnx', 'onnxruntime', 'pandas', 'numpy'}"
    program = f"import sys, modelpack_flavor_onnx; print(sorted({names} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"

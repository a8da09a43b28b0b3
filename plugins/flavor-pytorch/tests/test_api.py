"""The functions with the argument names of MLflow's pytorch module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import modelpack
import modelpack_flavor_pytorch as flavor
from modelpack.errors import InvalidArgumentError


def test_save_and_load(network: torch.nn.Module, rows: Any, tmp_path: Path) -> None:
    """Positional arguments in the seed's order; a tensor with gradients is an example."""
    info = flavor.save_model(network, tmp_path / "model", input_example=torch.from_numpy(rows).requires_grad_())
    assert info.flavors["pytorch"]["serialization_format"] == flavor.SERIALIZATION_FORMAT_PT2
    assert flavor.load_model(tmp_path / "model")(torch.from_numpy(rows)).shape == (7, 2)


def test_several_tensors_get_the_names_of_forward(rows: Any, tmp_path: Path) -> None:
    """As an example a tuple, as an input a mapping or, natively, arguments in their order."""
    bilinear = torch.nn.Bilinear(3, 3, 2)
    example = (torch.from_numpy(rows), rows.astype("float64"))
    info = flavor.save_model(bilinear, tmp_path / "model", input_example=example)
    assert info.signature is not None
    assert info.signature.inputs is not None
    assert info.signature.inputs.names == ("input1", "input2")
    with torch.no_grad():
        expected = bilinear(torch.from_numpy(rows), torch.from_numpy(rows)).numpy()
        native = flavor.load_model(tmp_path / "model")(torch.from_numpy(rows), torch.from_numpy(rows)).numpy()
    found = modelpack.pyfunc.load_model(tmp_path / "model").predict({"input1": rows, "input2": rows.astype("float64")})
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(native, expected, atol=1e-6)


def test_bfloat16_tensors_are_examples(tmp_path: Path) -> None:
    """NumPy has no such type; the example is kept as float32."""
    example = torch.ones(2, 3, dtype=torch.bfloat16)
    flavor.save_model(torch.nn.Linear(3, 2, dtype=torch.bfloat16), tmp_path / "model", input_example=example)
    assert flavor.load_model(tmp_path / "model")(example).dtype == torch.bfloat16


def test_all_arguments_are_taken(network: torch.nn.Module, rows: Any, tmp_path: Path) -> None:
    """Each leaves its trace in the model."""
    (tmp_path / "steps.py").write_text("ANSWER = 42\n")
    (tmp_path / "notes.txt").write_text("mine\n")
    info = flavor.save_model(
        network,
        tmp_path / "model",
        {"name": "mine", "dependencies": ["python=3.11", {"pip": ["torch"]}]},
        pickle_module=__import__("pickle"),
        code_paths=[tmp_path / "steps.py"],
        signature=modelpack.infer_signature(rows, rows[:, :2]),
        extra_files=[tmp_path / "notes.txt"],
        device="cpu",
        pickle_protocol=4,
        metadata={"owner": "garden"},
    )
    assert info.flavors["pytorch"]["code"] == "code"
    assert info.flavors["pytorch"]["serialization_format"] == "pickle"
    assert info.flavors["python_function"]["config"] == {"device": "cpu"}
    assert info.metadata == {"owner": "garden"}
    assert (tmp_path / "model" / "extra_files" / "notes.txt").read_text() == "mine\n"
    assert "name: mine" in (tmp_path / "model" / "conda.yaml").read_text()


def test_older_arguments_of_mlflow(network: torch.nn.Module, rows: Any, tmp_path: Path) -> None:
    """`export_model` and `requirements_file` say what has other names now."""
    (tmp_path / "wanted.txt").write_text("torch\nsix==1.17.0\n")
    given: dict[str, Any] = {"export_model": True, "requirements_file": tmp_path / "wanted.txt", "input_example": rows}
    info = flavor.save_model(network, tmp_path / "model", **given)
    assert info.flavors["pytorch"]["serialization_format"] == "pt2"
    assert "six==1.17.0" in (tmp_path / "model" / "requirements.txt").read_text()
    with pytest.raises(InvalidArgumentError, match="export_model"):
        flavor.save_model(network, tmp_path / "other", export_model=True, serialization_format="pickle")
    with pytest.raises(InvalidArgumentError, match="requirements_file and pip_requirements"):
        flavor.save_model(network, tmp_path / "other", requirements_file="a.txt", pip_requirements=["torch"])
    assert not (tmp_path / "other").exists()


def test_log_and_load_from_a_run(
    network: torch.nn.Module, rows: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`run_id` finds the path in the run, as MLflow before 1.0 did."""
    monkeypatch.chdir(tmp_path)
    with modelpack.start_run() as run:
        info = flavor.log_model(network, "net", input_example=torch.from_numpy(rows))
    assert info.model_uri == f"runs:/{run.run_id}/net"
    assert flavor.load_model("net", run_id=run.run_id)(torch.zeros(1, 3)).shape == (1, 2)


def test_default_environment_names_torch() -> None:
    """And what reads a whole module."""
    pip = flavor.get_default_conda_env()["dependencies"][-1]["pip"]
    assert [line.partition("==")[0] for line in pip] == ["torch", "cloudpickle"]


def test_importing_the_package_imports_no_library() -> None:
    """Neither PyTorch nor NumPy, until something is saved or loaded."""
    program = "import sys, modelpack_flavor_pytorch; print(sorted({'torch', 'pandas', 'numpy'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"

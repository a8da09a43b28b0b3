from __future__ import annotations

from pathlib import Path

import pytest

from modelpack.pyfunc.missing import missing_module


def hint(module: str, root: Path) -> str:
    """The hint for a module that is missing."""
    error = missing_module(ModuleNotFoundError(f"No module named {module!r}", name=module), "the model needs", root)
    assert error.message == f"the model needs the module {module!r}, which is not installed"
    return str(error.hint)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model directory with requirements."""
    text = "modelpack-core==0.1.0\nForest_Lib[fast]==2.1 ; python_version > '3'\n-c constraints.txt\n# note\n"
    (tmp_path / "requirements.txt").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_required_distribution_is_named_with_its_version(model: Path) -> None:
    """The line of the model's requirements is what to install."""
    assert hint("forest_lib.trees", model) == "pip install \"Forest_Lib[fast]==2.1 ; python_version > '3'\""


def test_another_module_points_to_the_requirements_and_to_code_paths(model: Path) -> None:
    """A distribution may have another name than its module, and the module may be the user's own."""
    text = hint("features", model)
    assert f"pip install -r {model / 'requirements.txt'}" in text
    assert "code_paths=[…]" in text


def test_a_model_without_requirements_still_helps(tmp_path: Path) -> None:
    """Old models have no such file."""
    assert hint("features.text", tmp_path).startswith("install what provides features;")


def test_mlflow_itself_is_named(tmp_path: Path) -> None:
    """A model may use MLflow's own functions."""
    assert hint("mlflow.deployments", tmp_path).endswith("pip install mlflow")

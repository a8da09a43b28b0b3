"""The functions with the argument names of MLflow's sklearn module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import modelpack
import modelpack_flavor_sklearn as flavor
from modelpack.errors import InvalidArgumentError, ModelpackWarning, TrustError

Iris = tuple[pd.DataFrame, pd.Series]


@pytest.fixture
def model(iris: Iris) -> Any:
    """A classifier."""
    return LogisticRegression(max_iter=500).fit(*iris)


def test_save_and_load(model: Any, iris: Iris, tmp_path: Path) -> None:
    """Positional arguments in the seed's order."""
    info = flavor.save_model(model, tmp_path / "model", input_example=iris[0].head(2))
    assert info.signature is not None
    np.testing.assert_array_equal(flavor.load_model(tmp_path / "model").coef_, model.coef_)


def test_all_arguments_are_taken(model: Any, iris: Iris, tmp_path: Path) -> None:
    """Each leaves its trace in the model."""
    (tmp_path / "helper.py").write_text("ANSWER = 42\n")
    info = flavor.save_model(
        model,
        tmp_path / "model",
        conda_env={"name": "mine", "dependencies": ["python=3.11", {"pip": ["scikit-learn"]}]},
        code_paths=[tmp_path / "helper.py"],
        serialization_format=flavor.SERIALIZATION_FORMAT_CLOUDPICKLE,
        signature=modelpack.infer_signature(iris[0], model.predict(iris[0])),
        pyfunc_predict_fn="predict_proba",
        metadata={"owner": "garden"},
    )
    assert info.flavors["sklearn"]["serialization_format"] == "cloudpickle"
    assert info.flavors["sklearn"]["code"] == "code"
    assert info.flavors["python_function"]["predict_fn"] == "predict_proba"
    assert info.metadata == {"owner": "garden"}
    assert "name: mine" in (tmp_path / "model" / "conda.yaml").read_text()


def test_given_model_is_not_changed(model: Any, tmp_path: Path) -> None:
    """`mlflow_model` describes the save, and two saves leak nothing into each other (Q1)."""
    described = modelpack.models.Model(artifact_path="somewhere", run_id="a" * 32)
    flavor.save_model(model, tmp_path / "model", mlflow_model=described)
    assert described.flavors == {}
    assert "somewhere" in (tmp_path / "model" / "MLmodel").read_text()


def test_log_and_load_from_a_run(model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`run_id` finds the path in the run, as MLflow before 1.0 did."""
    monkeypatch.chdir(tmp_path)
    with modelpack.start_run() as run:
        info = flavor.log_model(model, "classifier")
    assert info.model_uri == f"runs:/{run.run_id}/classifier"
    np.testing.assert_array_equal(flavor.load_model("classifier", run_id=run.run_id).coef_, model.coef_)
    np.testing.assert_array_equal(flavor.load_model(info.model_uri).coef_, model.coef_)


def test_unknown_format_touches_no_disk(model: Any, tmp_path: Path) -> None:
    """The error names the option, the value and those there are (S57)."""
    with pytest.raises(InvalidArgumentError, match=r"serialization_format.*joblib.*skops"):
        flavor.save_model(model, tmp_path / "model", serialization_format="joblib")
    assert list(tmp_path.iterdir()) == []


def test_formats_are_those_of_mlflow() -> None:
    """Names and values are the interface."""
    assert flavor.SUPPORTED_SERIALIZATION_FORMATS == ["skops", "pickle", "cloudpickle"]
    assert flavor.SERIALIZATION_FORMAT_PICKLE == "pickle"


def test_default_environment_names_scikit_learn() -> None:
    """With what reads the format, when that is asked for."""
    import sklearn

    conda = flavor.get_default_conda_env(include_skops=True)
    pip = conda["dependencies"][-1]["pip"]
    assert pip[0] == f"scikit-learn=={sklearn.__version__}"
    assert pip[1].startswith("skops==")


def test_a_stranger_cannot_load_a_pickle(
    model: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The saver can, everyone can who says so, nobody else can."""
    flavor.save_model(model, tmp_path / "model", serialization_format="pickle")
    flavor.load_model(tmp_path / "model")
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path_factory.mktemp("stranger")))
    with pytest.raises(TrustError, match="pickle"):
        flavor.load_model(tmp_path / "model")
    flavor.load_model(tmp_path / "model", trust=True)


def test_another_version_is_the_callers_decision(model: Any, tmp_path: Path) -> None:
    """Warn, refuse or keep silent."""
    from modelpack.errors import ModelFailureError

    flavor.save_model(model, tmp_path / "model")
    (tmp_path / "model" / "MANIFEST.sha256").unlink()
    file = tmp_path / "model" / "MLmodel"
    file.write_text(file.read_text().replace("sklearn_version: 1", "sklearn_version: 0"))
    with pytest.warns(ModelpackWarning, match="scikit-learn 0"):
        flavor.load_model(tmp_path / "model")
    with pytest.raises(ModelFailureError, match="scikit-learn 0"):
        flavor.load_model(tmp_path / "model", versions="error")
    flavor.load_model(tmp_path / "model", versions="ignore")


def test_importing_the_package_imports_no_library() -> None:
    """Neither scikit-learn nor pandas, until something is saved or loaded."""
    program = "import sys, modelpack_flavor_sklearn; print(sorted({'sklearn', 'pandas', 'numpy'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"

"""What is written, what is refused, and what comes back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import catboost
import numpy as np
import pandas as pd
import pytest

import modelpack
import modelpack_flavor_catboost as flavor
from modelpack.errors import (
    InvalidArgumentError,
    InvalidModelError,
    ModelFailureError,
    ModelpackWarning,
    WrongModelError,
)


def rewritten(path: Path, before: str, after: str) -> None:
    """Change `MLmodel` as another writer would have written it."""
    file = path / "MLmodel"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")
    (path / "MANIFEST.sha256").unlink(missing_ok=True)


def test_save_and_load(classifier: Any, people: pd.DataFrame, tmp_path: Path) -> None:
    """Bit for bit, with names, categories and class labels."""
    info = flavor.save_model(classifier, tmp_path / "model", input_example=people.head(2))
    assert info.signature is not None
    loaded = flavor.load_model(tmp_path / "model")
    assert type(loaded) is catboost.CatBoostClassifier
    assert loaded.classes_.tolist() == ["moves", "stays"]
    assert (loaded.feature_names_, loaded.get_cat_feature_indices()) == (list(people), [2, 3])
    np.testing.assert_array_equal(loaded.predict_proba(people), classifier.predict_proba(people))


def test_all_arguments_are_taken(regressor: Any, tmp_path: Path) -> None:
    """Each leaves its trace in the model, under MLflow's keys."""
    (tmp_path / "helper.py").write_text("ANSWER = 42\n")
    info = flavor.save_model(
        regressor,
        tmp_path / "model",
        conda_env={"name": "mine", "dependencies": ["python=3.11", {"pip": ["catboost"]}]},
        code_paths=[tmp_path / "helper.py"],
        format="json",
        metadata={"owner": "garden"},
    )
    assert info.flavors["catboost"] == {
        "catboost_version": catboost.__version__,
        "code": "code",
        "data": "model.cb",
        "model_type": "CatBoostRegressor",
        "save_format": "json",
    }
    assert info.flavors["python_function"]["data"] == "model.cb"
    assert info.metadata == {"owner": "garden"}
    assert "name: mine" in (tmp_path / "model" / "conda.yaml").read_text()


def test_log_and_load_from_a_run(
    regressor: Any, numbers: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the path in the run, or by the model's URI."""
    monkeypatch.chdir(tmp_path)
    with modelpack.start_run() as run:
        info = flavor.log_model(regressor, name="trees")
    assert info.model_uri == f"runs:/{run.run_id}/trees"
    loaded = flavor.load_model("trees", run_id=run.run_id)
    np.testing.assert_array_equal(loaded.predict(numbers), regressor.predict(numbers))


@pytest.mark.parametrize("format_name", ["onnx", "coreml", "cpp", "python", "pmml", "cmb"])
def test_format_that_loses_the_model_is_refused(format_name: str, regressor: Any, tmp_path: Path) -> None:
    """CatBoost writes more than it reads; the error names what there is."""
    with pytest.raises(InvalidArgumentError, match=rf"'format' is '{format_name}'; expected 'cbm' or 'json'"):
        flavor.save_model(regressor, tmp_path / "model", format=format_name)
    assert list(tmp_path.iterdir()) == []


def test_json_holds_the_model_to_the_last_bit_but_one(regressor: Any, numbers: pd.DataFrame, tmp_path: Path) -> None:
    """It writes decimal numbers."""
    flavor.save_model(regressor, tmp_path / "model", format="json")
    loaded = flavor.load_model(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict(numbers), regressor.predict(numbers), rtol=1e-12)


@pytest.mark.parametrize("cut", [0, 1, 400, -1])
def test_json_that_is_cut_off_is_noticed(cut: int, regressor: Any, tmp_path: Path) -> None:
    """CatBoost would read it as a model without trees."""
    flavor.save_model(regressor, tmp_path / "model", format="json")
    file = tmp_path / "model" / "model.cb"
    file.write_bytes(file.read_bytes()[:cut])
    (tmp_path / "model" / "MANIFEST.sha256").unlink()
    with pytest.raises(ModelFailureError):
        flavor.load_model(tmp_path / "model")


def test_unfitted_model_is_refused(tmp_path: Path) -> None:
    """Before anything is written."""
    with pytest.raises(InvalidArgumentError, match="CatBoostRegressor is not fitted"):
        flavor.save_model(catboost.CatBoostRegressor(), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_derived_class_is_refused(tmp_path: Path) -> None:
    """Its file would be read as CatBoost's own class, without what was added."""

    class Doubled(catboost.CatBoostRegressor):  # type: ignore[misc]  # CatBoost ships no types
        """Predicts twice as much."""

    with pytest.raises(WrongModelError, match=r"CatBoostClassifier.*not a .*Doubled"):
        flavor.save_model(Doubled(), tmp_path / "model")


@pytest.mark.parametrize("kind", ["Pool", "os.system", "CatBoostClassifier()"])
def test_model_chooses_no_other_class(kind: str, regressor: Any, tmp_path: Path) -> None:
    """Only CatBoost's four classes of models."""
    flavor.save_model(regressor, tmp_path / "model")
    rewritten(tmp_path / "model", "model_type: CatBoostRegressor", f"model_type: {kind}")
    with pytest.raises(InvalidModelError, match="CatBoost, CatBoostClassifier, CatBoostRegressor, CatBoostRanker"):
        flavor.load_model(tmp_path / "model")


def test_another_version_is_the_callers_decision(regressor: Any, tmp_path: Path) -> None:
    """Warn or keep silent."""
    flavor.save_model(regressor, tmp_path / "model")
    rewritten(tmp_path / "model", f"catboost_version: {catboost.__version__}", "catboost_version: 0.1")
    with pytest.warns(ModelpackWarning, match="catboost 0.1"):
        flavor.load_model(tmp_path / "model")
    flavor.load_model(tmp_path / "model", versions="ignore")


@pytest.mark.parametrize("folder", ["/home/somebody/experiments/7", "C:\\Users\\somebody\\7"])
def test_file_does_not_tell_where_the_model_was_trained(folder: str, numbers: pd.DataFrame, tmp_path: Path) -> None:
    """CatBoost writes `train_dir` into its files; the caller's model keeps it."""
    model = catboost.CatBoostRegressor(iterations=2, verbose=False, allow_writing_files=False, train_dir=folder)
    model.fit(numbers, numbers["age"])
    flavor.save_model(model, tmp_path / "model")
    assert b"somebody" not in (tmp_path / "model" / "model.cb").read_bytes()
    assert "somebody" in str(dict(model.get_metadata().items()))
    np.testing.assert_array_equal(flavor.load_model(tmp_path / "model").predict(numbers), model.predict(numbers))


def test_default_environment_names_catboost() -> None:
    """At the version that is installed."""
    assert flavor.get_default_conda_env()["dependencies"][-1]["pip"] == [f"catboost=={catboost.__version__}"]


def test_importing_the_package_imports_no_library() -> None:
    """Neither CatBoost nor pandas, until something is saved or loaded."""
    names = "{'catboost', 'pandas', 'numpy'}"
    program = f"import sys, modelpack_flavor_catboost; print(sorted({names} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_nothing_is_left_in_the_working_directory(
    classifier: Any, people: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training writes `catboost_info`; saving, loading and predicting do not."""
    monkeypatch.chdir(tmp_path)
    flavor.save_model(classifier, "model", input_example=people.head(2))
    modelpack.pyfunc.load_model("model").predict(people)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]

"""modelpack, in an environment without MLflow, reads what MLflow wrote and predicts the same."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import modelpack

RunMLflow = Callable[..., Any]

SAVE_ESTIMATORS = """
import json, sys, mlflow.sklearn
from mlflow.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
features, target = load_iris(return_X_y=True, as_frame=True)
model = LogisticRegression(max_iter=500).fit(features, target)
described = {"signature": infer_signature(features, model.predict(features)), "input_example": features.head(2)}
for name in ["skops", "cloudpickle", "pickle"]:
    options = {"serialization_format": name, "pip_requirements": ["scikit-learn"]}
    mlflow.sklearn.save_model(model, f"{sys.argv[1]}/{name}-unsigned", **options)
    mlflow.sklearn.save_model(model, f"{sys.argv[1]}/{name}-signed", **options, **described)
features.to_csv(f"{sys.argv[1]}/iris.csv", index=False)
print(json.dumps(model.predict(features).tolist()))
"""

SAVE_PYTHON_MODEL = """
import json, sys, mlflow.pyfunc
class AddN(mlflow.pyfunc.PythonModel):
    def __init__(self, n):
        self.n = n
    def predict(self, context, model_input, params=None):
        return model_input.apply(lambda column: column + self.n)
mlflow.pyfunc.save_model(sys.argv[1], python_model=AddN(5), pip_requirements=["pandas"])
print(json.dumps(None))
"""


def test_mlflow_is_not_installed_here() -> None:
    """These tests prove nothing where MLflow could help."""
    assert importlib.util.find_spec("mlflow") is None


@pytest.fixture(scope="module")
def written(run_mlflow: RunMLflow, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """A directory of models that MLflow wrote, with their input, and what they predicted there."""
    folder = tmp_path_factory.mktemp("written")
    return folder, run_mlflow(SAVE_ESTIMATORS, folder)


@pytest.mark.slow
@pytest.mark.parametrize("signed", ["signed", "unsigned"])
@pytest.mark.parametrize("serialization_format", ["skops", "cloudpickle", "pickle"])
def test_an_estimator_predicts_the_same(
    written: tuple[Path, list[int]], serialization_format: str, signed: str
) -> None:
    """Every serialization format of MLflow's scikit-learn flavor loads, natively and as python_function."""
    folder, expected = written
    features = pd.read_csv(folder / "iris.csv")
    path = folder / f"{serialization_format}-{signed}"
    assert modelpack.pyfunc.load_model(path, trust=True).predict(features).tolist() == expected
    assert modelpack.load_model(path, trust=True).predict(features).tolist() == expected


@pytest.mark.slow
def test_an_untrusted_pickle_is_refused(written: tuple[Path, list[int]]) -> None:
    """A model that MLflow pickled loads only after the caller has trusted it."""
    with pytest.raises(modelpack.ModelpackError, match="would run code"):
        modelpack.pyfunc.load_model(written[0] / "cloudpickle-signed")


@pytest.mark.slow
def test_a_custom_python_model_predicts_the_same(run_mlflow: RunMLflow, tmp_path: Path) -> None:
    """A PythonModel that MLflow pickled loads where MLflow is not installed."""
    run_mlflow(SAVE_PYTHON_MODEL, tmp_path / "model")
    loaded = modelpack.pyfunc.load_model(tmp_path / "model", trust=True)
    assert loaded.predict(pd.DataFrame([range(10)])).equals(pd.DataFrame([range(5, 15)]))

"""MLflow, without modelpack installed, reads what modelpack wrote and predicts the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import modelpack

RunMLflow = Callable[..., Any]

PREDICT = """
import json, sys, mlflow.pyfunc, pandas
data = pandas.read_csv(sys.argv[1])
print(json.dumps({path: mlflow.pyfunc.load_model(path).predict(data).tolist() for path in sys.argv[2:]}))
"""
FORMATS = ["skops", "cloudpickle", "pickle"]
ESTIMATORS = [LogisticRegression(), RandomForestClassifier(5, random_state=0)]


@pytest.fixture(scope="module")
def wine() -> tuple[pd.DataFrame, pd.Series]:
    """The wine data set."""
    features, target = load_wine(return_X_y=True, as_frame=True)
    return features, target


@pytest.fixture
def csv(wine: tuple[pd.DataFrame, pd.Series], tmp_path: Path) -> Path:
    """Its features as a file."""
    path = tmp_path / "wine.csv"
    wine[0].to_csv(path, index=False)
    return path


@pytest.mark.slow
def test_mlflow_predicts_the_same(
    run_mlflow: RunMLflow, wine: tuple[pd.DataFrame, pd.Series], csv: Path, tmp_path: Path
) -> None:
    """`mlflow.pyfunc.load_model` accepts every serialization format, with a signature and an example."""
    features, target = wine
    expected = {}
    for estimator, serialization_format in product(ESTIMATORS, FORMATS):
        pipeline = make_pipeline(StandardScaler(), estimator).fit(features, target)
        path = tmp_path / f"{type(estimator).__name__}-{serialization_format}"
        modelpack.save_model(pipeline, path, input_example=features.head(2), serialization_format=serialization_format)
        expected[str(path)] = pipeline.predict(features).tolist()
    assert run_mlflow(PREDICT, csv, *expected) == expected


@pytest.mark.slow
def test_mlflow_gives_back_the_estimator(
    run_mlflow: RunMLflow, wine: tuple[pd.DataFrame, pd.Series], tmp_path: Path
) -> None:
    """`mlflow.sklearn.load_model` reads the default format."""
    model = LogisticRegression(max_iter=5000).fit(*wine)
    modelpack.save_model(model, tmp_path / "model")
    program = (
        "import json, sys, mlflow.sklearn; print(json.dumps(mlflow.sklearn.load_model(sys.argv[1]).coef_.tolist()))"
    )
    np.testing.assert_array_equal(run_mlflow(program, tmp_path / "model"), model.coef_)


@pytest.mark.slow
def test_mlflow_reads_signature_example_and_time(
    run_mlflow: RunMLflow, wine: tuple[pd.DataFrame, pd.Series], tmp_path: Path
) -> None:
    """The metadata that MLflow shows is what was saved."""
    features, target = wine
    model = LogisticRegression(max_iter=5000).fit(features, target)
    modelpack.save_model(model, tmp_path / "model", input_example=features.head(2), metadata={"owner": "cellar"})
    program = """
import json, sys
from mlflow.models import Model
model = Model.load(sys.argv[1])
example = model.load_input_example(sys.argv[1])
print(json.dumps([model.signature.inputs.input_names(), len(example), model.metadata, str(model.utc_time_created)[:2]]))
"""
    assert run_mlflow(program, tmp_path / "model") == [list(features.columns), 2, {"owner": "cellar"}, "20"]


@pytest.mark.slow
def test_mlflow_loads_a_custom_python_model(run_mlflow: RunMLflow, tmp_path: Path) -> None:
    """The AddN model of a class in `__main__` predicts in MLflow, where modelpack is not installed."""
    script = tmp_path / "save.py"
    script.write_text(
        "import sys, modelpack\n"
        "class AddN(modelpack.pyfunc.PythonModel):\n"
        "    def __init__(self, n):\n"
        "        self.n = n\n"
        "    def predict(self, context, model_input):\n"
        "        return model_input.apply(lambda column: column + self.n)\n"
        "modelpack.pyfunc.save_model(sys.argv[1], python_model=AddN(n=5))\n"
    )
    subprocess.run([sys.executable, script, tmp_path / "model"], check=True)
    program = """
import json, sys, mlflow.pyfunc, pandas
model = mlflow.pyfunc.load_model(sys.argv[1])
print(json.dumps(model.predict(pandas.DataFrame([range(10)])).values.tolist()))
"""
    assert run_mlflow(program, tmp_path / "model") == [list(range(5, 15))]


@pytest.mark.slow
def test_mlflow_lists_a_run_and_loads_its_model(
    run_mlflow: RunMLflow, wine: tuple[pd.DataFrame, pd.Series], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of ours is a run for MLflow's file store, and `runs:/` finds its model."""
    monkeypatch.chdir(tmp_path)
    model = LogisticRegression(max_iter=5000).fit(*wine)
    with modelpack.start_run() as run:
        modelpack.log_model(model, "model")
    program = """
import json, sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
run = mlflow.MlflowClient().get_run(sys.argv[2])
model = mlflow.sklearn.load_model(f"runs:/{sys.argv[2]}/model")
print(json.dumps([run.info.status, type(model).__name__]))
"""
    assert run_mlflow(program, (tmp_path / "mlruns").as_uri(), run.run_id) == ["FINISHED", "LogisticRegression"]

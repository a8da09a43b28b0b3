"""LightGBM models: MLflow reads ours, and we read MLflow's, with the same answers to the bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import pandas as pd
import pytest

import modelpack

RunMLflow = Callable[..., Any]
RunAfresh = Callable[..., Any]

PREDICT = """
import json, sys, mlflow.pyfunc, mlflow.lightgbm, pandas, lightgbm
rows = pandas.read_csv(sys.argv[1])
answers = {}
for path in sys.argv[2:]:
    native = mlflow.lightgbm.load_model(path)
    matrix = rows
    generic = mlflow.pyfunc.load_model(path)
    answers[path] = [native.predict(matrix).tolist(), generic.predict(rows).tolist(), type(native).__name__]
print(json.dumps(answers))
"""

SAVE = """
import json, sys, lightgbm, mlflow.lightgbm, mlflow.pyfunc, pandas
from mlflow.models import infer_signature
rows = pandas.read_csv(sys.argv[1])
target = pandas.cut(rows.sum(axis=1), 3, labels=["few", "some", "many"])
small = {"n_estimators": 3, "num_leaves": 4, "n_jobs": 1, "verbose": -1}
training = {"num_leaves": 4, "num_threads": 1, "verbose": -1}
models = {
    "booster": lightgbm.train(training, lightgbm.Dataset(rows, target.cat.codes), 3),
    "classifier": lightgbm.LGBMClassifier(**small).fit(rows, target),
    "regressor": lightgbm.LGBMRegressor(**small).fit(rows, target.cat.codes),
}
answers = {}
for name, model in models.items():
    for form in ("skops", "cloudpickle", "pickle"):
        for signed in (True, False):
            path = f"{sys.argv[2]}/{name}-{form}-{signed}"
            described = {"signature": infer_signature(rows, model.predict(rows))} if signed else {}
            mlflow.lightgbm.save_model(
                model, path, serialization_format=form, pip_requirements=["lightgbm"], **described
            )
            answers[path] = mlflow.pyfunc.load_model(path).predict(rows).tolist()
print(json.dumps(answers))
"""

READ = """
import json, sys, modelpack, pandas, lightgbm
rows = pandas.read_csv(sys.argv[1])
answers = {}
for path in sys.argv[2:]:
    native = modelpack.load_model(path)
    matrix = rows
    generic = modelpack.pyfunc.load_model(path)
    answers[path] = [native.predict(matrix).tolist(), generic.predict(rows).tolist(), type(native).__name__]
print(json.dumps(answers))
"""


@pytest.mark.slow
def test_models_of_ours_answer_the_same_everywhere(
    run_mlflow: RunMLflow, run_afresh: RunAfresh, csv: Path, tmp_path: Path
) -> None:
    """In a fresh process and in MLflow, natively and as python_function; estimators without a pickle."""
    rows = pd.read_csv(csv)
    target = pd.cut(rows.sum(axis=1), 3, labels=["few", "some", "many"])
    small: dict[str, Any] = {"n_estimators": 3, "num_leaves": 4, "n_jobs": 1, "verbose": -1}
    training = {"num_leaves": 4, "num_threads": 1, "verbose": -1}
    models = {
        "booster": lightgbm.train(training, lightgbm.Dataset(rows, target.cat.codes), 3),
        "classifier": lightgbm.LGBMClassifier(**small).fit(rows, target),
        "regressor": lightgbm.LGBMRegressor(**small).fit(rows, target.cat.codes),
        "ranker": lightgbm.LGBMRanker(**small).fit(rows, target.cat.codes, group=[30, 30]),
    }
    expected = {}
    for name, model in models.items():
        path = tmp_path / name
        modelpack.save_model(model, path, input_example=rows.head(2))
        answer = model.predict(rows).tolist()
        expected[str(path)] = [answer, answer, type(model).__name__]
    assert run_afresh(READ, csv, *expected) == expected
    assert run_mlflow(PREDICT, csv, *expected) == expected


@pytest.mark.slow
def test_models_of_mlflow_answer_the_same_here(run_mlflow: RunMLflow, csv: Path, tmp_path: Path) -> None:
    """Boosters and estimators, in each of MLflow's formats, with and without a signature."""
    rows = pd.read_csv(csv)
    answers = run_mlflow(SAVE, csv, tmp_path)
    assert len(answers) == 18
    for path, expected in answers.items():
        assert modelpack.pyfunc.load_model(path, trust=True).predict(rows).tolist() == expected, path
        assert modelpack.load_model(path, trust=True).predict(rows).tolist() == expected, path


@pytest.mark.slow
def test_a_skops_file_of_mlflow_needs_no_trust(run_mlflow: RunMLflow, csv: Path, tmp_path: Path) -> None:
    """Although it brings a list of types that it calls trusted, which is not looked at; a pickle does need it."""
    run_mlflow(SAVE, csv, tmp_path)
    modelpack.load_model(tmp_path / "classifier-skops-True")
    with pytest.raises(modelpack.ModelpackError, match="would run code"):
        modelpack.load_model(tmp_path / "classifier-pickle-True")

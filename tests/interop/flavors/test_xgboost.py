"""XGBoost models: MLflow reads ours, and we read MLflow's, with the same answers to the bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost

import modelpack

RunMLflow = Callable[..., Any]
RunAfresh = Callable[..., Any]

PREDICT = """
import json, sys, mlflow.pyfunc, mlflow.xgboost, pandas, xgboost
rows = pandas.read_csv(sys.argv[1])
answers = {}
for path in sys.argv[2:]:
    native = mlflow.xgboost.load_model(path)
    matrix = xgboost.DMatrix(rows) if isinstance(native, xgboost.Booster) else rows
    generic = mlflow.pyfunc.load_model(path)
    answers[path] = [native.predict(matrix).tolist(), generic.predict(rows).tolist(), type(native).__name__]
print(json.dumps(answers))
"""

SAVE = """
import json, sys, mlflow.pyfunc, mlflow.xgboost, pandas, xgboost
from mlflow.models import infer_signature
rows = pandas.read_csv(sys.argv[1])
target = pandas.cut(rows.sum(axis=1), 3, labels=False)
params = {"n_estimators": 3, "max_depth": 3, "n_jobs": 1}
models = {
    "booster": xgboost.train({"max_depth": 3}, xgboost.DMatrix(rows, target), 3),
    "classifier": xgboost.XGBClassifier(**params).fit(rows, target),
    "regressor": xgboost.XGBRegressor(**params).fit(rows, target),
    "forest": xgboost.XGBRFClassifier(**params).fit(rows, target),
    "ranker": xgboost.XGBRanker(**params).fit(rows, target, qid=[0] * len(rows)),
}
answers = {}
for name, model in models.items():
    for form in ("ubj", "json", "xgb"):
        path = f"{sys.argv[2]}/{name}-{form}"
        mlflow.xgboost.save_model(model, path, model_format=form, pip_requirements=["xgboost-cpu"])
        answers[path] = mlflow.pyfunc.load_model(path).predict(rows).tolist()
    path = f"{sys.argv[2]}/{name}-signed"
    signature = infer_signature(rows, mlflow.pyfunc.load_model(path.replace("signed", "ubj")).predict(rows))
    mlflow.xgboost.save_model(model, path, signature=signature, pip_requirements=["xgboost-cpu"])
    answers[path] = mlflow.pyfunc.load_model(path).predict(rows).tolist()
print(json.dumps(answers))
"""

READ = """
import json, sys, modelpack, pandas, xgboost
rows = pandas.read_csv(sys.argv[1])
answers = {}
for path in sys.argv[2:]:
    native = modelpack.load_model(path)
    matrix = xgboost.DMatrix(rows) if isinstance(native, xgboost.Booster) else rows
    generic = modelpack.pyfunc.load_model(path)
    answers[path] = [native.predict(matrix).tolist(), generic.predict(rows).tolist(), type(native).__name__]
print(json.dumps(answers))
"""


@pytest.mark.slow
def test_models_of_ours_answer_the_same_everywhere(
    run_mlflow: RunMLflow, run_afresh: RunAfresh, csv: Path, tmp_path: Path
) -> None:
    """In a fresh process and in MLflow, natively and as python_function, in either format."""
    rows = pd.read_csv(csv)
    target = pd.cut(rows.sum(axis=1), 3, labels=False)
    matrix = xgboost.DMatrix(rows, target)
    params: dict[str, Any] = {"n_estimators": 3, "max_depth": 3, "n_jobs": 1}
    models = {
        "booster": xgboost.train({"max_depth": 3}, matrix, 3),
        "dart": xgboost.train({"booster": "dart", "rate_drop": 0.5}, matrix, 3),
        "classifier": xgboost.XGBClassifier(**params).fit(rows, target),
        "regressor": xgboost.XGBRegressor(**params).fit(rows, target),
        "forest": xgboost.XGBRFRegressor(**params).fit(rows, target),
        "ranker": xgboost.XGBRanker(**params).fit(rows, target, qid=[0] * len(rows)),
    }
    expected = {}
    for name, model in models.items():
        answer = model.predict(matrix if isinstance(model, xgboost.Booster) else rows).tolist()
        for form in ("ubj", "json"):
            path = tmp_path / f"{name}-{form}"
            modelpack.save_model(model, path, model_format=form, input_example=rows.head(2))
            expected[str(path)] = [answer, answer, type(model).__name__]
    assert run_afresh(READ, csv, *expected) == expected
    assert run_mlflow(PREDICT, csv, *expected) == expected


@pytest.mark.slow
def test_models_of_mlflow_answer_the_same_here(run_mlflow: RunMLflow, csv: Path, tmp_path: Path) -> None:
    """Every class, in each of MLflow's formats, with and without a signature."""
    rows = pd.read_csv(csv)
    answers = run_mlflow(SAVE, csv, tmp_path)
    assert len(answers) == 20
    for path, expected in answers.items():
        assert modelpack.pyfunc.load_model(path).predict(rows).tolist() == expected, path
        assert type(modelpack.load_model(path)).__module__.startswith("xgboost"), path


@pytest.mark.slow
def test_categories_survive_in_both_directions(run_mlflow: RunMLflow, csv: Path, tmp_path: Path) -> None:
    """What MLflow answers for categories, we answer for the same as text."""
    rows = pd.read_csv(csv)
    rows["town"] = ["Bonn", "Kiel", "Ulm"] * 20
    typed = rows.astype({"town": "category"})
    model = xgboost.XGBRegressor(n_estimators=3, enable_categorical=True).fit(typed, np.arange(60) % 3)
    modelpack.save_model(model, tmp_path / "model")
    program = """
import json, sys, mlflow.xgboost, pandas
model = mlflow.xgboost.load_model(sys.argv[1])
rows = pandas.read_csv(sys.argv[2]).assign(town=["Bonn", "Kiel", "Ulm"] * 20).astype({"town": "category"})
mlflow.xgboost.save_model(model, sys.argv[3], pip_requirements=["xgboost-cpu"])
print(json.dumps(model.predict(rows).tolist()))
"""
    answer = run_mlflow(program, tmp_path / "model", csv, tmp_path / "theirs")
    assert answer == model.predict(typed).tolist()
    for path in ("model", "theirs"):
        assert modelpack.pyfunc.load_model(tmp_path / path).predict(rows).tolist() == answer

"""Write the recorded models with real MLflow: `python record.py` in an environment with mlflow and catboost.

Each directory holds what `mlflow.catboost.save_model` wrote, and `expected.json`: rows, and what MLflow predicted for
them. `mlflow-1` is laid out by hand, as MLflow 1 did it.
"""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import mlflow.catboost
import mlflow.pyfunc
import numpy as np
import pandas as pd
from catboost import CatBoost, CatBoostClassifier, CatBoostRanker, CatBoostRegressor
from mlflow.models import infer_signature

HERE = Path(__file__).parent
QUIET = {"iterations": 3, "depth": 2, "verbose": False, "allow_writing_files": False}
OLD = """\
flavors:
  catboost:
    catboost_version: 1.0.4
    data: model.cb
    model_type: CatBoostRegressor
    save_format: cbm
  python_function:
    data: model.cb
    env: conda.yaml
    loader_module: mlflow.catboost
    python_version: 3.8.8
utc_time_created: '2022-03-02 17:38:26.708004'
"""


def people() -> pd.DataFrame:
    """Numbers and categories."""
    random = np.random.default_rng(0)
    cities = ["Bonn", "Köln", "Ulm", "Trier"] * 10
    return pd.DataFrame({"age": random.normal(size=40), "city": cities, "floor": np.arange(40) % 3})


def record(name: str, model: Any, rows: pd.DataFrame, *, signed: bool = False, **options: Any) -> None:
    """Save one model, and note what MLflow predicts with it."""
    path = fresh(f"mlflow-3-{name}")
    if signed:
        options["signature"] = infer_signature(rows, model.predict(rows))
        options["input_example"] = rows.head(2)
    mlflow.catboost.save_model(model, path, pip_requirements=["catboost"], **options)
    expect(path, rows, mlflow.pyfunc.load_model(str(path)).predict(rows))


def record_old(model: Any, rows: pd.DataFrame) -> None:
    """The layout of MLflow 1: one environment file."""
    path = fresh("mlflow-1")
    path.mkdir()
    model.save_model(path / "model.cb")
    (path / "MLmodel").write_text(OLD, encoding="utf-8")
    (path / "conda.yaml").write_text("name: mlflow-env\ndependencies:\n- python=3.8.8\n", encoding="utf-8")
    expect(path, rows, model.predict(rows))


def fresh(name: str) -> Path:
    """The place of a record, empty."""
    shutil.rmtree(HERE / name, ignore_errors=True)
    return HERE / name


def expect(path: Path, rows: pd.DataFrame, predictions: Any) -> None:
    """Note rows and predictions."""
    expected = {"rows": rows.to_dict(orient="split"), "predictions": predictions.tolist()}
    (path / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


def main() -> None:
    """Write them all."""
    rows = people()
    numbers, few = rows[["age", "floor"]], rows.head(6)
    target, kinds = rows["age"] + rows["floor"], np.where(rows["city"] == "Ulm", "stays", "moves")
    categories = {"cat_features": ["city", "floor"]}
    regressor = CatBoostRegressor(**QUIET).fit(numbers, target)
    classifier = CatBoostClassifier(**QUIET, **categories).fit(rows, kinds)
    ranker = CatBoostRanker(**QUIET).fit(numbers, np.arange(40) % 2, group_id=np.repeat(range(10), 4))
    plain = CatBoost({**QUIET, "loss_function": "Logloss"}).fit(numbers, np.arange(40) % 2)
    record("regressor", regressor, numbers.head(6), signed=True)
    record("classifier", classifier, few, signed=True)
    record("classifier-json", classifier, few, format="json")
    record("ranker", ranker, numbers.head(6))
    record("plain", plain, numbers.head(6))
    record_old(regressor, numbers.head(6))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

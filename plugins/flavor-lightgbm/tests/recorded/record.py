"""Write the recorded models with real MLflow: `python record.py` in an environment with mlflow, lightgbm and skops.

Each directory holds what `mlflow.lightgbm.save_model` wrote, and `expected.json`: rows, and what they were predicted.
The `old` ones are layouts of earlier releases, made of the same files: their conf, and the names of that time.
"""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import lightgbm
import mlflow.lightgbm
import yaml
from mlflow.models import infer_signature
from sklearn.datasets import load_iris

HERE = Path(__file__).parent
ROWS, TARGET = load_iris(return_X_y=True, as_frame=True)
SAMPLE = ROWS.iloc[[0, 60, 120, 149]]
KEEP = {"requirements.txt", "expected.json", "model.lgb", "model.pkl"}


def record(name: str, model: Any, *, signed: bool = False, **options: Any) -> Path:
    """Save one model, and note what it predicts."""
    path = HERE / f"mlflow-3-{name}"
    shutil.rmtree(path, ignore_errors=True)
    if signed:
        options["signature"] = infer_signature(ROWS, model.predict(ROWS))
        options["input_example"] = SAMPLE.head(2)
    mlflow.lightgbm.save_model(model, path, pip_requirements=["lightgbm"], **options)
    expected = {"rows": SAMPLE.to_dict(orient="split"), "predictions": model.predict(SAMPLE).tolist()}
    (path / "expected.json").write_text(json.dumps(expected), encoding="utf-8")
    return path


def age(path: Path, name: str, data: str, **conf: Any) -> None:
    """A copy in the layout of an earlier release: the conf of that time."""
    copy = HERE / f"old-{name}"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(path, copy, ignore=lambda _, names: set(names) - KEEP)
    python_function = {"data": data, "env": "conda.yaml", "loader_module": "mlflow.lightgbm"}
    flavors = {"python_function": {**python_function, "python_version": "3.8.8"}}
    flavors["lightgbm"] = {"data": data, **conf}
    text = {"artifact_path": "model", "flavors": flavors, "utc_time_created": "2021-04-08 15:17:21.890161"}
    (copy / "MLmodel").write_text(yaml.safe_dump(text), encoding="utf-8")


def main() -> None:
    """Write them all."""
    params = {"n_estimators": 2, "num_leaves": 3, "n_jobs": 1, "verbose": -1}
    booster = lightgbm.train({"num_leaves": 3, "num_threads": 1, "verbose": -1}, lightgbm.Dataset(ROWS, TARGET), 2)
    classifier = lightgbm.LGBMClassifier(**params).fit(ROWS, TARGET.map({0: "setosa", 1: "other", 2: "virginica"}))
    text = record("booster", booster)
    record("booster-signed", booster, signed=True)
    record("classifier-skops-signed", classifier, signed=True)
    record("regressor-skops", lightgbm.LGBMRegressor(**params).fit(ROWS, TARGET))
    pickled = record("classifier-cloudpickle", classifier, serialization_format="cloudpickle")
    age(text, "1.14-without-class", "model.lgb", lgb_version="3.2.0")
    age(text, "2.12-booster", "model.lgb", lgb_version="4.3.0", model_class="lightgbm.basic.Booster", code=None)
    age(pickled, "1.28-classifier", "model.pkl", lgb_version="3.3.2", model_class="lightgbm.sklearn.LGBMClassifier")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

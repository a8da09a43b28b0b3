"""Write the recorded models with real MLflow: `python record.py` in an environment with mlflow and xgboost.

Each directory holds what `mlflow.xgboost.save_model` wrote, and `expected.json`: rows, and what they were predicted.
The `old` ones are layouts of earlier releases, made of the same files: their conf, and the names of that time.
"""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import mlflow.xgboost
import xgboost
import yaml
from mlflow.models import infer_signature
from sklearn.datasets import load_iris

HERE = Path(__file__).parent
ROWS, TARGET = load_iris(return_X_y=True, as_frame=True)
SAMPLE = ROWS.iloc[[0, 60, 120, 149]]
KEEP = {"MLmodel", "requirements.txt", "expected.json"}


def record(name: str, model: Any, *, signed: bool = False, **options: Any) -> Path:
    """Save one model, and note what it predicts."""
    path = HERE / f"mlflow-3-{name}"
    shutil.rmtree(path, ignore_errors=True)
    if signed:
        rows = ROWS if isinstance(model, xgboost.XGBModel) else xgboost.DMatrix(ROWS)
        options["signature"] = infer_signature(ROWS, model.predict(rows))
        options["input_example"] = SAMPLE.head(2)
    mlflow.xgboost.save_model(model, path, pip_requirements=["xgboost-cpu"], **options)
    predicted = mlflow.pyfunc.load_model(str(path)).predict(SAMPLE).tolist()
    expected = {"rows": SAMPLE.to_dict(orient="split"), "predictions": predicted}
    (path / "expected.json").write_text(json.dumps(expected), encoding="utf-8")
    return path


def age(path: Path, name: str, **conf: Any) -> None:
    """A copy in the layout of an earlier release: `model.xgb`, and the conf of that time."""
    copy = HERE / f"old-{name}"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(path, copy, ignore=lambda _, names: {each for each in names if each not in KEEP | {"model.ubj"}})
    (copy / "model.ubj").rename(copy / "model.xgb")
    python_function = {"data": "model.xgb", "env": "conda.yaml", "loader_module": "mlflow.xgboost"}
    flavors = {"python_function": {**python_function, "python_version": "3.8.8"}}
    flavors["xgboost"] = {"data": "model.xgb", "xgb_version": "1.2.1", **conf}
    text = {"artifact_path": "model", "flavors": flavors, "utc_time_created": "2021-12-16 07:42:22.236399"}
    (copy / "MLmodel").write_text(yaml.safe_dump(text), encoding="utf-8")


def main() -> None:
    """Write them all."""
    params = {"n_estimators": 2, "max_depth": 2, "n_jobs": 1}
    booster = xgboost.train({"max_depth": 2, "nthread": 1}, xgboost.DMatrix(ROWS, TARGET), 3)
    classifier = xgboost.XGBClassifier(**params).fit(ROWS, TARGET)
    old = record("booster", booster)
    record("booster-json-signed", booster, signed=True, model_format="json")
    kept = record("classifier-signed", classifier, signed=True)
    record("classifier-xgb", classifier, model_format="xgb")
    record("forest", xgboost.XGBRFRegressor(**params).fit(ROWS, TARGET))
    age(old, "1.14-without-class")
    age(kept, "1.28-classifier", code=None, model_class="xgboost.sklearn.XGBClassifier", xgb_version="1.6.2")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

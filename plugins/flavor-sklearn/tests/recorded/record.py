"""Write the recorded models with real MLflow: `python record.py` in an environment with mlflow, scikit-learn and skops.

Each directory holds what `mlflow.sklearn.save_model` wrote, and `expected.json`: rows, and what they were predicted.
"""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import mlflow.sklearn
from mlflow.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
TREE = ["sklearn.tree._tree.Tree"]
ROWS, TARGET = load_iris(return_X_y=True, as_frame=True)
SAMPLE = ROWS.iloc[[0, 60, 120, 149]]


def record(name: str, model: Any, method: str = "predict", *, signed: bool = False, **options: Any) -> None:
    """Save one model, and note what it predicts."""
    path = HERE / f"mlflow-3-{name}"
    shutil.rmtree(path, ignore_errors=True)
    if signed:
        options["signature"] = infer_signature(ROWS, getattr(model, method)(ROWS))
        options["input_example"] = SAMPLE.head(2)
    mlflow.sklearn.save_model(model, path, pip_requirements=["scikit-learn"], pyfunc_predict_fn=method, **options)
    expected = {"rows": SAMPLE.to_dict(orient="split"), "predictions": getattr(model, method)(SAMPLE).tolist()}
    (path / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


def main() -> None:
    """Write them all."""
    linear = make_pipeline(StandardScaler(), LogisticRegression()).fit(ROWS, TARGET)
    forest = RandomForestClassifier(3, max_depth=3, random_state=0).fit(ROWS, TARGET)
    record("skops", linear)
    record("skops-signed", linear, signed=True)
    record("skops-forest", forest, "predict_proba", signed=True, skops_trusted_types=TREE)
    for serialization_format in ("cloudpickle", "pickle"):
        record(serialization_format, linear, serialization_format=serialization_format)
        record(f"{serialization_format}-signed", forest, signed=True, serialization_format=serialization_format)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

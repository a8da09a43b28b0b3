"""Save the pickled estimators as MLflow models: `save_mlflow.py FOLDER…`."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import infer_signature

for name in sys.argv[1:]:
    folder = Path(name)
    model = pickle.loads((folder / "frame.pkl").read_bytes())  # noqa: S301 - written by the benchmark
    frame = pd.read_csv(folder / "rows.csv", nrows=10)
    mlflow.sklearn.save_model(
        model,
        str(folder / "mlflow"),
        signature=infer_signature(frame, model.predict(frame)),
        serialization_format="cloudpickle",
        pip_requirements=["scikit-learn", "cloudpickle"],
    )

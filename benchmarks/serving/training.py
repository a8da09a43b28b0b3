"""The models, trained once and given to every server in the form that it takes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import cloudpickle
import numpy as np
import pandas as pd
from servers import PROGRAMS
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

import modelpack

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 10_000


def train(name: str, folder: Path) -> None:
    """Train a model and write it: pickled for frames and for arrays, packaged, with rows and their predictions."""
    folder.mkdir()
    frame, target, estimator = _problem(name)
    model = estimator.fit(frame, target)
    rows = frame.sample(ROWS, replace=True, random_state=1, ignore_index=True)
    (folder / "frame.pkl").write_bytes(cloudpickle.dumps(model))
    _save(name, model, rows.head(10), folder / "modelpack")
    (folder / "array.pkl").write_bytes(cloudpickle.dumps(estimator.fit(frame.to_numpy(), target)))
    rows.to_csv(folder / "rows.csv", index=False)
    (folder / "expected.json").write_text(json.dumps(_expected(estimator, rows, name)))


def _problem(name: str) -> tuple[Any, Any, Any]:
    if name in ("iris", "slow"):
        frame, target = load_iris(return_X_y=True, as_frame=True)
        return frame, target, _slow() if name == "slow" else LogisticRegression(max_iter=500)
    values = np.random.default_rng(42).normal(size=(2_000, 30))
    frame = pd.DataFrame(values, columns=[f"f{number}" for number in range(30)])
    target = (values[:, 0] + values[:, 1] * values[:, 2] > 0).astype(int)
    forest = RandomForestClassifier(n_estimators=100, n_jobs=1, random_state=0)
    return frame, target, LogisticRegression() if name == "wide" else forest


def _slow() -> Any:
    """The slow model, pickled by value: the servers need not know its module."""
    sys.path.insert(0, str(PROGRAMS))
    import slow_model

    cloudpickle.register_pickle_by_value(slow_model)
    return slow_model.SlowRegression(max_iter=500)


def _expected(model: Any, rows: Any, name: str) -> list[int]:
    expected: list[int] = model.predict(rows.to_numpy()[: 10 if name == "slow" else ROWS]).tolist()
    return expected


def _save(name: str, model: Any, rows: Any, path: Path) -> None:
    signature = modelpack.infer_signature(rows, model.predict(rows))
    options: Any = {"serialization_format": "cloudpickle"} if name == "slow" else {}
    modelpack.save_model(model, path, signature=signature, input_example=rows.head(1), **options)

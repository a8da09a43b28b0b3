"""MLflow, through its public API, with the requirements given so that it need not infer them."""

from __future__ import annotations

import itertools
import logging
import time
from typing import TYPE_CHECKING, Any

import mlflow
from mlflow.models import infer_signature
from workload import compared, iris, run, timed, wide

if TYPE_CHECKING:
    from pathlib import Path

logging.getLogger("mlflow").setLevel(logging.ERROR)
REQUIREMENTS = ["scikit-learn", "cloudpickle"]


def save(folder: Path) -> float:
    """Save with a signature, as a user does: the requirements are inferred."""
    model, frame = iris()
    signature = infer_signature(frame, model.predict(frame))
    number = itertools.count()

    def once() -> None:
        path = folder / f"mlflow-{next(number)}"
        mlflow.sklearn.save_model(model, str(path), signature=signature, serialization_format="cloudpickle")

    return timed(once, repeat=2, warm=1)


def save_given(folder: Path) -> float:
    """Save with a signature and the requirements given."""
    model, frame = iris()
    signature = infer_signature(frame, model.predict(frame))
    number = itertools.count()
    return timed(lambda: _save(model, folder / f"mlflow-{next(number)}", signature), repeat=50)


def load(folder: Path) -> float:
    """Load as a python_function."""
    path = _saved(folder, *iris(), signed=True)
    return timed(lambda: mlflow.pyfunc.load_model(str(path)), repeat=50)


def predict(folder: Path, model: Any, frame: Any, rows: int, *, signed: bool) -> dict[str, float]:
    """Predict through the loaded python_function, beside the estimator itself."""
    loaded = mlflow.pyfunc.load_model(str(_saved(folder, model, frame, signed=signed)))
    data = frame.head(rows)
    repeat = 2_000 if rows == 1 else 200
    return compared(lambda: loaded.predict(data), lambda: model.predict(data), repeat=repeat)


def csv(folder: Path) -> float:
    """What `mlflow models predict` does with a CSV file, without the start of its process."""
    from mlflow.pyfunc.scoring_server import _predict

    path = _saved(folder, *wide(), signed=True)
    return timed(
        lambda: _predict(str(path), str(folder / "million.csv"), str(folder / "mlflow.json"), "csv"), repeat=1, warm=0
    )


def _saved(folder: Path, model: Any, frame: Any, *, signed: bool) -> Path:
    path = folder / f"mlflow-{'signed' if signed else 'plain'}-{time.perf_counter_ns()}"
    _save(model, path, infer_signature(frame, model.predict(frame)) if signed else None)
    return path


def _save(model: Any, path: Path, signature: Any) -> None:
    mlflow.sklearn.save_model(
        model, str(path), signature=signature, serialization_format="cloudpickle", pip_requirements=REQUIREMENTS
    )


TASKS = {
    "save": save,
    "save_given": save_given,
    "load": load,
    "predict_1": lambda folder: predict(folder, *iris(), 1, signed=False),
    "predict_1_signed": lambda folder: predict(folder, *iris(), 1, signed=True),
    "predict_10k": lambda folder: predict(folder, *wide(), 10_000, signed=False),
    "predict_10k_signed": lambda folder: predict(folder, *wide(), 10_000, signed=True),
    "csv": csv,
}

if __name__ == "__main__":
    run(TASKS)

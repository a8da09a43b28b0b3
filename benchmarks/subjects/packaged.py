"""modelpack, through its public API."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

from workload import compared, iris, run, timed, wide

import modelpack

if TYPE_CHECKING:
    from pathlib import Path


def save(folder: Path) -> float:
    """Save with a signature, every file written."""
    model, frame = iris()
    signature = modelpack.infer_signature(frame, model.predict(frame))
    number = itertools.count()

    def once() -> None:
        path = folder / f"packaged-{next(number)}"
        modelpack.save_model(model, path, signature=signature, serialization_format="cloudpickle")

    return timed(once, repeat=50)


def save_default(folder: Path) -> float:
    """The same in the default format, skops."""
    model, frame = iris()
    signature = modelpack.infer_signature(frame, model.predict(frame))
    number = itertools.count()
    return timed(lambda: modelpack.save_model(model, folder / f"skops-{next(number)}", signature=signature), repeat=50)


def load(folder: Path) -> float:
    """Load as a python_function, verified."""
    path = _saved(folder, *iris(), signed=True)
    return timed(lambda: modelpack.pyfunc.load_model(path), repeat=200)


def predict(folder: Path, model: Any, frame: Any, rows: int, *, signed: bool) -> dict[str, float]:
    """Predict through the loaded python_function, beside the estimator itself."""
    loaded = modelpack.pyfunc.load_model(_saved(folder, model, frame, signed=signed))
    data = frame.head(rows)
    repeat = 2_000 if rows == 1 else 200
    return compared(lambda: loaded.predict(data), lambda: model.predict(data), repeat=repeat)


def csv(folder: Path) -> float:
    """Score a million rows in chunks, as `modelpack predict` does."""
    from modelpack.batch.scoring import score_file

    path = _saved(folder, *wide(), signed=True)
    loaded = modelpack.pyfunc.load_model(path)
    return timed(
        lambda: score_file(loaded, folder / "million.csv", folder / f"packaged-{time.perf_counter_ns()}.csv"),
        repeat=1,
        warm=0,
    )


def _saved(folder: Path, model: Any, frame: Any, *, signed: bool) -> Path:
    path = folder / f"packaged-{'signed' if signed else 'plain'}-{time.perf_counter_ns()}"
    signature = modelpack.infer_signature(frame, model.predict(frame)) if signed else None
    modelpack.save_model(model, path, signature=signature, serialization_format="cloudpickle")
    return path


TASKS = {
    "save": save,
    "save_default": save_default,
    "load": load,
    "predict_1": lambda folder: predict(folder, *iris(), 1, signed=False),
    "predict_1_signed": lambda folder: predict(folder, *iris(), 1, signed=True),
    "predict_10k": lambda folder: predict(folder, *wide(), 10_000, signed=False),
    "predict_10k_signed": lambda folder: predict(folder, *wide(), 10_000, signed=True),
    "csv": csv,
}

if __name__ == "__main__":
    run(TASKS)

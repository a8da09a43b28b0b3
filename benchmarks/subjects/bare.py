"""The bare library, as a careful person would write it by hand."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import cloudpickle
from workload import iris, run, timed, wide

if TYPE_CHECKING:
    from pathlib import Path


def save(folder: Path) -> float:
    """Pickle the estimator and write a description beside it."""
    model, frame = iris()
    number = itertools.count()

    def once() -> None:
        path = folder / f"bare-{next(number)}"
        path.mkdir()
        (path / "model.pkl").write_bytes(cloudpickle.dumps(model))
        (path / "model.json").write_text(json.dumps({"columns": list(frame.columns)}))

    return timed(once, repeat=50)


def load(folder: Path) -> float:
    """Unpickle the estimator."""
    model, _ = iris()
    path = folder / "bare.pkl"
    path.write_bytes(cloudpickle.dumps(model))
    return timed(lambda: cloudpickle.loads(path.read_bytes()), repeat=200)


def predict_1(_: Path) -> float:
    """One row."""
    model, frame = iris()
    row = frame.head(1)
    return timed(lambda: model.predict(row), repeat=2_000, warm=50)


def predict_10k(_: Path) -> float:
    """Ten thousand rows."""
    model, frame = wide()
    return timed(lambda: model.predict(frame), repeat=200)


def csv(folder: Path) -> float:
    """A million rows in chunks: read, predict, write."""
    import pandas as pd

    model, _ = wide()

    def once() -> None:
        with (folder / "bare.csv").open("w") as out:
            for chunk in pd.read_csv(folder / "million.csv", chunksize=100_000):
                pd.DataFrame({"predictions": model.predict(chunk)}).to_csv(out, index=False)

    return timed(once, repeat=1, warm=0)


TASKS = {
    "save": save,
    "load": load,
    "predict_1": predict_1,
    "predict_1_signed": predict_1,
    "predict_10k": predict_10k,
    "predict_10k_signed": predict_10k,
    "csv": csv,
}

if __name__ == "__main__":
    run(TASKS)

"""Measure one flavor in this environment: `measure.py modelpack|mlflow FLAVOR DIRECTORY`; prints JSON.

Save and load are medians of several calls in one process after one that does not count, so that imports are not in
them. Predictions go through the loaded `python_function`, beside what the library does by itself, interleaved.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from subjects import SUBJECTS, frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from subjects import Subject

REPEAT = {1: 300, 10_000: 15}
SECONDS = 1.0
"""A comparison that takes longer is cut short."""


def main() -> None:
    """Measure and print."""
    package, name, folder = sys.argv[1:]
    warnings.simplefilter("ignore")
    subject = SUBJECTS[name]
    model, data = subject.build(), frame().to_numpy("float32") if subject.of_arrays else frame()
    answer = subject.predict(model, data[:5])
    answer = answer if subject.of_arrays else pd.DataFrame(answer)
    save, load = {"modelpack": _modelpack, "mlflow": _mlflow}[package](name, subject, data[:5], answer)
    path = Path(folder) / "model"
    save(model, path)
    found: dict[str, float] = {
        "save": _median(lambda: save(model, Path(folder) / f"model-{time.perf_counter_ns()}"), 5),
        "load": _median(lambda: load(path), 5),
        "bytes": sum(file.stat().st_size for file in path.rglob("*") if file.is_file()),
    }
    loaded = load(path)
    for rows in REPEAT:
        found |= _compared(data[:rows], loaded.predict, lambda some: subject.predict(model, some))
    print(json.dumps(found))


def _modelpack(name: str, subject: Subject, data: Any, answer: Any) -> tuple[Any, Any]:
    import modelpack

    signature = modelpack.infer_signature(data, answer)

    def save(model: Any, path: Path) -> None:
        modelpack.save_model(model, path, flavor=name, signature=signature, **_options(subject, data))

    return save, modelpack.pyfunc.load_model


def _mlflow(name: str, subject: Subject, data: Any, answer: Any) -> tuple[Any, Any]:
    import mlflow.pyfunc
    from mlflow.models import infer_signature

    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    module = importlib.import_module(f"mlflow.{name}")
    signature = infer_signature(data, answer)

    def save(model: Any, path: Path) -> None:
        requirements = ["pandas"]  # given, so that MLflow need not infer them, which takes it seconds
        options = _options(subject, data)
        module.save_model(model, str(path), signature=signature, pip_requirements=requirements, **options)

    return save, lambda path: mlflow.pyfunc.load_model(str(path))


def _options(subject: Subject, data: Any) -> dict[str, Any]:
    return {**dict(subject.options), **({"input_example": data[:2]} if subject.needs_example else {})}


def _median(call: Callable[[], object], repeat: int) -> float:
    call()
    return statistics.median(_seconds(call) for _ in range(repeat))


def _compared(data: Any, predict: Callable[[Any], object], native: Callable[[Any], object]) -> dict[str, float]:
    rows = len(data)
    for _ in range(3):
        predict(data)
        native(data)
    times: list[tuple[float, float]] = []
    end = time.perf_counter() + SECONDS
    while len(times) < REPEAT[rows] and (not times or time.perf_counter() < end):
        times.append((_seconds(lambda: predict(data)), _seconds(lambda: native(data))))
    wrapped, bare = (statistics.median(column) for column in zip(*times, strict=True))
    return {f"predict_{rows}": wrapped, f"bare_{rows}": bare}


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()

"""Write the recorded models with real MLflow: `KERAS_BACKEND=jax python record.py` where mlflow and keras are.

Each directory holds what `mlflow.keras.save_model` wrote, and `expected.json`: inputs, and what they were predicted.
"""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import keras
import mlflow.keras
import numpy as np
from mlflow.models import infer_signature

HERE = Path(__file__).parent
NUMBERS = np.random.default_rng(0)


def record(name: str, model: Any, inputs: Any, **options: Any) -> None:
    """Save one model, and note what it predicts."""
    path = HERE / f"mlflow-3-{name}"
    shutil.rmtree(path, ignore_errors=True)
    predicted = model.predict(inputs, verbose=0)
    if options.pop("signed", True):
        options["signature"] = infer_signature(inputs, predicted)
    mlflow.keras.save_model(model, str(path), pip_requirements=["keras"], **options)
    expected = {"inputs": _listed(inputs), "predictions": _listed(predicted)}
    (path / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


def _listed(value: Any) -> Any:
    return {name: _listed(part) for name, part in value.items()} if isinstance(value, dict) else value.tolist()


def main() -> None:
    """Write them all."""
    keras.utils.set_random_seed(0)
    rows = NUMBERS.normal(size=(3, 4)).astype("float32")
    dense = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    dense.compile("sgd", "mse")
    record("sequential", dense, rows)
    record("unsigned", dense, rows, signed=False)
    area, rooms = keras.Input((3,), name="area"), keras.Input((1,), name="rooms")
    hidden = keras.layers.Concatenate()([area, rooms])
    outputs = {"price": keras.layers.Dense(1)(hidden), "kind": keras.layers.Dense(2)(hidden)}
    record("functional", keras.Model([area, rooms], outputs), {"area": rows[:, :3], "rooms": rows[:, 3:]})
    steps = keras.Sequential([keras.Input((5, 2)), keras.layers.GRU(2), keras.layers.Dense(1)])
    record("recurrent", steps, NUMBERS.normal(size=(3, 5, 2)).astype("float32"))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

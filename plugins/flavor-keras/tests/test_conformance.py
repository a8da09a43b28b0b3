"""The conformance kit of modelpack, for Keras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from modelpack.testing import FlavorCase, FlavorTests, RecordedModel

RECORDED = Path(__file__).parent / "recorded"


def frame() -> pd.DataFrame:
    """Four columns of numbers, under an index of its own."""
    rows = np.random.default_rng(0).normal(size=(9, 4))
    return pd.DataFrame(rows, columns=["a", "b", "c", "d"], index=range(100, 109))


def dense() -> Any:
    """A classifier, compiled."""
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(6, activation="relu"), keras.layers.Dense(3, activation="softmax")]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def parts() -> dict[str, Any]:
    """Arrays by the names of the inputs."""
    numbers = np.random.default_rng(1)
    return {
        "area": numbers.normal(size=(6, 3)).astype("float32"),
        "rooms": numbers.normal(size=(6, 1)).astype("float32"),
    }


def functional() -> Any:
    """Two inputs and two outputs, with operations on tensors between them."""
    import keras

    keras.utils.set_random_seed(0)
    area, rooms = keras.Input((3,), name="area"), keras.Input((1,), name="rooms")
    hidden = keras.layers.Dense(4, activation="tanh", kernel_regularizer="l2")(area) * 2 + rooms
    outputs = {"price": keras.layers.Dense(1)(hidden), "kind": keras.layers.Dense(2)(hidden[:, :2])}
    return keras.Model({"area": area, "rooms": rooms}, outputs)


def series() -> Any:
    """Five steps of three measures."""
    return np.random.default_rng(2).normal(size=(6, 5, 3)).astype("float32")


def recurrent() -> Any:
    """A bidirectional LSTM."""
    import keras

    keras.utils.set_random_seed(0)
    steps = keras.layers.Bidirectional(keras.layers.LSTM(4))
    return keras.Sequential([keras.Input((5, 3)), steps, keras.layers.Dropout(0.5), keras.layers.Dense(1)])


def with_lambda() -> Any:
    """A layer that is Python code."""
    import keras

    keras.utils.set_random_seed(0)
    twice = keras.layers.Lambda(lambda x: x * 2, output_shape=(4,))
    return keras.Sequential([keras.Input((4,)), twice, keras.layers.Dense(1)])


def predict(model: Any, data: Any) -> Any:
    """What Keras answers; for a frame, as a frame under its index (S73)."""
    if not hasattr(data, "columns"):
        return model.predict(data, verbose=0)
    return pd.DataFrame(model.predict(data.to_numpy(), verbose=0), index=data.index)


def recorded(path: Path) -> RecordedModel:
    """A model that MLflow wrote, with what it predicted there."""
    told = json.loads((path / "expected.json").read_text(encoding="utf-8"))
    inputs, expected = (_arrays(told[key]) for key in ("inputs", "predictions"))
    return RecordedModel(name=path.name, path=path, inputs=inputs, expected=expected, tolerance=1e-6)


def _arrays(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _arrays(part) for name, part in value.items()}
    return np.asarray(value, dtype="float32")


class TestKeras(FlavorTests):
    """The flavor does what every flavor does; a matrix has no names for its columns."""

    flavor = "keras"
    library = "keras"
    distribution = "keras"
    knows_columns = False
    cases = (
        FlavorCase(name="dense on a frame", build=dense, inputs=frame, predict=predict, tolerance=1e-6),
        FlavorCase(name="functional on arrays", build=functional, inputs=parts, predict=predict, tolerance=1e-6),
        FlavorCase(name="recurrent on an array", build=recurrent, inputs=series, predict=predict, tolerance=1e-6),
        FlavorCase(
            name="lambda on a frame",
            build=with_lambda,
            inputs=frame,
            predict=predict,
            tolerance=1e-6,
            executes_code=True,
        ),
    )
    wrong_models = (object(), "a text", {"a": "mapping"}, 42, dict)
    recorded_models = tuple(recorded(path.parent) for path in sorted(RECORDED.glob("mlflow-3-*/MLmodel")))

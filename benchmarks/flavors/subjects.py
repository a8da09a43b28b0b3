"""One small model of each library, its input, and how the library itself predicts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH = 30
TREES = 100
HIDDEN = 64
ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Subject:
    """A model to save, load and predict with.

    Attributes:
        build: Makes and trains it.
        predict: What its library does with the data.
        options: What `save_model` is given in either package.
        of_arrays: Whether the data is an array of single floats, and no frame: MLflow takes nothing else.
        needs_example: Whether it is also given an input example, by which the format is chosen.
    """

    build: Callable[[], Any]
    predict: Callable[[Any, Any], Any]
    options: tuple[tuple[str, Any], ...] = ()
    of_arrays: bool = False
    needs_example: bool = False


def frame() -> pd.DataFrame:
    """Ten thousand rows of thirty normal columns."""
    values = np.random.default_rng(0).normal(size=(ROWS, WIDTH))
    return pd.DataFrame(values, columns=[f"f{number}" for number in range(WIDTH)])


def target() -> Any:
    """Which rows have a positive sum."""
    return (frame().sum(axis=1) > 0).astype(int).to_numpy()


def _sklearn() -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(TREES, max_depth=8, random_state=0, n_jobs=1).fit(frame(), target())


def _xgboost() -> Any:
    import xgboost

    return xgboost.XGBClassifier(n_estimators=TREES, max_depth=6, n_jobs=1).fit(frame(), target())


def _lightgbm() -> Any:
    import lightgbm

    return lightgbm.train(
        {"objective": "binary", "num_threads": 1, "verbosity": -1}, lightgbm.Dataset(frame(), target()), TREES
    )


def _catboost() -> Any:
    import catboost

    model = catboost.CatBoostClassifier(iterations=TREES, thread_count=1, allow_writing_files=False, verbose=False)
    return model.fit(frame(), target())


def _onnx() -> Any:
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(1)
    weights = [random.normal(size=shape).astype("float32") for shape in ((WIDTH, HIDDEN), (HIDDEN, 1))]
    nodes = [
        helper.make_node("MatMul", ["x", "first"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "second"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 1])],
        [numpy_helper.from_array(array, name) for array, name in zip(weights, ("first", "second"), strict=True)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _predict_onnx(model: Any, data: pd.DataFrame) -> Any:
    return _session(model).run(None, {"x": data.to_numpy("float32")})[0]


_SESSIONS: dict[int, Any] = {}


def _session(model: Any) -> Any:
    import onnxruntime

    if id(model) not in _SESSIONS:
        providers = ["CPUExecutionProvider"]
        _SESSIONS[id(model)] = onnxruntime.InferenceSession(model.SerializeToString(), providers=providers)
    return _SESSIONS[id(model)]


def _pytorch() -> Any:
    import torch

    torch.manual_seed(0)
    layers = [torch.nn.Linear(WIDTH, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 1)]
    return torch.nn.Sequential(*layers).eval()


def _predict_pytorch(model: Any, data: Any) -> Any:
    import torch

    with torch.inference_mode():
        return model(torch.from_numpy(data)).numpy()


def _keras() -> Any:
    import keras

    layers = [keras.layers.Dense(HIDDEN, activation="relu"), keras.layers.Dense(1)]
    return keras.Sequential([keras.Input((WIDTH,)), *layers])


def _predict_keras(model: Any, data: Any) -> Any:
    return model.predict_on_batch(data)


def _tensorflow() -> Any:
    import tensorflow as tf

    class Network(tf.Module):  # type: ignore[misc]  # TensorFlow ships no types
        def __init__(self) -> None:
            super().__init__()
            random = np.random.default_rng(1)
            self.first = tf.Variable(random.normal(size=(WIDTH, HIDDEN)).astype("float32"))
            self.second = tf.Variable(random.normal(size=(HIDDEN, 1)).astype("float32"))

        @tf.function(input_signature=[tf.TensorSpec([None, WIDTH], tf.float32, name="x")])  # type: ignore[untyped-decorator]
        def __call__(self, x: Any) -> Any:
            return tf.matmul(tf.nn.relu(tf.matmul(x, self.first)), self.second)

    return Network()


def _predict_tensorflow(model: Any, data: Any) -> Any:
    import tensorflow as tf

    return model(tf.constant(data)).numpy()


def _plain(model: Any, data: pd.DataFrame) -> Any:
    return model.predict(data)


SUBJECTS = {
    "sklearn": Subject(_sklearn, _plain, (("serialization_format", "cloudpickle"),)),
    "xgboost": Subject(_xgboost, _plain),
    "lightgbm": Subject(_lightgbm, _plain),
    "catboost": Subject(_catboost, _plain),
    "onnx": Subject(_onnx, _predict_onnx),
    "pytorch": Subject(_pytorch, _predict_pytorch, of_arrays=True, needs_example=True),
    "keras": Subject(_keras, _predict_keras, of_arrays=True),
    "tensorflow": Subject(_tensorflow, _predict_tensorflow, of_arrays=True),
}

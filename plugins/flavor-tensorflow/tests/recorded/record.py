"""Write the recorded models: `python record.py` in an environment with mlflow and TensorFlow.

Those named `mlflow-3-…` are what `mlflow.tensorflow.save_model` wrote. The others are put together by hand with the
files and keys of older releases: `mlflow-0-…` and `mlflow-1-…` with the directory of a SavedModel, its tags and its
signature, `mlflow-2-…` with a Keras model in the formats of Keras 2. Each has an `expected.json`: inputs, and what
TensorFlow itself predicted.
"""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import keras
import mlflow.tensorflow
import numpy as np
import tensorflow as tf
import yaml
from mlflow.models import infer_signature

HERE = Path(__file__).parent
ROWS = np.array([[1.0, 2.0], [3.0, -4.0], [0.5, 0.25]], dtype="float32")


class Line(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
    """A linear function of two numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = tf.Variable([[2.0], [-1.0]])

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])  # type: ignore[untyped-decorator]
    def __call__(self, x: Any) -> Any:
        """The values of some rows."""
        return x @ self.weights

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec([None], tf.float32, name="first"), tf.TensorSpec([None], tf.string, name="unit")]
    )
    def label(self, first: Any, unit: Any) -> Any:
        """Twice a number, and its text."""
        double = first * self.weights[0, 0]
        return {"double": double, "text": tf.strings.join([tf.strings.as_string(double, precision=1), unit])}


def expect(path: Path, inputs: Any, predictions: Any) -> None:
    """Note what a model predicted."""
    told = {"inputs": inputs, "predictions": predictions}
    (path / "expected.json").write_text(json.dumps(told) + "\n", encoding="utf-8")


def fresh(name: str) -> Path:
    """The place for a model that is written anew."""
    shutil.rmtree(HERE / name, ignore_errors=True)
    return HERE / name


def record(name: str, model: Any, predictions: Any, **options: Any) -> None:
    """Let MLflow save a model."""
    path = fresh(f"mlflow-3-{name}")
    mlflow.tensorflow.save_model(model, path, pip_requirements=["tensorflow"], **options)
    expect(path, ROWS.tolist(), predictions)


def by_hand(name: str, flavor: dict[str, Any], **generic: Any) -> Path:
    """Write an `MLmodel` as an older MLflow did."""
    path = fresh(name)
    path.mkdir()
    loader = {"loader_module": "mlflow.tensorflow", "python_version": "3.9.7", **generic}
    flavors = {"tensorflow": flavor, "python_function": loader}
    content = {"flavors": flavors, "utc_time_created": "2022-07-05 10:00:12.123464"}
    (path / "MLmodel").write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def of_tensorflow_1(name: str) -> None:
    """A graph of TensorFlow 1, without objects, as a session saves it."""
    keys = {"saved_model_dir": "tfmodel", "meta_graph_tags": ["serve"], "signature_def_key": "predict"}
    path = by_hand(name, keys)
    compat = tf.compat.v1
    with tf.Graph().as_default(), compat.Session() as session:
        x = compat.placeholder(tf.float32, [None], name="x")
        y = compat.placeholder(tf.float32, [None], name="y")
        weight = compat.get_variable("weight", initializer=3.0, use_resource=False)
        session.run(compat.global_variables_initializer())
        signature = compat.saved_model.build_signature_def(
            {name: compat.saved_model.build_tensor_info(tensor) for name, tensor in {"x": x, "y": y}.items()},
            {"sum": compat.saved_model.build_tensor_info(weight * x + y)},
            "tensorflow/serving/predict",
        )
        builder = compat.saved_model.Builder(str(path / "tfmodel"))
        builder.add_meta_graph_and_variables(session, ["serve"], {"predict": signature})
        builder.save()
    expect(path, {"x": [1.0, 2.0], "y": [0.5, -1.0]}, {"sum": [3.5, 5.0]})


def main() -> None:
    """Write them all."""
    line = Line()
    values = line(ROWS).numpy()
    record("module", line, values.tolist())
    record("module-signed", line, values.tolist(), signature=infer_signature(ROWS, values), input_example=ROWS)
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1)])
    predicted = network.predict(ROWS, verbose=0)
    record("keras", network, predicted.tolist())
    record("keras-signed", network, predicted.tolist(), signature=infer_signature(ROWS, predicted))

    h5 = by_hand(
        "mlflow-2-keras-h5",
        {"data": "data", "model_type": "keras", "keras_version": "2.12.0", "save_format": "h5", "code": None},
        data="data",
    )
    (h5 / "data").mkdir()
    network.save(h5 / "data" / "model.h5")
    expect(h5, ROWS.tolist(), predicted.tolist())

    exported = by_hand(
        "mlflow-2-keras-tf",
        {"data": "data", "model_type": "keras", "keras_version": "2.12.0", "save_format": "tf", "code": None},
        data="data",
    )
    network.export(str(exported / "data" / "model"), verbose=False)
    expect(exported, ROWS.tolist(), predicted.tolist())

    keyed = by_hand(
        "mlflow-1-signature",
        {"saved_model_dir": "tfmodel", "meta_graph_tags": ["serve"], "signature_def_key": "label", "code": None},
        env="conda.yaml",
    )
    tf.saved_model.save(line, str(keyed / "tfmodel"), signatures={"label": line.label})
    expect(keyed, {"first": [1.0, 2.0], "unit": ["m", "é"]}, {"double": [2.0, 4.0], "text": ["2.0m", "4.0é"]})
    of_tensorflow_1("mlflow-0-session")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

"""The conformance kit of modelpack, for TensorFlow."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from modelpack.testing import FlavorCase, FlavorTests, RecordedModel

RECORDED = Path(__file__).parent / "recorded"
CITIES = ["Bonn", "Köln", "Ulm"]


def restored(module: Any, **signatures: Any) -> Any:
    """A module as TensorFlow restores it: what loading a model gives, too."""
    import tensorflow as tf

    directory = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, directory)  # until then the object refers to its assets there
    tf.saved_model.save(module, directory, signatures=signatures or None)
    return tf.saved_model.load(directory)


def network() -> Any:
    """Two layers, called with one matrix."""
    import tensorflow as tf

    module = tf.Module()
    module.first = tf.Variable(tf.random.stateless_normal([3, 4], seed=(1, 2)))
    module.second = tf.Variable(tf.random.stateless_normal([4, 1], seed=(3, 4)))

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="rows")])  # type: ignore[untyped-decorator]
    def call(rows: Any) -> Any:
        return tf.nn.relu(rows @ module.first) @ module.second

    module.__call__ = call
    return restored(module)


def towns() -> Any:
    """A table of words, and two outputs, by a signature."""
    import tensorflow as tf

    module = tf.Module()
    numbers = tf.range(len(CITIES), dtype=tf.int64)
    module.table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(CITIES, numbers), default_value=-1)
    module.rent = tf.Variable([10.0, 12.0, 8.0])

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[
            tf.TensorSpec([None], tf.string, name="city"),
            tf.TensorSpec([None, 1], tf.float32, name="area"),
        ]
    )
    def price(city: Any, area: Any) -> Any:
        number = module.table.lookup(city)
        return {"number": number, "rent": tf.gather(module.rent, tf.maximum(number, 0)) * area[:, 0]}

    module.price = price
    return restored(module, price=price)


def pair() -> Any:
    """Two matrices by name, and two outputs of several columns."""
    import tensorflow as tf

    module = tf.Module()

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[
            tf.TensorSpec([None, 2], tf.float32, name="left"),
            tf.TensorSpec([None, 3], tf.int64, name="right"),
        ]
    )
    def serve(left: Any, right: Any) -> Any:
        return {"both": tf.concat([left, tf.cast(right, tf.float32)], axis=1), "right": right * 2}

    module.serve = serve
    return restored(module, serving_default=serve)


def matrix() -> Any:
    """Rows without names."""
    return np.random.default_rng(0).normal(size=(6, 3)).astype("float32")


def frame() -> Any:
    """The same rows with names, as doubles."""
    return pd.DataFrame(matrix().astype("float64"), columns=["a", "b", "c"])


def flats() -> Any:
    """Text and numbers."""
    return pd.DataFrame({"area": [20.0, 55.5, 71.0, 33.0], "city": [*CITIES, "Aachen"]})


def matrices() -> Any:
    """An array for each of two inputs."""
    return {"left": matrix()[:, :2], "right": np.arange(18).reshape(6, 3)}


def call(model: Any, rows: Any) -> Any:
    """What the object answers for a matrix."""
    import tensorflow as tf

    return model(tf.constant(np.asarray(rows), tf.float32)).numpy()


def price(model: Any, rows: Any) -> Any:
    """What the signature answers for columns, as a frame."""
    import tensorflow as tf

    city = tf.constant(rows["city"].tolist())
    area = tf.constant(rows[["area"]].to_numpy(), tf.float32)
    answer = model.signatures["price"](city=city, area=area)
    return pd.DataFrame({name: answer[name].numpy() for name in ("number", "rent")})


def serve(model: Any, rows: Any) -> Any:
    """What the signature answers for arrays."""
    import tensorflow as tf

    tensors = {name: tf.constant(array) for name, array in rows.items()}
    answer = model.signatures["serving_default"](**tensors)
    return {name: answer[name].numpy() for name in sorted(answer)}  # a SavedModel keeps no order


def recorded(path: Path) -> RecordedModel:
    """A model as some release of MLflow wrote it, with what TensorFlow predicted there."""
    told = json.loads((path / "expected.json").read_text(encoding="utf-8"))
    inputs, expected = told["inputs"], told["predictions"]
    data = pd.DataFrame(inputs) if isinstance(inputs, dict) else np.array(inputs, dtype="float32")
    wanted = pd.DataFrame(expected) if isinstance(expected, dict) else expected
    return RecordedModel(name=path.name, path=path, inputs=data, expected=wanted, tolerance=1e-6)


class TestTensorflow(FlavorTests):
    """The flavor does what every flavor does, with functions that take one matrix: its columns have no names."""

    flavor = "tensorflow"
    library = "tensorflow"
    distribution = "tensorflow-cpu"
    knows_columns = False
    cases = (
        FlavorCase(name="call with an array", build=network, inputs=matrix, predict=call, tolerance=1e-6),
        FlavorCase(name="call with a frame", build=network, inputs=frame, predict=call, tolerance=1e-6),
    )
    wrong_models = (object(), "a text", {"a": "mapping"}, 42, dict)
    recorded_models = tuple(recorded(path.parent) for path in sorted(RECORDED.glob("*/MLmodel")))


class TestTensorflowByName(FlavorTests):
    """The same with functions that take a tensor for each name."""

    flavor = "tensorflow"
    library = "tensorflow"
    distribution = "tensorflow-cpu"
    cases = (
        FlavorCase(name="signature with text", build=towns, inputs=flats, predict=price, tolerance=1e-6),
        FlavorCase(name="signature with arrays", build=pair, inputs=matrices, predict=serve, tolerance=1e-6),
    )
    wrong_models = TestTensorflow.wrong_models

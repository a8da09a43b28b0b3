"""TensorFlow models between real MLflow and modelpack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import modelpack

RunMLflow = Callable[..., Any]
RunAfresh = Callable[..., Any]
ROWS = np.array([[1.0, 2.0], [3.0, -4.0], [0.5, 0.25]], dtype="float32")
LABELS = pd.DataFrame({"first": [1.0, 2.5], "unit": ["m", "é"]})

READ = """
import json, sys, mlflow, numpy
import tensorflow as tf
called, signed, rows = sys.argv[1], sys.argv[2], numpy.array(json.loads(sys.argv[3]), dtype="float32")
native, generic = mlflow.tensorflow.load_model(called), mlflow.pyfunc.load_model(called)
infer, keyed = mlflow.tensorflow.load_model(signed), mlflow.pyfunc.load_model(signed)
# MLflow makes doubles of a frame's columns, which no float32 graph takes
arrays = {"first": numpy.array([1.0, 2.5], dtype="float32"), "unit": numpy.array(["m", "é"])}
print(json.dumps({
    "native": native(tf.constant(rows)).numpy().tolist(),
    "generic": generic.predict(rows).tolist(),
    "infer": infer(first=tf.constant([1.0, 2.5]), unit=tf.constant(["m", "é"]))["double"].numpy().tolist(),
    "keyed": keyed.predict(arrays)["double"],
}))
"""
WRITE = """
import json, sys, keras, mlflow, numpy
import tensorflow as tf
from mlflow.models import infer_signature
rows = numpy.array(json.loads(sys.argv[2]), dtype="float32")
class Line(tf.Module):
    def __init__(self):
        super().__init__()
        self.weights = tf.Variable([[2.0], [-1.0]])
    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def __call__(self, x):
        return x @ self.weights
network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)])
answers = {}
for name, model in {"module": Line(), "keras": network}.items():
    values = numpy.array(model(rows))
    signature = infer_signature(rows, values)
    mlflow.tensorflow.save_model(model, f"{sys.argv[1]}/{name}", signature=signature, pip_requirements=["tensorflow"])
    answers[name] = mlflow.pyfunc.load_model(f"{sys.argv[1]}/{name}").predict(rows).tolist()
print(json.dumps(answers))
"""
FRESH = """
import json, sys, numpy, modelpack
rows = numpy.array(json.loads(sys.argv[2]), dtype="float32")
native = modelpack.load_model(sys.argv[1])
generic = modelpack.pyfunc.load_model(sys.argv[1])
print(json.dumps([native(rows).numpy().tolist(), generic.predict(rows).tolist()]))
"""


class Line(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
    """A linear function of two numbers, and another of named inputs."""

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


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trust store of a stranger."""
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.mark.usefixtures("home")
def test_mlflow_reads_ours(run_mlflow: RunMLflow, tmp_path: Path) -> None:
    """Natively and through pyfunc, by call and by signature, with our predictions."""
    line = Line()
    modelpack.save_model(line, tmp_path / "called", input_example=ROWS)
    given = {"signatures": {"label": line.label}}
    modelpack.save_model(line, tmp_path / "signed", signature_def_key="label", saved_model_kwargs=given)
    answer = run_mlflow(READ, tmp_path / "called", tmp_path / "signed", str(ROWS.tolist()))
    called = modelpack.pyfunc.load_model(tmp_path / "called").predict(ROWS).tolist()
    signed = modelpack.pyfunc.load_model(tmp_path / "signed").predict(LABELS)
    assert answer == {
        "native": called,
        "generic": called,
        "infer": signed["double"].tolist(),
        "keyed": signed["double"].tolist(),
    }


@pytest.mark.usefixtures("home")
def test_we_read_mlflows(run_mlflow: RunMLflow, tmp_path: Path) -> None:
    """A module and a Keras model that MLflow's tensorflow flavor saved, as a stranger, with its predictions."""
    answers = run_mlflow(WRITE, tmp_path, str(ROWS.tolist()))
    for name, expected in answers.items():
        model = modelpack.pyfunc.load_model(tmp_path / name)
        np.testing.assert_allclose(model.predict(ROWS), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(modelpack.load_model(tmp_path / "module")(ROWS).numpy(), answers["module"])


@pytest.mark.usefixtures("home")
def test_ours_in_a_fresh_process(run_afresh: RunAfresh, tmp_path: Path) -> None:
    """Equal, natively and through pyfunc."""
    line = Line()
    modelpack.save_model(line, tmp_path / "model")
    expected = line(ROWS).numpy().tolist()
    assert run_afresh(FRESH, tmp_path / "model", str(ROWS.tolist())) == [expected, expected]

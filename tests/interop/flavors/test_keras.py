"""Real MLflow loads the Keras models that modelpack writes, and modelpack those that it writes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")  # the quickest to import; MLflow's interpreter inherits it

RunMLflow = Callable[..., Any]
RunAfresh = Callable[..., Any]
ROWS = np.random.default_rng(0).normal(size=(6, 4)).round(3).astype("float32")
TOLERANCE = 1e-6

LOADS = """
import json, sys, mlflow.pyfunc, mlflow.keras, numpy as np, pandas as pd
rows = np.asarray(json.loads(sys.argv[2]), "float32")
view = mlflow.pyfunc.load_model(sys.argv[1])
native = mlflow.keras.load_model(sys.argv[1])
answers = {"pyfunc": view.predict(rows), "native": native.predict(rows, verbose=0)}
print(json.dumps({name: np.asarray(answer).tolist() for name, answer in answers.items()}))
"""
LOADS_SEVERAL = """
import json, sys, mlflow.keras, numpy as np
rows = np.asarray(json.loads(sys.argv[2]), "float32")
answer = mlflow.keras.load_model(sys.argv[1]).predict({"area": rows[:, :3], "rooms": rows[:, 3:]}, verbose=0)
print(json.dumps({name: part.tolist() for name, part in answer.items()}))
"""
SAVES = """
import json, sys, keras, mlflow.keras, mlflow.pyfunc, numpy as np, pandas as pd
from mlflow.models import infer_signature
rows = np.asarray(json.loads(sys.argv[2]), "float32")
keras.utils.set_random_seed(5)
dense = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="gelu"), keras.layers.Dense(2)])
dense.compile("adam", keras.losses.MeanSquaredError(), metrics=["mae"])
dense.fit(rows, rows[:, :2], verbose=0)
mlflow.keras.save_model(dense, sys.argv[1] + "/plain", pip_requirements=["keras"])
signature = infer_signature(rows, dense.predict(rows, verbose=0))
mlflow.keras.save_model(dense, sys.argv[1] + "/signed", signature=signature, pip_requirements=["keras"])
view = mlflow.pyfunc.load_model(sys.argv[1] + "/plain")
frame = view.predict(pd.DataFrame(rows, index=range(10, 16)))
array = np.asarray(view.predict(rows)).tolist()
print(json.dumps({"array": array, "frame": json.loads(frame.to_json(orient="split"))}))
"""
OURS = """
import json, sys, modelpack.pyfunc, numpy as np
rows = np.asarray(json.loads(sys.argv[2]), "float32")
print(json.dumps(modelpack.pyfunc.load_model(sys.argv[1]).predict(rows).tolist()))
"""


def test_mlflow_loads_what_modelpack_writes(run_mlflow: RunMLflow, run_afresh: RunAfresh, tmp_path: Path) -> None:
    """As pyfunc and natively, and so does a process of our own."""
    import keras

    import modelpack

    keras.utils.set_random_seed(4)
    layers = [keras.layers.Dense(8, activation="relu"), keras.layers.BatchNormalization(), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile("adam", keras.losses.MeanSquaredError())
    expected = model.predict(ROWS, verbose=0)
    modelpack.save_model(model, tmp_path / "model", signature=modelpack.infer_signature(ROWS, expected))
    there = run_mlflow(LOADS, tmp_path / "model", json.dumps(ROWS.tolist()))
    here = run_afresh(OURS, tmp_path / "model", json.dumps(ROWS.tolist()))
    for predicted in (there["pyfunc"], there["native"], here):
        np.testing.assert_allclose(predicted, expected, rtol=TOLERANCE, atol=TOLERANCE)


def test_mlflow_loads_models_of_several_inputs_and_outputs(run_mlflow: RunMLflow, tmp_path: Path) -> None:
    """By their names."""
    import keras

    import modelpack

    keras.utils.set_random_seed(4)
    area, rooms = keras.Input((3,), name="area"), keras.Input((1,), name="rooms")
    hidden = keras.layers.Concatenate()([area, rooms])
    model = keras.Model([area, rooms], {"a": keras.layers.Dense(1)(hidden), "b": keras.layers.Dense(2)(hidden)})
    data = {"area": ROWS[:, :3], "rooms": ROWS[:, 3:]}
    expected = model.predict(data, verbose=0)
    modelpack.save_model(model, tmp_path / "model", signature=modelpack.infer_signature(data, expected))
    there = run_mlflow(LOADS_SEVERAL, tmp_path / "model", json.dumps(ROWS.tolist()))
    for name, part in expected.items():
        np.testing.assert_allclose(there[name], part, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, run_mlflow: RunMLflow) -> tuple[Path, Any]:
    """A folder with two models that MLflow has written, and what it predicted."""
    folder = tmp_path_factory.mktemp("written")
    return folder, run_mlflow(SAVES, folder, json.dumps(ROWS.tolist()))


@pytest.mark.parametrize("name", ["plain", "signed"])
def test_modelpack_loads_what_mlflow_writes(name: str, written: tuple[Path, Any]) -> None:
    """Without trust, as nothing in it is code."""
    import modelpack

    folder, there = written
    view = modelpack.pyfunc.load_model(folder / name)
    np.testing.assert_allclose(view.predict(ROWS), there["array"], rtol=TOLERANCE, atol=TOLERANCE)
    native = modelpack.load_model(folder / name, compile=True)
    np.testing.assert_allclose(native.predict(ROWS, verbose=0), there["array"], rtol=TOLERANCE, atol=TOLERANCE)
    assert type(native.optimizer).__name__ == "Adam"


def test_frames_are_answered_as_mlflow_does(written: tuple[Path, Any]) -> None:
    """With a frame of numbered columns under the same index."""
    import modelpack

    folder, there = written
    answer = modelpack.pyfunc.load_model(folder / "plain").predict(pd.DataFrame(ROWS, index=range(10, 16)))
    expected = there["frame"]
    assert list(answer.index) == expected["index"]
    assert list(answer.columns) == expected["columns"]
    np.testing.assert_allclose(answer, expected["data"], rtol=1e-5, atol=1e-6)

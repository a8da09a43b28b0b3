"""Models go from one backend to another, each in a process of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelpack_flavor_keras.backends import distributions

RunOn = Callable[..., Any]
SAVE = """
import json, sys
import keras, numpy as np, modelpack
keras.utils.set_random_seed(3)
series, size = keras.Input((5, 2), name="series"), keras.Input((1,), name="size")
hidden = keras.layers.Concatenate()([keras.layers.LSTM(4)(series), size])
model = keras.Model([series, size], {"a": keras.layers.Dense(1)(hidden), "b": keras.layers.Dense(2)(hidden)})
model.compile("adam", "mse")
data = {name: np.asarray(value, "float32") for name, value in json.loads(sys.argv[2]).items()}
modelpack.save_model(model, sys.argv[1])
answer = model.predict(data, verbose=0)
print(json.dumps({name: value.tolist() for name, value in answer.items()}))
"""
LOAD = """
import json, os, sys, warnings
from concurrent.futures import ThreadPoolExecutor
import numpy as np, modelpack
data = {name: np.asarray(value, "float32") for name, value in json.loads(sys.argv[2]).items()}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    loaded = modelpack.pyfunc.load_model(sys.argv[1])
import keras
told = [str(each.message) for each in caught if "was saved with Keras on" in str(each.message)]
with warnings.catch_warnings():
    warnings.simplefilter("error")
    answer = loaded.predict(data)
    vector = loaded.predict({**data, "size": data["size"][:, 0]})
    with ThreadPoolExecutor(4) as pool:
        several = list(pool.map(lambda count: loaded.predict({k: v[:count] for k, v in data.items()}), range(1, 8)))
for count, part in enumerate(several, start=1):
    for name in answer:
        np.testing.assert_allclose(part[name], answer[name][:count], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(vector[name], answer[name])
print(json.dumps({
    "answer": {name: value.tolist() for name, value in answer.items()}, "told": told,
    "backend": keras.backend.backend(), "left": os.environ.get("KERAS_BACKEND"),
}))
"""
DATA = {
    "series": np.random.default_rng(0).normal(size=(7, 5, 2)).round(3).tolist(),
    "size": np.random.default_rng(1).normal(size=(7, 1)).round(3).tolist(),
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A model saved on JAX, with what Keras predicts there."""
    import subprocess
    import sys

    path = tmp_path_factory.mktemp("saved") / "model"
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    command = [sys.executable, "-c", SAVE, str(path), json.dumps(DATA)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert answer.returncode == 0, answer.stderr
    return path, json.loads(answer.stdout.strip().splitlines()[-1])


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_another_backend_predicts_the_same_and_tells_once(backend: str, saved: tuple[Path, Any], run_on: RunOn) -> None:
    """Within the last digits, for any number of rows, in threads, and without a warning while it predicts."""
    path, expected = saved
    report = run_on(backend, LOAD, path, json.dumps(DATA))
    assert report["backend"] == backend
    assert len(report["told"]) == 1
    assert f"on jax, and Keras runs on {backend}" in report["told"][0]
    for name, values in expected.items():
        np.testing.assert_allclose(report["answer"][name], values, rtol=2e-6, atol=1e-6)


def test_backend_of_the_model_is_chosen_where_nobody_has(saved: tuple[Path, Any], run_on: RunOn) -> None:
    """For the import of Keras only: no environment variable stays."""
    path, expected = saved
    report = run_on(None, LOAD, path, json.dumps(DATA))
    assert (report["backend"], report["told"], report["left"]) == ("jax", [], None)
    for name, values in expected.items():
        np.testing.assert_allclose(report["answer"][name], values, rtol=1e-6, atol=1e-6)


def test_distribution_of_a_backend_is_the_installed_one() -> None:
    """Several hold TensorFlow."""
    assert distributions("tensorflow")[0] in {"tensorflow", "tensorflow-cpu"}
    assert distributions("jax") == ["jax"]
    assert distributions(None) == distributions("numpy") == []

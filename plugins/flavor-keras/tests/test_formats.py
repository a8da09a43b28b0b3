"""Files of every era, and files that are none."""

from __future__ import annotations

import platform
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import modelpack
from modelpack.errors import InvalidArgumentError, InvalidModelError, ModelFailureError, ModelpackWarning
from modelpack_flavor_keras.formats import write

RECORDED = Path(__file__).parent / "recorded"
ROWS = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
PYFUNC = "  python_function:\n    env: conda.yaml\n    loader_module: mlflow.keras\n    python_version: "
ERAS = {
    "MLflow 0.8": ("model.h5", "  keras:\n    keras_version: 2.2.2\n"),
    "MLflow 0.9": ("model.h5", "  keras:\n    data: model.h5\n    keras_version: 2.2.4\n"),
    "MLflow 1.1": ("data/model.h5", "  keras:\n    data: data\n    keras_module: keras\n    keras_version: 2.2.5\n"),
    "MLflow 1.28": (
        "data/model.h5",
        "  keras:\n    data: data\n    keras_module: tensorflow.keras\n    keras_version: 2.9.0\n    save_format: h5\n",
    ),
}


@pytest.mark.parametrize(("file", "conf"), ERAS.values(), ids=ERAS)
def test_layouts_of_every_era_are_read(file: str, conf: str, dense: Any, tmp_path: Path) -> None:
    """By the names and keys of its time (S70 to S72)."""
    path = tmp_path / "model" / file
    path.parent.mkdir(parents=True)
    write(dense, path, with_optimizer=True)
    (tmp_path / "model" / "MLmodel").write_text(
        f"flavors:\n{conf}{PYFUNC}{platform.python_version()}\n", encoding="utf-8"
    )
    with pytest.warns(ModelpackWarning, match="keras 2"):
        native = modelpack.load_model(tmp_path / "model")
    expected = dense.predict(ROWS, verbose=0)
    np.testing.assert_array_equal(native.predict(ROWS, verbose=0), expected)
    loaded = modelpack.pyfunc.load_model(tmp_path / "model", versions="ignore")
    np.testing.assert_allclose(loaded.predict(ROWS), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("key", ["save_format: tf", "save_exported_model: true"])
def test_saved_model_is_no_model_of_keras_3(key: str, tmp_path: Path) -> None:
    """The error says what to do."""
    (tmp_path / "data" / "model").mkdir(parents=True)
    (tmp_path / "MLmodel").write_text(f"flavors:\n  keras:\n    data: data\n    keras_version: 2.9.0\n    {key}\n")
    with pytest.raises(InvalidModelError, match="SavedModel") as raised:
        modelpack.load_model(tmp_path, versions="ignore")
    assert "with the Keras that made it" in str(raised.value.hint)


def test_directory_without_a_model_is_told(tmp_path: Path) -> None:
    """With the names that were looked for."""
    (tmp_path / "data").mkdir()
    (tmp_path / "MLmodel").write_text("flavors:\n  keras:\n    data: data\n    keras_version: 3.9.0\n")
    with pytest.raises(InvalidModelError, match=r"model\.keras, model\.h5"):
        modelpack.load_model(tmp_path, versions="ignore")


@pytest.mark.parametrize("save_format", ["keras", "h5"])
def test_what_is_cut_off_or_something_else_is_refused(save_format: str, dense: Any, tmp_path: Path) -> None:
    """By an error of the model, not by other answers."""
    info = modelpack.save_model(dense, tmp_path / "model", save_format=save_format)
    assert sorted(info.flavors) == ["keras", "python_function"]
    (tmp_path / "model" / "MANIFEST.sha256").unlink()
    path = tmp_path / "model" / "data" / f"model.{save_format}"
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], content[:100], b"", b"no model at all"):
        path.write_bytes(damaged)
        with pytest.raises(ModelFailureError):
            modelpack.load_model(tmp_path / "model")


def test_h5_is_described_for_mlflow_1(dense: Any, tmp_path: Path) -> None:
    """Its keys, and the file where it looks for it."""
    info = modelpack.save_model(dense, tmp_path / "model", save_format="h5")
    conf, view = info.flavors["keras"], info.flavors["python_function"]
    assert {**conf, "keras_backend": None, "keras_version": None} == {
        "data": "data",
        "keras_backend": None,
        "keras_module": "keras",
        "keras_version": None,
        "save_exported_model": False,
        "save_format": "h5",
    }
    assert view["data"] == "data"
    assert (tmp_path / "model" / "data" / "keras_module.txt").read_text() == "keras"
    loaded = modelpack.pyfunc.load_model(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict(ROWS), dense.predict(ROWS, verbose=0), rtol=1e-6, atol=1e-6)


def test_keras_is_described_for_mlflow_3(dense: Any, tmp_path: Path) -> None:
    """Its keys and no other."""
    info = modelpack.save_model(dense, tmp_path / "model")
    assert info.flavors["keras"] == {
        "data": "data",
        "keras_backend": keras.backend.backend(),
        "keras_version": keras.__version__,
        "save_exported_model": False,
    }
    assert "data" not in info.flavors["python_function"]
    requirements = (tmp_path / "model" / "requirements.txt").read_text()
    assert f"keras=={keras.__version__}" in requirements
    assert f"\n{keras.backend.backend()}==" in requirements


def test_optimizer_state_is_kept_and_comes_when_asked_for(tmp_path: Path) -> None:
    """Not by default: who predicts has no use for it."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), keras.losses.MeanSquaredError())
    model.fit(ROWS, np.ones((3, 1)), epochs=2, verbose=0)
    modelpack.save_model(model, tmp_path / "model")
    assert modelpack.load_model(tmp_path / "model").compiled is False
    for options in ({"compile": True}, {"load_model_kwargs": {"compile": True}}):
        loaded = modelpack.load_model(tmp_path / "model", **options)
        assert int(loaded.optimizer.iterations) == 2
        loaded.fit(ROWS, np.ones((3, 1)), verbose=0)


def test_unknown_load_option_is_refused(dense: Any, tmp_path: Path) -> None:
    """With those that there are."""
    modelpack.save_model(dense, tmp_path / "model")
    with pytest.raises(InvalidArgumentError, match="compiled") as raised:
        modelpack.load_model(tmp_path / "model", compiled=True)
    assert "compile" in str(raised.value.hint)
    with pytest.raises(InvalidArgumentError, match="custom"):
        modelpack.load_model(tmp_path / "model", load_model_kwargs={"custom": 1})


def test_model_without_weights_is_refused(tmp_path: Path) -> None:
    """It would be saved without them."""
    model = keras.Sequential([keras.layers.Dense(2)])
    with pytest.raises(InvalidArgumentError, match="not built"):
        modelpack.save_model(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_changed_copy_of_a_recorded_model_is_noticed(copied: Callable[[Path], Path]) -> None:
    """Weights of another shape than the description says."""
    model = copied(RECORDED / "mlflow-3-sequential")
    other = RECORDED / "mlflow-3-recurrent" / "data" / "model.keras"
    path = model / "data" / "model.keras"
    with zipfile.ZipFile(path) as first, zipfile.ZipFile(other) as second:
        members = {"config.json": first.read("config.json"), "metadata.json": first.read("metadata.json")}
        members["model.weights.h5"] = second.read("model.weights.h5")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ModelFailureError):
        modelpack.load_model(model, versions="ignore")

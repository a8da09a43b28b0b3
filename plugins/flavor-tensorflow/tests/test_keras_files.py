"""Keras models that MLflow saved with its tensorflow flavor."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest

import modelpack
from modelpack.errors import InvalidModelError, ModelpackError, TrustError

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of a recorded model with a `.keras` file."""
    return Path(shutil.copytree(RECORDED / "mlflow-3-keras", tmp_path / "model"))


def rewrite(model: Path, change: Any) -> None:
    """Change the config in the `.keras` file."""
    path = model / "data" / "model.keras"
    with ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(content["config.json"])
    change(config)
    content["config.json"] = json.dumps(config).encode()
    with ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def load(path: Path, **arguments: Any) -> Any:
    """Load natively, as a stranger unless it is said otherwise."""
    return modelpack.load_model(path, versions="ignore", **arguments)


def test_plain_keras_file_needs_no_trust(model: Path) -> None:
    """It comes back as a Keras model, and predicts frames as frames with their index."""
    import keras

    native = load(model)
    assert isinstance(native, keras.Model)
    frame = pd.DataFrame({"a": [1.0, 3.0], "b": [2.0, -4.0]}, index=[5, 6])
    answer = modelpack.pyfunc.load_model(model, versions="ignore").predict(frame)
    assert list(answer.index) == [5, 6]
    np.testing.assert_allclose(answer, native.predict(frame.to_numpy("float32"), verbose=0), atol=1e-6)


def as_lambda(config: dict[str, Any]) -> None:
    """Name the layer that runs code in the file."""
    config["config"]["layers"][1]["class_name"] = "Lambda"


def as_foreign(config: dict[str, Any]) -> None:
    """Name something of another module."""
    config["config"]["layers"][1].update(module="os", class_name="system")


def as_file_of_words(config: dict[str, Any]) -> None:
    """Name a file elsewhere."""
    config["config"]["layers"][1]["config"]["vocabulary"] = "/etc/passwd"


@pytest.mark.parametrize("change", [as_lambda, as_foreign, as_file_of_words])
def test_config_that_names_more_needs_trust(change: Any, model: Path) -> None:
    """Before Keras sees the file."""
    rewrite(model, change)
    with pytest.raises(TrustError, match="may run code"):
        load(model)


def test_hdf5_needs_trust() -> None:
    """Keras's old format can hold code, whatever the model says of it."""
    with pytest.raises(TrustError, match="HDF5"):
        load(RECORDED / "mlflow-2-keras-h5")
    load(RECORDED / "mlflow-2-keras-h5", trust=True)


def test_hdf5_under_another_format_needs_trust(tmp_path: Path) -> None:
    """The file counts, not what `MLmodel` says of it."""
    model = shutil.copytree(RECORDED / "mlflow-2-keras-h5", tmp_path / "model")
    file = model / "MLmodel"
    file.write_text(file.read_text(encoding="utf-8").replace("h5", "tf"), encoding="utf-8")
    with pytest.raises(TrustError, match="HDF5"):
        load(model)


def test_pickled_custom_objects_need_trust(model: Path) -> None:
    """MLflow puts them beside the model; with trust they reach Keras."""
    (model / "data" / "custom_objects.cloudpickle").write_bytes(pickle.dumps({"custom": len}))
    with pytest.raises(TrustError, match="pickle"):
        load(model)
    load(model, trust=True)


def test_saved_model_of_keras_2_predicts() -> None:
    """Its default signature stands for the model, and needs no Keras."""
    path = RECORDED / "mlflow-2-keras-tf"
    native = load(path)
    assert "serving_default" in native.signatures
    told = json.loads((path / "expected.json").read_text(encoding="utf-8"))
    answer = modelpack.pyfunc.load_model(path, versions="ignore").predict(np.array(told["inputs"]))
    np.testing.assert_allclose(answer, told["predictions"], atol=1e-6)


def test_damaged_file_is_told(model: Path) -> None:
    """Cut off, or gone."""
    file = model / "data" / "model.keras"
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(InvalidModelError, match=r"model\.keras"):
        load(model)
    file.unlink()
    with pytest.raises(ModelpackError, match="no Keras model"):
        load(model)

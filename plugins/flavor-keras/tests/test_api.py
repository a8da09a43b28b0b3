"""The functions with the argument names of MLflow's keras module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import modelpack
import modelpack_flavor_keras as flavor
from modelpack.errors import InvalidArgumentError

ROWS = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")


def test_save_and_load(dense: Any, tmp_path: Path) -> None:
    """Positional arguments in the seed's order."""
    info = flavor.save_model(dense, tmp_path / "model", input_example=ROWS, metadata={"owner": "garden"})
    assert info.signature is not None
    assert info.metadata == {"owner": "garden"}
    loaded = flavor.load_model(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(ROWS, verbose=0), dense.predict(ROWS, verbose=0))


def test_log_and_load_from_a_run(dense: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the name that MLflow 3 gives the argument, or the older one."""
    monkeypatch.chdir(tmp_path)
    with modelpack.start_run() as run:
        info = flavor.log_model(dense, name="network")
    assert info.model_uri == f"runs:/{run.run_id}/network"
    assert flavor.load_model("network", run_id=run.run_id).count_params() == dense.count_params()


def test_optimizer_can_be_left_out_of_h5(tmp_path: Path) -> None:
    """By the argument of MLflow."""
    import h5py

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("adam", keras.losses.MeanSquaredError())
    flavor.save_model(model, tmp_path / "with", save_format="h5")
    flavor.save_model(model, tmp_path / "without", save_format="h5", save_model_kwargs={"include_optimizer": False})
    kept = ["training_config" in h5py.File(tmp_path / name / "data" / "model.h5").attrs for name in ("with", "without")]
    assert kept == [True, False]


def test_export_is_refused_with_the_way_to_it(dense: Any, tmp_path: Path) -> None:
    """And so are a format and an argument of `save` that are none."""
    with pytest.raises(InvalidArgumentError, match="save_exported_model") as raised:
        flavor.save_model(dense, tmp_path / "model", save_exported_model=True)
    assert "modelpack-flavor-tensorflow" in str(raised.value.hint)
    with pytest.raises(InvalidArgumentError, match="save_format"):
        flavor.save_model(dense, tmp_path / "model", save_format="tf")
    with pytest.raises(InvalidArgumentError, match="zipped"):
        flavor.save_model(dense, tmp_path / "model", save_model_kwargs={"zipped": False})
    assert list(tmp_path.iterdir()) == []


def test_default_environment_names_keras_and_its_backend() -> None:
    """Keras alone computes nothing."""
    pip = flavor.get_default_conda_env()["dependencies"][-1]["pip"]
    assert pip[0] == f"keras=={keras.__version__}"
    assert pip[1].startswith(f"{keras.backend.backend()}==")


def test_importing_the_package_imports_no_library() -> None:
    """Neither Keras nor what it needs, until something is saved or loaded."""
    program = (
        "import sys, modelpack_flavor_keras; print(sorted({'keras', 'h5py', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"

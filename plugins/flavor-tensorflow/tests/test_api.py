"""The module functions, in the forms of every MLflow release."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import modelpack
import modelpack_flavor_tensorflow as flavor
from modelpack.errors import InvalidArgumentError
from modelpack.schema.mlmodel import MLmodel

ROWS = np.array([[1.0, 2.0], [3.0, -4.0]], dtype="float32")
LABELS = pd.DataFrame({"first": [2.0], "unit": ["m"]})


def key_of(path: Path) -> Any:
    """The signature that a model names."""
    return MLmodel.load(path).flavor_conf("tensorflow")["signature_def_key"]


def test_save_and_load_an_object(line: Any, tmp_path: Path) -> None:
    """As since MLflow 2."""
    flavor.save_model(line, tmp_path / "model", metadata={"owner": "garden"}, pip_requirements=["tensorflow"])
    np.testing.assert_array_equal(flavor.load_model(tmp_path / "model")(ROWS), line(ROWS))


def test_save_a_directory_by_position(line_directory: Path, tmp_path: Path) -> None:
    """`tf_saved_model_dir, tf_meta_graph_tags, tf_signature_def_key, path` (S75)."""
    flavor.save_model(str(line_directory), ["serve"], "label", str(tmp_path / "model"))
    assert key_of(tmp_path / "model") == "label"
    flavor.save_model(str(line_directory), ["serve"], "label", path=tmp_path / "mixed")
    assert key_of(tmp_path / "mixed") == "label"


def test_save_a_directory_by_name(line_directory: Path, tmp_path: Path) -> None:
    """With the seed's names."""
    flavor.save_model(
        tf_saved_model_dir=line_directory,
        tf_meta_graph_tags=["serve"],
        tf_signature_def_key="label",
        path=tmp_path / "model",
        conda_env={"name": "mine", "dependencies": ["python=3.11"]},
    )
    assert key_of(tmp_path / "model") == "label"
    assert "name: mine" in (tmp_path / "model" / "conda.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("positional", "named", "told"),
    [
        ((1, 2, 3, 4, 5), {}, "too many"),
        ((1, "path"), {"path": "path"}, "path is one argument too many"),
        ((1,), {}, "path is missing"),
        ((), {"path": "path"}, "model is missing"),
    ],
)
def test_arguments_that_fit_neither_form(positional: Any, named: Any, told: str) -> None:
    """They are told what comes by position."""
    with pytest.raises(InvalidArgumentError, match=told):
        flavor.save_model(*positional, **named)


def test_log_in_every_form(line: Any, line_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object, and a directory under both names (S76); the caller's directory is left alone."""
    monkeypatch.chdir(tmp_path)
    before = sorted(line_directory.rglob("*"))
    with modelpack.start_run() as run:
        flavor.log_model(line, "object")
        flavor.log_model(line, name="named")
        flavor.log_model(str(line_directory), ["serve"], "label", "directory")
        info = flavor.log_saved_model(str(line_directory), "label", "old")
    for place in ("object", "named"):
        np.testing.assert_array_equal(flavor.load_model(place, run_id=run.run_id)(ROWS), line(ROWS))
    for uri in (f"runs:/{run.run_id}/directory", info.model_uri):
        assert modelpack.pyfunc.load_model(uri).predict(LABELS)["text"].tolist() == ["4.0m"]
    assert sorted(line_directory.rglob("*")) == before


def test_load_into_a_session(line_directory: Path, tmp_path: Path) -> None:
    """The signature is the answer, by whose names the session is fed (S77)."""
    flavor.save_model(str(line_directory), ["serve"], "label", tmp_path / "model")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        signature = flavor.load_model(tmp_path / "model", session)
        fed = {signature.inputs["first"].name: [2.0], signature.inputs["unit"].name: ["m"]}
        assert session.run(signature.outputs["text"].name, fed).tolist() == [b"4.0m"]


def test_default_environment_names_tensorflow() -> None:
    """As it is installed."""
    assert f"tensorflow-cpu=={tf.__version__}" in flavor.get_default_conda_env()["dependencies"][-1]["pip"]


def test_importing_the_package_imports_no_library() -> None:
    """Neither TensorFlow nor NumPy, until something is saved or loaded."""
    program = (
        "import sys, modelpack_flavor_tensorflow, modelpack_flavor_tensorflow.flavor;"
        "print(sorted({'tensorflow', 'pandas', 'numpy', 'keras'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"

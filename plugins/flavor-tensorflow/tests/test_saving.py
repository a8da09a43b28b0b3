"""Directories and objects that are saved: what is checked, what is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import modelpack
from modelpack.errors import InvalidArgumentError, InvalidModelError, ModelpackError, WrongModelError
from modelpack.schema.mlmodel import MLmodel

Make = Callable[..., Path]
ROWS = np.array([[1.0, 2.0], [3.0, -4.0]], dtype="float32")


def test_module_is_saved_as_mlflow_does(line: Any, tmp_path: Path) -> None:
    """`tf2model`, seen by its call, so that MLflow calls it too."""
    modelpack.save_model(line, tmp_path / "model")
    conf = MLmodel.load(tmp_path / "model").flavor_conf("tensorflow")
    assert conf["saved_model_dir"] == "tf2model"
    assert conf["model_type"] == "tf2-module"
    assert conf["signature_def_key"] is None
    assert MLmodel.load(tmp_path / "model").flavor_conf("python_function")["loader_module"] == "mlflow.tensorflow"
    np.testing.assert_array_equal(modelpack.load_model(tmp_path / "model")(ROWS), line(ROWS))


def test_directory_with_a_signature_is_saved_as_the_seed_did(line_directory: Path, tmp_path: Path) -> None:
    """`tfmodel` with its tags and signature (S78, S79)."""
    modelpack.save_model(
        line_directory, tmp_path / "model", flavor="tensorflow", meta_graph_tags=["serve"], signature_def_key="label"
    )
    conf = MLmodel.load(tmp_path / "model").flavor_conf("tensorflow")
    assert (conf["saved_model_dir"], conf["meta_graph_tags"], conf["signature_def_key"]) == (
        "tfmodel",
        ["serve"],
        "label",
    )
    answer = modelpack.pyfunc.load_model(tmp_path / "model").predict(pd.DataFrame({"first": [2.0], "unit": ["m"]}))
    assert answer.to_dict("list") == {"double": [4.0], "text": ["4.0m"]}


def test_directory_without_a_signature_is_seen_by_its_call(line_directory: Path, tmp_path: Path) -> None:
    """As an object is, and an example tells what it answers."""
    info = modelpack.save_model(os.fspath(line_directory), tmp_path / "model", flavor="tensorflow", input_example=ROWS)
    assert info.flavors["tensorflow"]["model_type"] == "tf2-module"
    assert info.signature is not None
    assert info.signature.outputs is not None
    assert (tmp_path / "model" / "tf2model" / "saved_model.pb").read_bytes() == (
        line_directory / "saved_model.pb"
    ).read_bytes()


def test_restored_object_keeps_its_signatures(line_directory: Path, tmp_path: Path) -> None:
    """What was loaded can be saved again."""
    modelpack.save_model(tf.saved_model.load(str(line_directory)), tmp_path / "model", signature_def_key="label")
    assert set(modelpack.load_model(tmp_path / "model").signatures) == {"label", "serving_default"}


def test_signatures_are_given_with_the_object(line: Any, tmp_path: Path) -> None:
    """`saved_model_kwargs` reaches TensorFlow."""
    info = modelpack.save_model(
        line, tmp_path / "model", saved_model_kwargs={"signatures": {"label": line.label}}, signature_def_key="label"
    )
    assert info.flavors["tensorflow"]["model_type"] == "tf1-estimator"
    assert list(modelpack.load_model(tmp_path / "model").signatures) == ["label"]


def refused(model: Any, place: Path, error: type[ModelpackError] = InvalidArgumentError, **options: Any) -> str:
    """What is said about a model that cannot be saved, and that nothing is left of it."""
    place.mkdir()
    with pytest.raises(error) as raised:
        modelpack.save_model(model, place / "model", flavor="tensorflow", **options)
    assert list(place.iterdir()) == []
    return str(raised.value)


def test_unknown_signature_names_those_there_are(line: Any, line_directory: Path, tmp_path: Path) -> None:
    """For a directory, and for an object."""
    told = refused(line_directory, tmp_path / "directory", signature_def_key="predict")
    assert "no signature 'predict'" in told
    assert "one of: label, serving_default" in told
    given = {"signatures": {"label": line.label}}
    told = refused(line, tmp_path / "object", signature_def_key="predict", saved_model_kwargs=given)
    assert "one of: label" in told


def test_wrong_tags_name_those_there_are(line_directory: Path, tmp_path: Path) -> None:
    """As a user would have to give them."""
    told = refused(line_directory, tmp_path / "place", meta_graph_tags=["serve", "gpu"])
    assert "['gpu', 'serve']" in told
    assert "one of: ['serve']" in told


def test_directory_without_a_saved_model_is_refused(tmp_path: Path) -> None:
    """The error says which file is looked for."""
    assert "saved_model.pb" in refused(tmp_path, tmp_path / "place")


def test_damaged_directory_is_refused(line_directory: Path, tmp_path: Path) -> None:
    """A SavedModel is validated before it is copied (S75): graph, variables, and the forms that are not read."""
    import shutil

    for number, (name, content) in enumerate(
        [("saved_model.pb", b"\x08\x01\xff\xff"), ("variables/variables.index", None), ("saved_model.pbtxt", b"")]
    ):
        copy = tmp_path / f"copy-{number}"
        shutil.copytree(line_directory, copy)
        (copy / name).unlink(missing_ok=True)
        if content is not None:
            (copy / name).write_bytes(content)
        refused(copy, tmp_path / f"place-{number}", ModelpackError)


def test_module_that_predicts_nothing_is_refused(tmp_path: Path) -> None:
    """It has neither a signature nor a call."""
    assert "no signature" in refused(tf.Module(), tmp_path / "place")


def test_several_signatures_want_a_choice(line: Any, tmp_path: Path) -> None:
    """Where none is called `serving_default`, and the object cannot be called."""
    module = tf.Module()
    module.line = line
    told = refused(
        module, tmp_path / "place", saved_model_kwargs={"signatures": {"one": line.label, "two": line.__call__}}
    )
    assert "one of: one, two" in told


def test_classes_and_other_objects_are_refused(line: Any, tmp_path: Path) -> None:
    """In words that name what came."""
    assert "the class Line" in refused(type(line), tmp_path / "class", WrongModelError)
    assert "builtin_function_or_method" in refused(len, tmp_path / "function", WrongModelError)


def test_keras_models_belong_to_another_flavor(tmp_path: Path) -> None:
    """The hint names it, and how to export one."""
    import keras

    told = refused(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]), tmp_path / "place")
    assert "modelpack-flavor-keras" in told
    assert "export" in told


def test_lost_asset_is_noticed(tmp_path: Path) -> None:
    """TensorFlow would save an object without the file that its table is read from."""
    words = tmp_path / "words.txt"
    words.write_text("a\nb\n", encoding="utf-8")
    module = tf.Module()
    module.table = table_of(words)
    module.find = tf.function(module.table.lookup, input_signature=[tf.TensorSpec([None], tf.string)])
    words.unlink()
    assert "words.txt" in refused(
        module, tmp_path / "place", InvalidModelError, saved_model_kwargs={"signatures": module.find}
    )


def table_of(words: Path) -> Any:
    """A table that is read from a file."""
    line, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    initializer = tf.lookup.TextFileInitializer(str(words), tf.string, line, tf.int64, number)
    return tf.lookup.StaticHashTable(initializer, default_value=-1)


def test_assets_move_with_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table is filled from the model's own file, for anybody, wherever it lies."""
    words = tmp_path / "words.txt"
    words.write_text("ä\nb\n", encoding="utf-8")
    module = tf.Module()
    module.table = table_of(words)
    module.find = tf.function(module.table.lookup, input_signature=[tf.TensorSpec([None], tf.string, name="word")])
    modelpack.save_model(module, tmp_path / "model", saved_model_kwargs={"signatures": module.find})
    words.unlink()
    (tmp_path / "model").rename(tmp_path / "ein Ort")
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path / "stranger"))
    model = modelpack.pyfunc.load_model(tmp_path / "ein Ort")
    assert model.predict(pd.DataFrame({"word": ["b", "ä", "?"]}))["output_0"].tolist() == [1, 0, -1]


def test_requirements_name_the_installed_distribution(line: Any, tmp_path: Path) -> None:
    """Whichever of the two it is."""
    modelpack.save_model(line, tmp_path / "model")
    lines = (tmp_path / "model" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert f"tensorflow-cpu=={tf.__version__}" in lines


def test_environment_of_the_process_is_left_alone(line: Any, tmp_path: Path) -> None:
    """`TF_CPP_MIN_LOG_LEVEL` and the like are the user's."""
    before = dict(os.environ)
    modelpack.save_model(line, tmp_path / "model")
    modelpack.load_model(tmp_path / "model")
    assert dict(os.environ) == before

"""Graphs that can do more than compute, and those that cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import modelpack
from modelpack.errors import InvalidModelError, ModelpackWarning, TrustError
from modelpack_flavor_tensorflow import saved_models
from modelpack_flavor_tensorflow.graphs import unsafe_operations

Make = Callable[..., Path]
TEXT = tf.TensorSpec([None], tf.string, name="text")
NUMBERS = tf.TensorSpec([None], tf.float32, name="numbers")


def found(path: Path) -> list[str]:
    """What stands out in a SavedModel."""
    return unsafe_operations(saved_models.read(path))


def read_file(text: Any) -> Any:
    """Answer the content of files that the caller names."""
    return tf.map_fn(tf.io.read_file, text)


def read_password(text: Any) -> Any:
    """Answer the content of a file that the author named."""
    return tf.fill(tf.shape(text), tf.io.read_file("/etc/passwd"))


def write_file(text: Any) -> Any:
    """Write to a file of the author's choice."""
    with tf.control_dependencies([tf.io.write_file("/tmp/modelpack-never-written", text[0])]):  # noqa: S108 - never runs
        return tf.identity(text)


def in_a_branch(text: Any) -> Any:
    """Hide it in a function of a function."""
    return tf.cond(tf.size(text) > 3, lambda: tf.map_fn(tf.io.read_file, text), lambda: text)


def by_dataset(text: Any) -> Any:
    """Read lines of a file."""
    return tf.data.TextLineDataset("/etc/hostname").reduce(text[0], lambda _, line: line)[None]


def save_slices(text: Any) -> Any:
    """Use for another purpose what saves variables."""
    with tf.control_dependencies(
        [tf.raw_ops.SaveV2(prefix="/tmp/never", tensor_names=["a"], shape_and_slices=[""], tensors=[text])]  # noqa: S108 - never runs
    ):
        return tf.identity(text)


def call_python(text: Any) -> Any:
    """Call back into the process."""
    return tf.numpy_function(lambda value: value, [text], tf.string)


def print_to_file(text: Any) -> Any:
    """Print into a file."""
    tf.print(text, output_stream="file:///tmp/never")
    return tf.identity(text)


HOSTILE = {
    "reads what the caller names": (read_file, "ReadFile"),
    "reads what the author named": (read_password, "ReadFile"),
    "writes": (write_file, "WriteFile"),
    "hides in a branch": (in_a_branch, "ReadFile"),
    "reads by a dataset": (by_dataset, "TextLineDataset"),
    "misuses the saver": (save_slices, "SaveV2"),
    "calls Python": (call_python, "PyFunc"),
    "prints to a file": (print_to_file, "PrintV2"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_reaches_outside_is_found(name: str, saved_function: Make) -> None:
    """However it is called."""
    function, operation = HOSTILE[name]
    assert operation in " ".join(found(saved_function(function, TEXT)))


def test_stranger_cannot_load_such_a_graph(
    saved_function: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The saver is told, and may; others may who say so. Nothing is restored before."""
    with pytest.warns(ModelpackWarning, match="ReadFile"):
        modelpack.save_model(saved_function(read_file, TEXT), tmp_path / "model", flavor="tensorflow")
    secret = tmp_path / "secret.txt"
    secret.write_text("42", encoding="utf-8")
    named = pd.DataFrame({"text": [str(secret)]})
    assert modelpack.pyfunc.load_model(tmp_path / "model").predict(named)["output_0"].tolist() == ["42"]
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path_factory.mktemp("stranger")))
    with pytest.raises(TrustError, match=r"its graph holds .*ReadFile"):
        modelpack.load_model(tmp_path / "model")
    with pytest.raises(TrustError, match="ReadFile"):
        modelpack.pyfunc.load_model(tmp_path / "model")
    modelpack.load_model(tmp_path / "model", trust=True)


def test_operation_that_tensorflow_does_not_know_is_found(saved_function: Make) -> None:
    """It could come from a library that is loaded."""
    path = saved_function(lambda numbers: numbers + 1, NUMBERS)
    model = saved_models.read(path)
    model.proto.meta_graphs[0].graph_def.library.function[0].node_def[0].op = "MineAlone"
    assert "MineAlone" in unsafe_operations(model)


def test_table_of_a_foreign_file_is_found(tmp_path: Path) -> None:
    """Its lines would be answered by the table; a file that is an asset of the model is normal."""
    words = tmp_path / "words.txt"
    words.write_text("a\nb\n", encoding="utf-8")

    def fill(text: Any) -> Any:
        table = tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="mine")
        filled = tf.raw_ops.InitializeTableFromTextFileV2(
            table_handle=table, filename=tf.identity(str(words)), key_index=-2, value_index=-1
        )
        with tf.control_dependencies([filled]):
            return tf.raw_ops.LookupTableFindV2(table_handle=table, keys=text, default_value=np.int64(-1))

    module = tf.Module()
    module.serve = tf.function(fill, input_signature=[TEXT])
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.serve)
    assert found(tmp_path / "saved") == ["InitializeTableFromTextFileV2"]


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd"])
def test_asset_outside_the_model_is_refused(name: str, saved_function: Make) -> None:
    """TensorFlow would read it."""
    path = saved_function(lambda numbers: numbers + 1, NUMBERS)
    proto = saved_models.read(path).proto
    proto.meta_graphs[0].asset_file_def.add().filename = name
    (path / "saved_model.pb").write_bytes(proto.SerializeToString())
    with pytest.raises(InvalidModelError, match="passwd"):
        saved_models.read(path)


def layers(numbers: Any) -> Any:
    """Loops, branches, random numbers, checks and string operations."""
    tf.debugging.assert_all_finite(numbers, "finite")
    total = tf.while_loop(
        lambda i, _: i < 3, lambda i, x: (i + 1, x + tf.random.uniform(tf.shape(x)) * 0), (0, numbers)
    )[1]
    texts = tf.strings.to_number(tf.strings.as_string(total))
    return tf.cond(tf.reduce_sum(texts) > 0, lambda: texts, lambda: -texts) + tf.map_fn(tf.sqrt, tf.abs(numbers))


def test_graphs_that_compute_are_harmless(saved_function: Make, line_directory: Path) -> None:
    """Loops, branches, random numbers, variables and their saver."""
    assert found(saved_function(layers, NUMBERS)) == []
    assert found(line_directory) == []


def test_exported_keras_model_is_harmless(tmp_path: Path) -> None:
    """Convolutions, recurrence, normalization, dropout, text and a vocabulary."""
    import keras

    words = keras.layers.TextVectorization(max_tokens=10, output_sequence_length=4, vocabulary=["a", "b"])
    text = keras.Input((1,), dtype="string")
    hidden = keras.layers.Embedding(10, 4)(words(text))
    hidden = keras.layers.Conv1D(4, 2, padding="same")(hidden)
    hidden = keras.layers.BatchNormalization()(hidden)
    hidden = keras.layers.Dropout(0.5)(keras.layers.LSTM(3)(hidden))
    model = keras.Model(text, keras.layers.Dense(1, activation="sigmoid")(hidden))
    model.export(str(tmp_path / "exported"), verbose=False)
    assert found(tmp_path / "exported") == []
    modelpack.save_model(tmp_path / "exported", tmp_path / "model", flavor="tensorflow", signature_def_key="serve")
    answer = modelpack.pyfunc.load_model(tmp_path / "model").predict(pd.DataFrame({"text": ["a b", "b"]}))
    np.testing.assert_allclose(np.ravel(answer), np.ravel(model(np.array([["a b"], ["b"]], dtype=object))), atol=1e-6)

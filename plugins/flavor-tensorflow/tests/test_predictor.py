"""The generic Python view: what a graph is fed with, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import modelpack
from modelpack.errors import InvalidArgumentError, ModelpackError, SchemaError
from modelpack.pyfunc import PyFuncModel

Make = Callable[..., Path]


@pytest.fixture
def view(saved_function: Make, tmp_path: Path) -> Callable[..., PyFuncModel]:
    """Save a function of specs, and load it as anybody would."""

    def make(function: Callable[..., Any], *specs: Any, **options: Any) -> PyFuncModel:
        modelpack.save_model(saved_function(function, *specs), tmp_path / "model", flavor="tensorflow", **options)
        return modelpack.pyfunc.load_model(tmp_path / "model")

    return make


def spec(shape: list[int | None] | None, dtype: Any, name: str) -> Any:
    """What an input is."""
    return tf.TensorSpec(shape, dtype, name=name)


def test_columns_feed_the_inputs_of_their_names(view: Callable[..., PyFuncModel]) -> None:
    """Each cast and shaped as its spec says, in whatever order they come (S80); others are left out."""
    model = view(
        lambda a, b, c: {"sum": a + b[:, 0] + tf.cast(c, tf.float32)},
        spec([None], tf.float32, "a"),
        spec([None, 1], tf.float32, "b"),
        spec([None], tf.int64, "c"),
    )
    frame = pd.DataFrame({"c": [1, 2], "other": ["x", "y"], "b": [0.5, 1.5], "a": [1, 2]}, index=[7, 9])
    answer = model.predict(frame)
    assert answer["sum"].tolist() == [2.5, 5.5]
    assert list(answer.index) == [7, 9]


def test_missing_and_unfit_columns_are_named(view: Callable[..., PyFuncModel]) -> None:
    """All of a batch's mistakes, in words."""
    model = view(lambda a, b: {"sum": a + b}, spec([None], tf.float32, "a"), spec([None], tf.float32, "b"))
    with pytest.raises(SchemaError, match="'b'"):
        model.predict(pd.DataFrame({"a": [1.0]}))
    with pytest.raises(SchemaError, match="'b'"):
        model.predict(pd.DataFrame({"a": [1.0], "b": ["text"]}))


def test_one_matrix_takes_all_columns(view: Callable[..., PyFuncModel]) -> None:
    """In their order, whatever their names."""
    model = view(lambda x: {"sum": tf.reduce_sum(x, axis=1)}, spec([None, 3], tf.float32, "x"))
    frame = pd.DataFrame({"p": [1, 2], "q": [0.5, 0.25], "r": [10.0, 20.0]})
    assert model.predict(frame)["sum"].tolist() == [11.5, 22.25]
    assert model.predict(frame.to_numpy())["sum"].tolist() == [11.5, 22.25]
    with pytest.raises(SchemaError, match="shape"):
        model.predict(frame[["p", "q"]])


def test_one_input_is_found_by_its_name(view: Callable[..., PyFuncModel]) -> None:
    """Beside columns that the graph does not take."""
    model = view(lambda x: {"double": x * 2}, spec([None], tf.float32, "x"))
    assert model.predict(pd.DataFrame({"y": ["a", "b"], "x": [1, 2]}))["double"].tolist() == [2.0, 4.0]
    assert model.predict({"x": np.array([1.0, 2.0])})["double"].tolist() == [2.0, 4.0]


def test_text_is_text_on_both_sides(view: Callable[..., PyFuncModel]) -> None:
    """TensorFlow answers bytes; bytes that are no text stay what they are, and are taken as they are."""
    model = view(lambda text: {"told": text + "!"}, spec([None], tf.string, "text"))
    assert model.predict(pd.DataFrame({"text": ["ä", "b"]}))["told"].tolist() == ["ä!", "b!"]
    assert model.predict(np.array(["ä", "b"]))["told"].tolist() == ["ä!", "b!"]
    assert model.predict(pd.DataFrame({"text": [b"\xff", b"b"]}))["told"].tolist() == [b"\xff!", b"b!"]


@pytest.mark.parametrize("other", [None, 3.5, float("nan")])
def test_what_is_no_text_is_refused(other: Any, view: Callable[..., PyFuncModel]) -> None:
    """Nulls and numbers in a column of text."""
    model = view(lambda text: {"told": text + "!"}, spec([None], tf.string, "text"))
    with pytest.raises(SchemaError, match="takes strings"):
        model.predict(pd.DataFrame({"text": pd.Series(["a", other], dtype=object)}))


def test_several_outputs_are_columns_of_a_frame(view: Callable[..., PyFuncModel]) -> None:
    """One row for each row: lists where an output has several values, and one value for the batch in every row."""
    model = view(
        lambda x: {"flat": x, "column": x[:, None], "wide": tf.stack([x, -x], axis=1), "mean": tf.reduce_mean(x)},
        spec([None], tf.float32, "x"),
    )
    answer = model.predict(pd.DataFrame({"x": [1.0, 3.0]}))
    assert answer.to_dict("list") == {
        "column": [1.0, 3.0],
        "flat": [1.0, 3.0],
        "mean": [2.0, 2.0],
        "wide": [[1.0, -1.0], [3.0, -3.0]],
    }
    arrays = model.predict(np.array([1.0, 3.0]))
    assert {name: array.shape for name, array in arrays.items()} == {
        "column": (2, 1),
        "flat": (2,),
        "mean": (2,),
        "wide": (2, 2),
    }


def test_output_of_other_length_stays_an_array(view: Callable[..., PyFuncModel]) -> None:
    """It cannot stand in a frame beside the rows."""
    model = view(lambda x: {"kinds": tf.constant([1, 2, 3]), "x": x}, spec([None], tf.float32, "x"))
    answer = model.predict(pd.DataFrame({"x": [1.0, 3.0]}))
    assert answer["kinds"].tolist() == [1, 2, 3]


def test_fixed_batch_is_told(view: Callable[..., PyFuncModel]) -> None:
    """A graph for so many rows refuses others."""
    model = view(lambda x: {"sum": tf.reduce_sum(x, axis=1)}, spec([2, 2], tf.float32, "x"))
    assert model.predict(np.ones((2, 2)))["sum"].tolist() == [2.0, 2.0]
    with pytest.raises(SchemaError, match=r"\(3, 2\)"):
        model.predict(np.ones((3, 2)))


def test_any_rank_is_taken(view: Callable[..., PyFuncModel]) -> None:
    """Where the graph does not say."""
    model = view(lambda x: {"double": x * 2}, spec(None, tf.float32, "x"))
    assert model.predict(np.ones((2, 1, 2)))["double"].shape == (2, 1, 2)
    assert model.predict(pd.DataFrame({"x": [1.0]}))["double"].tolist() == [2.0]


def test_half_precision_is_answered_as_floats(view: Callable[..., PyFuncModel]) -> None:
    """NumPy and JSON have no bfloat16."""
    model = view(lambda x: {"half": tf.cast(x, tf.bfloat16)}, spec([None], tf.float32, "x"))
    assert model.predict(np.array([0.5, 2.0]))["half"].dtype == np.float32


def test_call_with_structures_and_constants(tmp_path: Path) -> None:
    """A mapping of tensors, and a flag that was traced with its default."""

    class Flagged(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
        @tf.function  # type: ignore[untyped-decorator]
        def __call__(self, parts: Any, training: bool = False) -> Any:  # noqa: FBT001, FBT002 - as Keras has it
            return (parts["a"] + parts["b"], parts["a"] if training else -parts["a"])

    module = Flagged()
    vector = tf.TensorSpec([None], tf.float32)
    module.__call__.get_concrete_function({"a": vector, "b": vector})
    modelpack.save_model(module, tmp_path / "model")
    model = modelpack.pyfunc.load_model(tmp_path / "model")
    answer = model.predict(pd.DataFrame({"a": [1.0, 2.0], "b": [0.5, 0.5]}))
    assert answer.to_dict("list") == {"0": [1.5, 2.5], "1": [-1.0, -2.0]}


def test_call_that_was_never_traced_cannot_predict(tmp_path: Path) -> None:
    """TensorFlow saves nothing of a function without a signature."""

    class Untraced(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
        @tf.function  # type: ignore[untyped-decorator]
        def __call__(self, x: Any) -> Any:
            return x

    with pytest.raises(InvalidArgumentError, match="no signature"):
        modelpack.save_model(Untraced(), tmp_path / "model")


def test_arrays_pass_where_a_call_takes_one_matrix(line: Any, tmp_path: Path) -> None:
    """The server makes no frame of such a request."""
    frame = pd.DataFrame({"a": [1.0, 3.0], "b": [2.0, -4.0]})
    signature = modelpack.infer_signature(frame, line(frame.to_numpy("float32")).numpy())
    modelpack.save_model(line, tmp_path / "model", signature=signature)
    model = modelpack.pyfunc.load_model(tmp_path / "model")
    assert model.takes_arrays
    np.testing.assert_array_equal(model.predict(frame.to_numpy()), [[0.0], [10.0]])


def test_key_that_the_model_lost_is_told(line_directory: Path, tmp_path: Path) -> None:
    """A file of somebody else's may name what is not there."""
    modelpack.save_model(line_directory, tmp_path / "model", flavor="tensorflow", signature_def_key="label")
    file = tmp_path / "model" / "MLmodel"
    file.write_text(file.read_text(encoding="utf-8").replace("label", "lost"), encoding="utf-8")
    (tmp_path / "model" / "MANIFEST.sha256").unlink()
    with pytest.raises(ModelpackError, match=r"no signature 'lost'; it has label, serving_default"):
        modelpack.load_model(tmp_path / "model")

"""What a graph is fed with: frames, arrays and mappings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto as T

import modelpack
from modelpack.errors import ModelFailureError, SchemaError

Graph = Callable[..., Any]
Linear = Callable[..., Any]


@pytest.fixture
def scorer(graph: Graph, tmp_path: Path) -> Callable[..., Any]:
    """Save a graph that answers what it takes, and load it: `scorer(x=(type, shape), …)`."""

    def make(**inputs: Any) -> Any:
        outputs = {f"{name}_out": told for name, told in inputs.items()}
        nodes = [("Identity", [name], [f"{name}_out"]) for name in inputs]
        path = tmp_path / f"model-{len(list(tmp_path.iterdir()))}"
        modelpack.save_model(graph(nodes, inputs, outputs), path)
        return modelpack.pyfunc.load_model(path)

    return make


@pytest.mark.parametrize("shape", [["N", 2], [None, None], ["N", "M"]], ids=str)
def test_frame_becomes_the_matrix(shape: list[Any], scorer: Any) -> None:
    """Columns of several number types, as 32 bits."""
    frame = pd.DataFrame({"a": [0.1, 2.0], "b": [3, 4]})
    answer = scorer(x=(T.FLOAT, shape)).predict(frame)["x_out"]
    np.testing.assert_array_equal(np.stack(list(answer)), frame.to_numpy(np.float32))
    assert answer[0].dtype == np.float32


@pytest.mark.parametrize("shape", [["N"], ["N", 1], [None, None], ["N", 1, 1]], ids=str)
def test_frame_of_one_column_fits_every_rank(shape: list[Any], scorer: Any) -> None:
    """A number a row is what all of them mean."""
    answer = scorer(x=(T.FLOAT, shape)).predict(pd.DataFrame({"a": [1.0, 2.0, 3.0]}))
    assert answer.to_dict(orient="list") == {"x_out": [1.0, 2.0, 3.0]}


@pytest.mark.parametrize("cells", [[[1, 2, 3, 4]] * 2, [np.ones((2, 2))] * 2], ids=["flat lists", "arrays"])
def test_cells_with_tensors_are_stacked(cells: list[Any], scorer: Any) -> None:
    """Pictures come as one column of lists, in the shape of the graph or flat."""
    answer = scorer(x=(T.FLOAT, ["N", 2, 2])).predict(pd.DataFrame({"picture": cells}))
    assert answer["x_out"][0].shape == (2, 2)


def test_pixels_in_columns_are_reshaped(scorer: Any) -> None:
    """As many columns as the graph takes numbers a row."""
    frame = pd.DataFrame(np.arange(8.0).reshape(2, 4))
    assert scorer(x=(T.FLOAT, ["N", 1, 2, 2])).predict(frame)["x_out"][1].tolist() == [[[4, 5], [6, 7]]]


def test_several_inputs_take_a_column_each(scorer: Any) -> None:
    """By name, whatever the order, each as its own type; other columns do not matter."""
    frame = pd.DataFrame({"n": [1, 2], "unused": [0, 0], "t": ["a", "b"], "x": [0.5, 1.5], "b": [True, False]})
    model = scorer(x=(T.DOUBLE, ["N"]), t=(T.STRING, ["N", 1]), n=(T.INT32, ["N", 1]), b=(T.BOOL, ["N"]))
    answer = model.predict(frame)
    expected = {"x_out": [0.5, 1.5], "t_out": ["a", "b"], "n_out": [1, 2], "b_out": [True, False]}
    assert answer.to_dict(orient="list") == expected
    assert answer["n_out"].dtype == np.int32


def test_missing_column_is_named(scorer: Any) -> None:
    """With what there is."""
    with pytest.raises(SchemaError, match="'second'") as raised:
        scorer(first=(T.FLOAT, ["N"]), second=(T.FLOAT, ["N"])).predict(pd.DataFrame({"first": [1.0], "2nd": [1.0]}))
    assert "'2nd'" in str(raised.value.hint)


def test_one_array_for_several_inputs_is_refused(scorer: Any) -> None:
    """The names of the inputs are told."""
    with pytest.raises(SchemaError, match="2 inputs") as raised:
        scorer(first=(T.FLOAT, ["N"]), second=(T.FLOAT, ["N"])).predict(np.ones(2))
    assert "'first', 'second'" in str(raised.value.hint)


def test_mapping_feeds_by_name(scorer: Any) -> None:
    """Arrays are cast, lists are taken, scalars too."""
    model = scorer(x=(T.FLOAT, ["N", 2]), scale=(T.FLOAT, []))
    answer = model.predict({"x": np.array([[1.0, 2.0]]), "scale": 0.5})
    assert answer["x_out"].dtype == np.float32
    assert float(answer["scale_out"]) == 0.5
    with pytest.raises(SchemaError, match="'x'"):
        scorer(x=(T.FLOAT, ["N", 2])).predict({"y": np.ones((1, 2))})


@pytest.mark.parametrize(
    ("told", "data", "words"),
    [
        ((T.FLOAT, ["N", 3]), np.ones((2, 4)), r"shape \(2, 4\)"),
        ((T.FLOAT, ["N", 3]), pd.DataFrame(np.ones((2, 4))), r"shape \(2, 4\)"),
        ((T.FLOAT, ["N"]), np.array([1e300]), "1e\\+300"),
        ((T.INT64, ["N"]), np.array([1.5]), "1.5"),
        ((T.INT8, ["N"]), np.array([300]), "300"),
        ((T.FLOAT, ["N"]), np.array(["1.5"]), "'1.5'"),
        ((T.FLOAT, [2, 3]), np.ones((3, 3)), r"shape \(3, 3\)"),
    ],
    ids=["width", "width of a frame", "overflow", "fraction", "range", "text", "fixed batch"],
)
def test_what_does_not_fit_is_told(told: Any, data: Any, words: str, scorer: Any) -> None:
    """The tensor, what it takes and what came."""
    with pytest.raises(SchemaError, match=f"tensor 'x'.*{words}"):
        scorer(x=told).predict(data)


@pytest.mark.parametrize("value", [np.nan, None, 1], ids=str)
def test_text_is_text(value: Any, scorer: Any) -> None:
    """ONNX Runtime would score a missing value as the text 'nan' or 'None'."""
    model = scorer(x=(T.STRING, ["N", 2]))
    frame = pd.DataFrame({"a": ["x", "y"], "b": pd.Series(["z", value], dtype=object)})
    with pytest.raises(SchemaError, match="tensor 'x' takes text"):
        model.predict(frame)
    assert model.predict(frame.head(1))["x_out"][0].tolist() == ["x", "z"]
    assert model.predict(np.array([["é", "z"]]))["x_out"].tolist() == [["é", "z"]]


def test_batch_of_one_is_scored_row_by_row(linear: Linear, tmp_path: Path) -> None:
    """What was exported with an example of one row takes many."""
    modelpack.save_model(linear(2, batch=1), tmp_path / "model")
    model = modelpack.pyfunc.load_model(tmp_path / "model")
    rows = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    expected = rows @ np.arange(6, dtype=np.float32).reshape(3, 2)
    np.testing.assert_allclose(model.predict(rows)["y"], expected, rtol=1e-6)
    np.testing.assert_allclose(np.stack(list(model.predict(pd.DataFrame(rows))["y"])), expected, rtol=1e-6)
    with pytest.raises(ModelFailureError):
        model.predict(rows[:0])


def test_library_can_still_fail(scorer: Any) -> None:
    """Inputs that disagree with each other are ONNX Runtime's to refuse, in a modelpack error."""
    from modelpack.errors import ModelpackError

    model = scorer(x=(T.FLOAT, ["N", 2]), z=(T.FLOAT, ["N", 2]))
    answer = model.predict({"x": np.ones((2, 2)), "z": np.ones((3, 2))})
    assert answer["z_out"].shape == (3, 2)
    with pytest.raises(ModelpackError):
        model.predict({"x": "text", "z": np.ones((3, 2))})

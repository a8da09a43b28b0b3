"""What comes back: a frame for a table, arrays by name for arrays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto as T
from onnx import helper

import modelpack
from modelpack.errors import ModelFailureError
from modelpack.schema.signature import Array, ColumnSchema, Object, TensorSchema

RECORDED = Path(__file__).parent / "recorded"
Graph = Callable[..., Any]


@pytest.fixture
def several(graph: Graph) -> Any:
    """A model with a number, a list and a matrix for each row."""
    inputs = {"x": (T.FLOAT, ["N", 4])}
    outputs = {"mean": (T.FLOAT, ["N", 1]), "same": (T.FLOAT, ["N", 4]), "square": (T.FLOAT, ["N", 2, 2])}
    nodes = [("ReduceMean", ["x"], ["mean"]), ("Identity", ["x"], ["same"]), ("Reshape", ["x", "s"], ["square"])]
    model = graph(nodes, inputs, outputs, {"s": np.array([-1, 2, 2], dtype=np.int64)})
    model.graph.node[0].attribute.append(helper.make_attribute("axes", [1]))
    return model


def test_frame_is_answered_with_a_column_for_each_output(several: Any, tmp_path: Path) -> None:
    """A row for each row: MLflow's frame, but that lists of numbers keep to their rows."""
    frame = pd.DataFrame(np.arange(12.0).reshape(3, 4), columns=list("abcd"), index=[7, 8, 9])
    info = modelpack.save_model(several, tmp_path / "model", input_example=frame)
    answer = modelpack.pyfunc.load_model(tmp_path / "model").predict(frame)
    assert list(answer.columns) == ["mean", "same", "square"]
    assert answer["mean"].tolist() == [1.5, 5.5, 9.5]
    assert answer.index.tolist() == [7, 8, 9]
    assert answer["same"][8].tolist() == [4, 5, 6, 7]
    assert answer["square"][9].tolist() == [[8, 9], [10, 11]]
    assert isinstance(info.signature, modelpack.ModelSignature)
    assert isinstance(info.signature.outputs, ColumnSchema)
    assert isinstance(info.signature.outputs.columns[1].type, Array)


@pytest.mark.parametrize("wrapped", [True, False], ids=["mapping", "array"])
def test_arrays_are_answered_with_arrays(wrapped: bool, several: Any, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter
    """As the graph gives them, by name."""
    rows = np.arange(12, dtype=np.float32).reshape(3, 4)
    example: Any = {"x": rows} if wrapped else rows
    info = modelpack.save_model(several, tmp_path / "model", input_example=example)
    answer = modelpack.pyfunc.load_model(tmp_path / "model").predict(example)
    assert {name: value.shape for name, value in answer.items()} == {
        "mean": (3, 1),
        "same": (3, 4),
        "square": (3, 2, 2),
    }
    assert isinstance(info.signature.outputs if info.signature else None, TensorSchema)


def test_output_that_is_no_column_is_told(graph: Graph, tmp_path: Path) -> None:
    """A sum over all rows has no place in a frame of rows; arrays get it as it is."""
    model = graph([("ReduceSum", ["x"], ["total"])], {"x": (T.FLOAT, ["N", 2])}, {"total": (T.FLOAT, [1, 1])})
    modelpack.save_model(model, tmp_path / "model")
    loaded = modelpack.pyfunc.load_model(tmp_path / "model")
    with pytest.raises(ModelFailureError, match=r"'total' has the shape \(1, 1\), which is no column for 3 rows"):
        loaded.predict(pd.DataFrame(np.ones((3, 2))))
    assert loaded.predict(np.ones((3, 2)))["total"].tolist() == [[6.0]]


def test_maps_of_a_classifier_are_dicts_with_texts_for_keys(tmp_path: Path) -> None:
    """skl2onnx's ZipMap: a dict a row, as JSON and signatures have them, in frames and in arrays."""
    told = json.loads((RECORDED / "mlflow-3-zipmap" / "expected.json").read_text(encoding="utf-8"))
    frame = pd.DataFrame(told["rows"]["data"], columns=told["rows"]["columns"])
    native = modelpack.load_model(RECORDED / "mlflow-3-zipmap", versions="ignore")
    info = modelpack.save_model(native, tmp_path / "model", input_example=frame)
    model = modelpack.pyfunc.load_model(tmp_path / "model")
    answer = model.predict(frame)
    assert answer["output_label"].tolist() == [0, 1, 2, 2]
    assert [list(cell) for cell in answer["output_probability"]] == [["0", "1", "2"]] * 4
    assert isinstance(info.signature.outputs.columns[1].type, Object)  # type: ignore[union-attr]  # a frame's has columns
    arrays = modelpack.pyfunc.load_model(RECORDED / "mlflow-3-zipmap", versions="ignore").predict(frame.to_numpy())
    assert arrays["output_probability"].shape == (4,)
    assert arrays["output_probability"][0].keys() == {"0", "1", "2"}


def test_sequences_are_arrays_of_arrays(graph: Graph, tmp_path: Path) -> None:
    """A graph may answer tensors of several lengths."""
    model = graph([("SplitToSequence", ["x"], ["parts"])], {"x": (T.FLOAT, ["N"])}, {"parts": (T.FLOAT, ["M"])})
    kind = helper.make_tensor_sequence_value_info("parts", T.FLOAT, None)
    model.graph.output[0].CopyFrom(kind)
    modelpack.save_model(model, tmp_path / "model")
    answer = modelpack.pyfunc.load_model(tmp_path / "model").predict(np.arange(3.0))
    assert [part.tolist() for part in answer["parts"]] == [[0.0], [1.0], [2.0]]

"""The conformance kit of modelpack, for ONNX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
from onnx import TensorProto, helper

from modelpack.testing import FlavorCase, FlavorTests, RecordedModel

RECORDED = Path(__file__).parent / "recorded"
WARNED = [RECORDED / "mlflow-3-settings" / "MLmodel"]  # see test_session.py


def model(nodes: list[Any], inputs: dict[str, Any], outputs: dict[str, Any], weights: dict[str, Any]) -> Any:
    """A model with constants."""
    values = [[helper.make_tensor_value_info(name, *told) for name, told in each.items()] for each in (inputs, outputs)]
    constants = [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph([helper.make_node(*node) for node in nodes], "kit", *values, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


def matrix() -> Any:
    """One matrix in, one number a row out."""
    weights = {"w": np.array([[1.5], [-2.0], [0.25]], dtype=np.float32)}
    inputs, outputs = {"x": (TensorProto.FLOAT, ["N", 3])}, {"score": (TensorProto.FLOAT, ["N", 1])}
    return model([("MatMul", ["x", "w"], ["score"])], inputs, outputs, weights)


def columns() -> Any:
    """A column each in, a number and a list a row out."""
    inputs = {"age": (TensorProto.FLOAT, ["N", 1]), "rooms": (TensorProto.INT64, ["N", 1])}
    outputs = {"sum": (TensorProto.FLOAT, ["N", 1]), "both": (TensorProto.FLOAT, ["N", 2])}
    nodes = [
        ("Cast", ["rooms"], ["r"]),
        ("Add", ["age", "r"], ["sum"]),
        ("Concat", ["age", "r"], ["both"]),
    ]
    made = model(nodes, inputs, outputs, {})
    made.graph.node[0].attribute.append(helper.make_attribute("to", TensorProto.FLOAT))
    made.graph.node[2].attribute.append(helper.make_attribute("axis", 1))
    return made


def large() -> Any:
    """Tensors that go into a file of their own, as do those of most networks."""
    weights = {"w": np.random.default_rng(0).normal(size=(3, 400)).astype(np.float32)}
    inputs, outputs = {"x": (TensorProto.FLOAT, ["N", 3])}, {"y": (TensorProto.FLOAT, ["N", 400])}
    return model([("MatMul", ["x", "w"], ["y"])], inputs, outputs, weights)


def single() -> Any:
    """A graph that was exported for a batch of one."""
    weights = {"w": np.array([[1.5, 2.0], [-2.0, 1.0], [0.25, 4.0]], dtype=np.float32)}
    inputs, outputs = {"x": (TensorProto.FLOAT, [1, 3])}, {"y": (TensorProto.FLOAT, [1, 2])}
    return model([("MatMul", ["x", "w"], ["y"])], inputs, outputs, weights)


def frame() -> pd.DataFrame:
    """Three columns of 64 bits, as pandas makes them."""
    return pd.DataFrame({"a": [1.0, 2.5, 0.1], "b": [0.5, 4.0, 2.0], "c": [8.0, -1.0, 3.3]})


def mixed_frame() -> pd.DataFrame:
    """A column for each input."""
    return pd.DataFrame({"age": [20.5, 41.0, 17.25], "rooms": [1, 4, 2]})


def predict_frame(model: Any, rows: Any) -> Any:
    """ONNX Runtime on the values of a frame, one column an output."""
    import onnxruntime
    import pandas as pd

    session = onnxruntime.InferenceSession(model.SerializeToString())
    values = rows.to_numpy().astype("float32")
    return pd.DataFrame(session.run(None, {"x": values})[0], columns=["score"])


def predict_columns(model: Any, rows: Any) -> Any:
    """ONNX Runtime on the columns of a frame."""
    import onnxruntime
    import pandas as pd

    session = onnxruntime.InferenceSession(model.SerializeToString())
    feeds = {"age": rows[["age"]].to_numpy("float32"), "rooms": rows[["rooms"]].to_numpy("int64")}
    total, both = session.run(None, feeds)
    return pd.DataFrame({"sum": total[:, 0], "both": list(both)})


def predict_arrays(model: Any, rows: Any) -> Any:
    """ONNX Runtime on an array, row by row."""
    import numpy as np
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString())
    values = (rows["x"] if isinstance(rows, dict) else rows).astype("float32")
    return {"y": np.concatenate([session.run(None, {"x": row[None]})[0] for row in values])}


def recorded(path: Path) -> RecordedModel:
    """A model that MLflow wrote, with what it predicted there."""
    told = json.loads((path / "expected.json").read_text(encoding="utf-8"))
    rows = pd.DataFrame(told["rows"]["data"], columns=told["rows"]["columns"])
    expected = pd.DataFrame(told["predictions"])
    return RecordedModel(name=path.name, path=path, inputs=rows, expected=expected, tolerance=1e-6)


class TestOnnx(FlavorTests):
    """The flavor does what every flavor does, with graphs that take one matrix: its columns have no names."""

    flavor = "onnx"
    library = "onnx"
    distribution = "onnx"
    knows_columns = False
    cases = (
        FlavorCase(name="matrix on a frame", build=matrix, inputs=frame, predict=predict_frame),
        FlavorCase(name="external data", build=large, inputs=lambda: frame().to_numpy(), predict=predict_arrays),
        FlavorCase(
            name="one file and settings",
            build=large,
            inputs=lambda: {"x": frame().to_numpy("float32")},
            predict=predict_arrays,
            tolerance=1e-6,
            options={
                "save_as_external_data": False,
                "onnx_execution_providers": ["CPUExecutionProvider"],
                "onnx_session_options": {"intra_op_num_threads": 1, "execution_mode": "sequential"},
            },
        ),
        FlavorCase(name="batch of one", build=single, inputs=lambda: frame().to_numpy(), predict=predict_arrays),
        FlavorCase(
            name="settings that need trust",
            build=matrix,
            inputs=frame,
            predict=predict_frame,
            executes_code=True,
            options={"onnx_session_options": {"extra_session_config": {"session.load_model_format": "ONNX"}}},
        ),
    )
    wrong_models = (object(), "model.onnx", b"bytes", onnx.GraphProto(), {"a": "mapping"}, 42, onnx.ModelProto)
    recorded_models = tuple(recorded(path.parent) for path in sorted(RECORDED.glob("*/MLmodel")) if path not in WARNED)


class TestOnnxOfColumns(FlavorTests):
    """The same with a graph that takes an input for each column."""

    flavor = "onnx"
    library = "onnx"
    distribution = "onnx"
    cases = (FlavorCase(name="an input a column", build=columns, inputs=mixed_frame, predict=predict_columns),)
    wrong_models = TestOnnx.wrong_models

"""ONNX models between MLflow and modelpack: each loads what the other wrote, and predicts the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper

import modelpack
from modelpack.testing import run_python

RunMLflow = Callable[..., Any]
FRAME = pd.DataFrame(np.random.default_rng(0).normal(size=(5, 3)), columns=["a", "b", "c"])
PAIR = pd.DataFrame({"width": [2.0, 4.0, 0.1], "length": [3.0, 1.0, 7.0]})
CLASSIFIER = Path(__file__).parents[3] / "plugins/flavor-onnx/tests/recorded/mlflow-3-zipmap"
LOAD = """
import json, sys
import mlflow.onnx, mlflow.pyfunc, pandas as pd
rows = pd.DataFrame(**{key: value for key, value in json.loads(sys.argv[2]).items() if key != "index"})
native = mlflow.onnx.load_model(sys.argv[1])
answer = mlflow.pyfunc.load_model(sys.argv[1]).predict(rows)
told = {name: list(column.values()) for name, column in json.loads(answer.to_json(double_precision=15)).items()}
print(json.dumps({"kind": type(native).__name__, "answer": told}))
"""
SAVE = """
import json, sys
import mlflow.onnx, mlflow.pyfunc, onnx, pandas as pd
rows = pd.DataFrame(**{key: value for key, value in json.loads(sys.argv[3]).items() if key != "index"})
options = {"pip_requirements": ["onnx"], **json.loads(sys.argv[4])}
mlflow.onnx.save_model(onnx.load(sys.argv[1]), sys.argv[2], **options)
answer = mlflow.pyfunc.load_model(sys.argv[2]).predict(rows)
told = {name: list(column.values()) for name, column in json.loads(answer.to_json(double_precision=15)).items()}
print(json.dumps({"answer": told}))
"""


def model(nodes: list[Any], inputs: dict[str, Any], outputs: dict[str, Any], constants: dict[str, Any]) -> Any:
    """A model in a version of the format that both sides read."""
    values = [[helper.make_tensor_value_info(name, *told) for name, told in each.items()] for each in (inputs, outputs)]
    tensors = [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph([helper.make_node(*node) for node in nodes], "interop", *values, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


def network() -> Any:
    """Three numbers in, one out, with a hidden layer large enough for a file of its own."""
    random = np.random.default_rng(1)
    constants = {
        "first": random.normal(size=(3, 200)).astype(np.float32),
        "second": random.normal(size=(200, 1)).astype(np.float32),
    }
    nodes = [("MatMul", ["x", "first"], ["h"]), ("Tanh", ["h"], ["t"]), ("MatMul", ["t", "second"], ["score"])]
    return model(nodes, {"x": (TensorProto.FLOAT, ["N", 3])}, {"score": (TensorProto.FLOAT, ["N", 1])}, constants)


def ratio() -> Any:
    """A column for each input."""
    inputs = {name: (TensorProto.DOUBLE, ["N"]) for name in ("length", "width")}
    return model([("Div", ["length", "width"], ["ratio"])], inputs, {"ratio": (TensorProto.DOUBLE, ["N"])}, {})


def classifier() -> Any:
    """What skl2onnx made of a classifier, with its ZipMap."""
    return onnx.load(CLASSIFIER / "model.onnx")


def flowers() -> pd.DataFrame:
    """What the classifier takes."""
    rows = json.loads((CLASSIFIER / "expected.json").read_text(encoding="utf-8"))["rows"]
    return pd.DataFrame(rows["data"], columns=rows["columns"])


CASES = [
    pytest.param(network, lambda: FRAME, {}, id="network"),
    pytest.param(network, lambda: FRAME, {"save_as_external_data": False}, id="network in one file"),
    pytest.param(
        network,
        lambda: FRAME,
        {
            "onnx_execution_providers": ["CPUExecutionProvider"],
            "onnx_session_options": {
                "intra_op_num_threads": 1,
                "graph_optimization_level": 99,
                "extra_session_config": {"session.intra_op.allow_spinning": "0"},
            },
        },
        id="network with settings",
    ),
    pytest.param(ratio, lambda: PAIR, {}, id="several inputs"),
    pytest.param(classifier, flowers, {}, id="classifier with maps"),
]


def assert_same(answer: pd.DataFrame, told: dict[str, Any]) -> None:
    """Column by column, within what two builds of a runtime may differ."""
    from modelpack.testing.compare import difference

    assert list(answer.columns) == list(told)
    for name, values in told.items():
        assert difference(answer[name], values, 1e-6) is None, name


def predict(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """Load in a fresh process, as a user who trusts nothing, and predict."""

    def task(place: str, rows: Any) -> Any:
        import modelpack

        return modelpack.pyfunc.load_model(place).predict(rows)

    answer: pd.DataFrame = run_python(task, str(path), frame, environment={"MODELPACK_HOME": str(path.parent / "home")})
    return answer


@pytest.mark.parametrize(("build", "rows", "options"), CASES)
def test_mlflow_loads_ours(
    build: Callable[[], Any], rows: Callable[[], pd.DataFrame], options: Any, tmp_path: Path, run_mlflow: RunMLflow
) -> None:
    """As a graph and as pyfunc, with the same predictions; so do we, in another process."""
    modelpack.save_model(build(), tmp_path / "model", **options)
    told = run_mlflow(LOAD, tmp_path / "model", rows().to_json(orient="split", double_precision=15))
    assert told["kind"] == "ModelProto"
    assert_same(predict(tmp_path / "model", rows()), told["answer"])


@pytest.mark.parametrize(("build", "rows", "options"), CASES)
def test_we_load_mlflows(
    build: Callable[[], Any], rows: Callable[[], pd.DataFrame], options: Any, tmp_path: Path, run_mlflow: RunMLflow
) -> None:
    """What it writes right here, whatever its options."""
    onnx.save_model(build(), tmp_path / "given.onnx")
    arguments = rows().to_json(orient="split", double_precision=15), json.dumps(options)
    told = run_mlflow(SAVE, tmp_path / "given.onnx", tmp_path / "model", *arguments)
    assert modelpack.load_model(tmp_path / "model").graph.name == build().graph.name
    assert_same(predict(tmp_path / "model", rows()), told["answer"])

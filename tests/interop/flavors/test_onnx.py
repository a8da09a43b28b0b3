"""ONNX models between MLflow and modelpack: each loads what the other wrote, and predicts the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
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
told = {}
for place, split in json.loads(sys.argv[1]):
    rows = pd.DataFrame(split["data"], columns=split["columns"])
    kind = type(mlflow.onnx.load_model(place)).__name__
    answer = json.loads(mlflow.pyfunc.load_model(place).predict(rows).to_json(double_precision=15))
    told[place] = {"kind": kind, "answer": {name: list(column.values()) for name, column in answer.items()}}
print(json.dumps(told))
"""
SAVE = """
import json, sys
import mlflow.onnx, onnx
for given, place, options in json.loads(sys.argv[2]):
    mlflow.onnx.save_model(onnx.load(given), place, pip_requirements=["onnx"], **options)
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


SETTINGS = {
    "onnx_execution_providers": ["CPUExecutionProvider"],
    "onnx_session_options": {
        "intra_op_num_threads": 1,
        "graph_optimization_level": 99,
        "extra_session_config": {"session.intra_op.allow_spinning": "0"},
    },
}
CASES: dict[str, tuple[Callable[[], Any], Callable[[], pd.DataFrame], dict[str, Any]]] = {
    "network": (network, lambda: FRAME, {}),
    "one file": (network, lambda: FRAME, {"save_as_external_data": False}),
    "settings": (network, lambda: FRAME, SETTINGS),
    "several inputs": (ratio, lambda: PAIR, {}),
    "classifier with maps": (classifier, flowers, {}),
}


def assert_same(answer: pd.DataFrame, told: dict[str, Any]) -> None:
    """Column by column, within what two builds of a runtime may differ."""
    from modelpack.testing.compare import difference

    assert list(answer.columns) == list(told)
    for name, values in told.items():
        assert difference(answer[name], values, 1e-6) is None, name


def predict(places: dict[str, pd.DataFrame], home: Path) -> dict[str, pd.DataFrame]:
    """Load each in a fresh process, as a user who trusts nothing, and predict."""

    def task(places: dict[str, Any]) -> Any:
        import modelpack

        return {place: modelpack.pyfunc.load_model(place).predict(rows) for place, rows in places.items()}

    answers: dict[str, pd.DataFrame] = run_python(task, places, environment={"MODELPACK_HOME": str(home)})
    return answers


def as_json(places: dict[str, pd.DataFrame]) -> str:
    """Places and rows as another process reads them, numbers exact."""
    return json.dumps([[place, rows.to_dict(orient="split")] for place, rows in places.items()])


def test_mlflow_loads_ours(tmp_path: Path, run_mlflow: RunMLflow) -> None:
    """As a graph and as pyfunc, with the same predictions; so do we, in another process."""
    places = {str(tmp_path / name): rows() for name, (_, rows, _) in CASES.items()}
    for name, (build, _, options) in CASES.items():
        modelpack.save_model(build(), tmp_path / name, **options)
    told = run_mlflow(LOAD, as_json(places))
    ours = predict(places, tmp_path / "home")
    for place in places:
        assert told[place]["kind"] == "ModelProto"
        assert_same(ours[place], told[place]["answer"])


def test_we_load_mlflows(tmp_path: Path, run_mlflow: RunMLflow) -> None:
    """What it writes right here, whatever its options."""
    places = {str(tmp_path / name): rows() for name, (_, rows, _) in CASES.items()}
    given = []
    for name, (build, _, options) in CASES.items():
        onnx.save_model(build(), tmp_path / f"{name}.onnx")
        given.append((str(tmp_path / f"{name}.onnx"), str(tmp_path / name), options))
    told = run_mlflow(f"{SAVE}\n{LOAD}", as_json(places), json.dumps(given))
    ours = predict(places, tmp_path / "home")
    for name, (build, _, _) in CASES.items():
        assert modelpack.load_model(tmp_path / name).graph.name == build().graph.name
        assert_same(ours[str(tmp_path / name)], told[str(tmp_path / name)]["answer"])

"""Write the recorded models: `python record.py` in an environment with mlflow, onnx, onnxruntime and skl2onnx.

Each directory holds what `mlflow.onnx.save_model` wrote, and `expected.json`: rows, and what MLflow predicted for them.
`mlflow-1` is laid out by hand, as MLflow 1 did it.
"""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import mlflow.onnx
import mlflow.pyfunc
import numpy as np
import onnx
import pandas as pd
from mlflow.models import infer_signature
from onnx import TensorProto, helper
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

HERE = Path(__file__).parent
ROWS, TARGET = load_iris(return_X_y=True, as_frame=True)
SAMPLE = ROWS.iloc[[0, 60, 120, 149]]
IR = 10
OLD = """\
flavors:
  onnx:
    data: model.onnx
    onnx_version: 1.11.0
  python_function:
    data: model.onnx
    env: conda.yaml
    loader_module: mlflow.onnx
    python_version: 3.8.8
utc_time_created: '2022-06-02 17:38:26.708004'
"""


def matrix(columns: int) -> Any:
    """Four numbers a row times a matrix."""
    weights = np.random.default_rng(0).normal(size=(4, columns)).astype(np.float32)
    return model(
        [helper.make_node("MatMul", ["rows", "weights"], ["scores"])],
        {"rows": (TensorProto.FLOAT, [None, 4])},
        {"scores": (TensorProto.FLOAT, [None, columns])},
        {"weights": weights},
    )


def ratio() -> Any:
    """A column for each input."""
    names = ("length", "width")
    inputs = {name: (TensorProto.DOUBLE, [None]) for name in names}
    return model([helper.make_node("Div", names, ["ratio"])], inputs, {"ratio": (TensorProto.DOUBLE, [None])}, {})


def model(nodes: list[Any], inputs: dict[str, Any], outputs: dict[str, Any], constants: dict[str, Any]) -> Any:
    """A model of which nothing depends on the day."""
    values = [[helper.make_tensor_value_info(name, *told) for name, told in each.items()] for each in (inputs, outputs)]
    tensors = [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "recorded", *values, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=IR)


def classifier(*, zipmap: bool) -> Any:
    """What skl2onnx makes of a classifier: labels, and probabilities as maps or as a matrix."""
    fitted = LogisticRegression(max_iter=500).fit(ROWS.to_numpy(np.float32), TARGET)
    options = {id(fitted): {"zipmap": zipmap}}
    converted = to_onnx(fitted, ROWS.to_numpy(np.float32)[:1], options=options, target_opset={"": 17, "ai.onnx.ml": 3})
    converted.ir_version = IR
    return converted


def record(name: str, made: Any, rows: pd.DataFrame, *, signed: bool = False, **options: Any) -> None:
    """Save one model, and note what MLflow predicts with it."""
    path = fresh(f"mlflow-3-{name}")
    if signed:
        options["signature"] = infer_signature(rows, pd.DataFrame({"scores": [0.0]}))
        options["input_example"] = rows.head(2)
    mlflow.onnx.save_model(made, path, pip_requirements=["onnx", "onnxruntime"], **options)
    expect(path, rows, predictions_of(path, rows))


def predictions_of(path: Path, rows: pd.DataFrame) -> dict[str, Any]:
    """What MLflow answers for a frame."""
    answer = mlflow.pyfunc.load_model(str(path)).predict(rows)
    told: dict[str, Any] = json.loads(answer.to_json(orient="columns", double_precision=15))
    return told


def record_old() -> None:
    """The layout of MLflow 1: one environment file, no providers."""
    path = fresh("mlflow-1")
    path.mkdir()
    onnx.save_model(ratio(), path / "model.onnx")
    (path / "MLmodel").write_text(OLD, encoding="utf-8")
    (path / "conda.yaml").write_text("name: mlflow-env\ndependencies:\n- python=3.8.8\n", encoding="utf-8")
    rows = pd.DataFrame({"width": [2.0, 4.0], "length": [3.0, 1.0]})
    expect(path, rows, {"ratio": [1.5, 0.25]})


def fresh(name: str) -> Path:
    """The place of a record, empty."""
    shutil.rmtree(HERE / name, ignore_errors=True)
    return HERE / name


def expect(path: Path, rows: pd.DataFrame, predictions: dict[str, Any]) -> None:
    """Note rows and predictions."""
    columns = {name: [*each.values()] if isinstance(each, dict) else each for name, each in predictions.items()}
    expected = {"rows": rows.to_dict(orient="split"), "predictions": columns}
    (path / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


def main() -> None:
    """Write them all."""
    pair = pd.DataFrame({"width": [2.0, 4.0, 0.5], "length": [3.0, 1.0, 7.0]})
    record("matrix", matrix(1), SAMPLE)
    record("settings", matrix(1), SAMPLE, signed=True, **settings())
    record("columns", ratio(), pair, signed=True)
    record("zipmap", classifier(zipmap=True), SAMPLE)
    record_old()
    for name, made in (("external", matrix(80)), ("probabilities", classifier(zipmap=False))):
        path = fresh(f"mlflow-3-{name}")
        mlflow.onnx.save_model(made, path, pip_requirements=["onnx", "onnxruntime"], location="tensors.data")
        answers = mlflow.pyfunc.load_model(str(path)).predict(SAMPLE.to_numpy(np.float32))
        expect(path, SAMPLE, {key: np.asarray(value).tolist() for key, value in answers.items()})


def settings() -> dict[str, Any]:
    """Where and how the model shall run."""
    return {
        "onnx_execution_providers": [("CUDAExecutionProvider", {"device_id": 0}), "CPUExecutionProvider"],
        "onnx_session_options": {
            "intra_op_num_threads": 1,
            "execution_mode": "SEQUENTIAL",
            "graph_optimization_level": 99,
            "log_severity_level": 3,
            "extra_session_config": {"session.intra_op.allow_spinning": "0"},
        },
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

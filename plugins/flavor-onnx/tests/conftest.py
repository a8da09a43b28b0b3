"""What the tests of the plugin share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture

Graph = Callable[..., Any]
NEWEST_IR = 10
"""That ONNX Runtime 1.20 reads."""


@pytest.fixture
def graph() -> Graph:
    """Make a model of nodes, inputs and outputs (type and shape by name), and constants."""

    def make(
        nodes: Sequence[Any], inputs: dict[str, Any], outputs: dict[str, Any], constants: dict[str, Any] | None = None
    ) -> Any:
        tensors = [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()]
        values = [
            [helper.make_tensor_value_info(name, *told) for name, told in each.items()] for each in (inputs, outputs)
        ]
        body = helper.make_graph([helper.make_node(*node) for node in nodes], "test", *values, tensors)
        return helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=NEWEST_IR)

    return make


@pytest.fixture
def linear(graph: Graph) -> Callable[..., Any]:
    """Make a model that multiplies rows of three numbers with a matrix: `linear(columns=1, batch="N")`."""

    def make(columns: int = 1, batch: Any = "N", weights: Any = None) -> Any:
        matrix = np.arange(3 * columns, dtype=np.float32).reshape(3, columns) if weights is None else weights
        inputs, outputs = {"x": (TensorProto.FLOAT, [batch, 3])}, {"y": (TensorProto.FLOAT, [batch, matrix.shape[1]])}
        return graph([("MatMul", ["x", "w"], ["y"])], inputs, outputs, {"w": matrix})

    return make

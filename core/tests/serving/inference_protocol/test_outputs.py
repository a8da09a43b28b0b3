"""What a model answers, as tensors."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature, Tensor, TensorSchema

if TYPE_CHECKING:
    from collections.abc import Callable

NAN = float("nan")


def outputs_of(serve: Callable[..., Any], answer: Any, outputs: Any = None) -> list[dict[str, Any]]:
    """The outputs of a model that answers this, with a signature of these outputs."""
    served = serve(lambda _: answer, ModelSignature(outputs=outputs))
    found: list[dict[str, Any]] = served.infer(
        {"name": "t", "datatype": "FP64", "shape": [1, 1], "data": [0]},
    )["outputs"]
    return found


@pytest.mark.parametrize(
    ("answer", "datatype", "shape", "data"),
    [
        (np.array([1, 2]), "INT64", [2], [1, 2]),
        (np.array([[1.5], [2.5]]), "FP64", [2, 1], [1.5, 2.5]),
        (np.array([[1.5, 2.5], [3.5, 4.5]]).T, "FP64", [2, 2], [1.5, 3.5, 2.5, 4.5]),
        (np.array([0.1], "float32"), "FP32", [1], [0.1]),
        (np.array([0.5], "float16"), "FP16", [1], [0.5]),
        (np.array([0.5], ">f8"), "FP64", [1], [0.5]),
        (np.array([0.5], "longdouble"), "FP64", [1], [0.5]),
        (np.array([255], "uint8"), "UINT8", [1], [255]),
        (np.array([True, False]), "BOOL", [2], [True, False]),
        (np.array(5), "INT64", [1], [5]),
        (np.float32(0.5), "FP32", [1], [0.5]),
        (np.array([NAN, np.inf]), "FP64", [2], [None, None]),
        (np.array(["a", "é"]), "BYTES", [2], ["a", "é"]),
        (np.array([["a"], ["b"]], object), "BYTES", [2, 1], ["a", "b"]),
        (np.array([1, 2], object), "INT64", [2], [1, 2]),
        (np.array(["2024-01-31"], "datetime64[D]"), "BYTES", [1], ["2024-01-31T00:00:00"]),
        (np.zeros((0, 3)), "FP64", [0, 3], []),
        ([1, 2], "INT64", [2], [1, 2]),
        ([1, None], "FP64", [2], [1.0, None]),
        ([True, False], "BOOL", [2], [True, False]),
        ([[1, 2], [3, 4]], "INT64", [2, 2], [1, 2, 3, 4]),
        (["a", None], "BYTES", [2], ["a", None]),
        ([["a", "b"], ["c", "d"]], "BYTES", [2, 2], ["a", "b", "c", "d"]),
        ([[1], [2, 3]], "BYTES", [2], ["[1]", "[2,3]"]),
        ([1, "a"], "BYTES", [2], ["1", "a"]),
        ([Decimal("1.10")], "BYTES", [1], ["1.10"]),
        ([2**64], "BYTES", [1], ["18446744073709551616"]),
        ("text", "BYTES", [1], ["text"]),
        (5, "INT64", [1], [5]),
        ([], "FP64", [0], []),
        (pd.Series([1, 2]), "INT64", [2], [1, 2]),
        (pd.Series([1, None], dtype="Int64"), "FP64", [2], [1.0, None]),
        (pd.Series([1, 2], dtype="Int64"), "INT64", [2], [1, 2]),
        (pd.Series(["a", None]), "BYTES", [2], ["a", None]),
        (pd.Series(["a", "b"], dtype="category"), "BYTES", [2], ["a", "b"]),
        (pd.Timestamp("2024-01-31"), "BYTES", [1], ["2024-01-31T00:00:00"]),
    ],
    ids=str,
)
def test_an_answer_is_one_tensor(serve: Callable[..., Any], answer: Any, datatype: str, shape: Any, data: Any) -> None:
    """Numbers as numbers, and everything else as text."""
    assert outputs_of(serve, answer) == [{"name": "output-0", "datatype": datatype, "shape": shape, "data": data}]


def test_bytes_are_told_as_base64(serve: Callable[..., Any]) -> None:
    """JSON cannot hold them otherwise."""
    (output,) = outputs_of(serve, [b"\xff", None])
    assert output["data"] == [base64.b64encode(b"\xff").decode(), None]
    assert output["parameters"] == {"content_type": "base64"}


@pytest.mark.parametrize(
    "answer",
    [
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        {"a": np.array([1, 2]), "b": ["x", "y"]},
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
    ],
    ids=["frame", "dict", "records"],
)
def test_a_table_is_a_tensor_for_each_column(serve: Callable[..., Any], answer: Any) -> None:
    """Named as the columns are."""
    assert outputs_of(serve, answer) == [
        {"name": "a", "datatype": "INT64", "shape": [2], "data": [1, 2]},
        {"name": "b", "datatype": "BYTES", "shape": [2], "data": ["x", "y"]},
    ]


def test_a_series_is_called_by_its_name(serve: Callable[..., Any]) -> None:
    """Unless the signature has a name for it."""
    series = pd.Series([1.5], name="price")
    only = ColumnSchema((Column(DataType.DOUBLE, "cost"),))
    assert [each["name"] for each in outputs_of(serve, series)] == ["price"]
    assert [each["name"] for each in outputs_of(serve, series, only)] == ["cost"]


def test_an_array_has_the_columns_of_the_signature(serve: Callable[..., Any]) -> None:
    """Where there are as many, so that the answer is what the metadata says."""
    two = ColumnSchema((Column(DataType.DOUBLE, "no"), Column(DataType.DOUBLE, "yes")))
    found = outputs_of(serve, np.array([[0.25, 0.75], [0.5, 0.5]]), two)
    assert [(each["name"], each["data"]) for each in found] == [("no", [0.25, 0.5]), ("yes", [0.75, 0.5])]
    assert [each["name"] for each in outputs_of(serve, np.zeros((1, 3)), two)] == ["output-0"]


def test_a_tensor_has_the_name_of_the_signature(serve: Callable[..., Any]) -> None:
    """And its axes stay together."""
    tensors = TensorSchema((Tensor("float64", (-1, 2), "scores"),))
    (output,) = outputs_of(serve, np.zeros((1, 2)), tensors)
    assert (output["name"], output["shape"]) == ("scores", [1, 2])


@pytest.mark.parametrize(
    "answer", [{1, 2}, [object()], np.array([1j]), ["\ud800"]], ids=["set", "object", "complex", "surrogate"]
)
def test_an_answer_that_is_no_data_is_a_failure_of_the_model(serve: Callable[..., Any], answer: Any) -> None:
    """500, and the server lives on."""
    served = serve(lambda _: answer)
    tensor = {"name": "t", "datatype": "FP64", "shape": [1], "data": [0]}
    for binary in (False, True):
        told = served.infer(tensor, status=500, parameters={"binary_data_output": binary})
        assert told["error"].startswith("the model answered")
    assert served.client.get("/v2/health/live").status_code == 200

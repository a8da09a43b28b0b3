from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from modelpack.data.codecs import decode
from modelpack.package.input_example import SERVING_FILE
from modelpack.pyfunc.enforcement import Enforcer
from modelpack.schema.signature import (
    AnyType,
    Array,
    Column,
    ColumnSchema,
    DataType,
    Map,
    ModelSignature,
    Object,
    Property,
    Tensor,
    TensorSchema,
)
from modelpack.serving.example import ROWS, Example, curl_line, example_body, example_request

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelpack.pyfunc.model import PyFuncModel

EVERY_TYPE = ColumnSchema(
    (
        *(Column(kind, kind.value) for kind in DataType),
        Column(Array(DataType.LONG), "list"),
        Column(Map(DataType.LONG), "map"),
        Column(Object((Property("a", DataType.STRING),)), "object"),
        Column(AnyType(), "any"),
    )
)


@pytest.mark.parametrize(
    "inputs",
    [
        EVERY_TYPE,
        ColumnSchema((Column(DataType.DOUBLE),)),
        TensorSchema((Tensor("float32", (-1, 3)),)),
        TensorSchema((Tensor("int64", (-1,), "a"), Tensor("bool", (-1, 2), "b"))),
    ],
    ids=["every type", "unnamed column", "tensor", "named tensors"],
)
def test_the_example_fits_the_signature(inputs: Any) -> None:
    """What the server suggests, it takes."""
    signature = ModelSignature(inputs=inputs)
    body = json.dumps(example_body(signature)).encode()
    Enforcer(signature).inputs(decode(body, "application/json", signature=signature).data)


def test_the_command_can_be_pasted(make_model: Callable[..., PyFuncModel]) -> None:
    """It is one shell word for each argument."""
    words = shlex.split(curl_line(make_model(), "http://host:1"))
    assert words[:2] == ["curl", "http://host:1/invocations"]
    assert json.loads(words[-1]) == {"dataframe_split": {"columns": ["x", "y"], "data": [[1.5, 1.5]]}}


COLUMNS = ModelSignature(ColumnSchema((Column(DataType.LONG, "a"), Column(DataType.DOUBLE, "b"))))


def test_a_stored_example_is_given_in_the_order_of_the_signature(make_described: Callable[..., PyFuncModel]) -> None:
    """Columns that the model does not know are left out, and there are no more rows than a page shows."""
    frame = pd.DataFrame({"b": [0.5] * 50, "c": ["x"] * 50, "a": range(50)})
    example = example_request(make_described(COLUMNS, len, example=frame))
    assert example is not None
    assert example.stored
    table = example.body["dataframe_split"]
    assert table["columns"] == ["a", "b"]
    assert table["data"] == [[row, 0.5] for row in range(ROWS)]


@pytest.mark.parametrize("example", [{"a": 1, "b": 2.5}, [{"a": 1, "b": 2.5}], [[1, 2.5]]])
def test_a_stored_example_of_plain_values_becomes_a_table(
    make_described: Callable[..., PyFuncModel], example: Any
) -> None:
    """Pages and documents are made from one form."""
    found = example_request(make_described(COLUMNS, len, example=example))
    assert found == Example({"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2.5]]}}, stored=True)


def test_a_stored_example_that_does_not_fit_is_replaced(make_described: Callable[..., PyFuncModel]) -> None:
    """What the server would refuse is not suggested."""
    found = example_request(make_described(COLUMNS, len, example=pd.DataFrame({"z": ["text"]})))
    assert found == Example({"dataframe_split": {"columns": ["a", "b"], "data": [[1, 1.5]]}}, stored=False)


def test_a_stored_example_that_was_damaged_is_replaced(
    make_described: Callable[..., PyFuncModel], tmp_path: Path
) -> None:
    """A page is shown all the same."""
    model = make_described(COLUMNS, len, example=pd.DataFrame({"a": [1], "b": [2.5]}))
    (tmp_path / SERVING_FILE).write_text("{")
    found = example_request(model)
    assert found is not None
    assert not found.stored


def test_the_example_of_a_model_that_knows_one_file_only_is_shown(
    make_described: Callable[..., PyFuncModel], tmp_path: Path
) -> None:
    """Older models have no body of a request, but the data."""
    model = make_described(COLUMNS, len, example=pd.DataFrame({"a": [7], "b": [2.5]}))
    (tmp_path / SERVING_FILE).unlink()
    found = example_request(model)
    assert found == Example({"dataframe_split": {"columns": ["a", "b"], "data": [[7, 2.5]]}}, stored=True)


def test_tensors_are_shown_as_they_are_stored(make_described: Callable[..., PyFuncModel]) -> None:
    """And a large one by its first entry."""
    signature = ModelSignature(TensorSchema((Tensor("float64", (-1, 100)),)))
    small = example_request(make_described(signature, len, example=np.ones((2, 100))))
    large = example_request(make_described(signature, len, example=np.ones((2000, 100))))
    assert small == Example({"inputs": [[1.0] * 100] * 2}, stored=True)
    assert large == Example({"inputs": [[1.0] * 100]}, stored=True)


def test_no_huge_tensor_is_made_up(make_described: Callable[..., PyFuncModel]) -> None:
    """A page of a hundred thousand ones helps nobody."""
    signature = ModelSignature(TensorSchema((Tensor("float32", (-1, 3, 224, 224)),)))
    assert example_request(make_described(signature, len)) is None

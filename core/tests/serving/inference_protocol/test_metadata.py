"""A model's signature in the protocol's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modelpack.schema.signature import (
    Array,
    Column,
    ColumnSchema,
    ColumnType,
    DataType,
    ModelSignature,
    Tensor,
    TensorSchema,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("kind", "described"),
    [
        (DataType.BOOLEAN, {"datatype": "BOOL"}),
        (DataType.INTEGER, {"datatype": "INT32"}),
        (DataType.LONG, {"datatype": "INT64"}),
        (DataType.FLOAT, {"datatype": "FP32"}),
        (DataType.DOUBLE, {"datatype": "FP64"}),
        (DataType.STRING, {"datatype": "BYTES", "parameters": {"content_type": "str"}}),
        (DataType.BINARY, {"datatype": "BYTES", "parameters": {"content_type": "base64"}}),
        (DataType.DATETIME, {"datatype": "BYTES", "parameters": {"content_type": "datetime"}}),
        (Array(DataType.LONG), {"datatype": "BYTES", "parameters": {"content_type": "json"}}),
    ],
    ids=str,
)
def test_a_column_is_a_tensor_of_one_axis(
    serve: Callable[..., Any], kind: ColumnType, described: dict[str, Any]
) -> None:
    """Types that the protocol lacks are texts, and the metadata says which."""
    signature = ModelSignature(inputs=ColumnSchema((Column(kind, "x"),)), outputs=ColumnSchema((Column(kind),)))
    metadata = serve(signature=signature).client.get("/v2/models/m").json()
    assert metadata["inputs"] == [{"name": "x", "shape": [-1], **described}]
    assert metadata["outputs"] == [{"name": "output-0", "shape": [-1], **described}]


def test_a_tensor_keeps_its_shape(serve: Callable[..., Any]) -> None:
    """Axes that vary are -1, as in the signature."""
    tensors = TensorSchema((Tensor("float32", (-1, 28, 28), "image"), Tensor("str", (-1,), "title", required=False)))
    metadata = serve(signature=ModelSignature(inputs=tensors)).client.get("/v2/models/m").json()
    assert metadata["inputs"] == [
        {"name": "image", "datatype": "FP32", "shape": [-1, 28, 28]},
        {"name": "title", "datatype": "BYTES", "shape": [-1], "parameters": {"optional": True}},
    ]


def test_a_model_without_a_signature_says_nothing_of_tensors(serve: Callable[..., Any]) -> None:
    """What it takes is not known."""
    assert serve().client.get("/v2/models/m").json() == {
        "name": "m",
        "versions": ["1"],
        "platform": "toy_mlmodel",
        "inputs": [],
        "outputs": [],
    }

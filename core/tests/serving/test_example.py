from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.data.codecs import decode
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
from modelpack.serving.example import curl_line, example_body

if TYPE_CHECKING:
    from collections.abc import Callable

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

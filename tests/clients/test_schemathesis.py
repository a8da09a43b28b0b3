"""Requests that Schemathesis makes of the OpenAPI document, as it says and as it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from modelpack.pyfunc.model import PyFuncModel
from modelpack.schema.signature import (
    AnyType,
    Array,
    Column,
    ColumnSchema,
    DataType,
    Map,
    ModelSignature,
    Object,
    Param,
    Property,
    Tensor,
    TensorSchema,
)

pytestmark = pytest.mark.slow

NUMBERS = ModelSignature(
    ColumnSchema((Column(DataType.DOUBLE, "x"), Column(DataType.DOUBLE, "y"))),
    ColumnSchema((Column(DataType.LONG, "z"),)),
    (Param("scale", DataType.DOUBLE, 1.0), Param("stops", DataType.STRING, ["a"], (-1,))),
)
EVERY_TYPE = ModelSignature(
    ColumnSchema(
        (
            *(Column(kind, kind.value) for kind in DataType),
            Column(DataType.LONG, "optional", required=False),
            Column(Array(DataType.LONG), "list"),
            Column(Map(DataType.DOUBLE), "map"),
            Column(Object((Property("a", DataType.STRING), Property("b", DataType.LONG, required=False))), "object"),
            Column(AnyType(), "any"),
        )
    )
)
TENSORS = ModelSignature(TensorSchema((Tensor("float32", (-1, 2), "a"), Tensor("int64", (-1,), "b"))))
OTHERS = [schemathesis.checks.positive_data_acceptance, schemathesis.checks.negative_data_rejection]
"""Checks that know nothing of what a schema cannot say: that CSV has a header, or as many labels as rows."""

SIGNATURES = {"numbers": NUMBERS, "every type": EVERY_TYPE, "tensors": TENSORS, "no signature": None}


def count(data: Any, _params: Any) -> list[int]:
    """A prediction for each row: a model that never fails."""
    if isinstance(data, dict):
        return [1] * max((len(value) for value in data.values() if getattr(value, "ndim", 0)), default=1)
    return [1] * (len(data) if getattr(data, "ndim", 1) else 1)


def run(schema: Any, mode: Any, examples: int) -> int:
    """Send requests to every operation, and hold the answers against the document."""
    operations = [result.ok() for result in schema.get_all_operations()]
    if mode is schemathesis.GenerationMode.NEGATIVE:  # an operation without a body cannot be asked wrongly
        operations = [operation for operation in operations if operation.body]
    for operation in operations:
        strategy = operation.as_strategy(generation_mode=mode)

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def ask(case: Any) -> None:
            case.call_and_validate(excluded_checks=OTHERS)

        ask()
    return len(operations)


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=list(SIGNATURES))
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_every_answer_is_documented(
    make_model: Callable[..., PyFuncModel], serve: Callable[..., str], signature: ModelSignature | None, mode: str
) -> None:
    """No 5xx, no status, header or content type but those of the document, whatever is asked."""
    url = serve(make_model(signature, count), access_log=False)
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    assert run(schema, schemathesis.GenerationMode(mode), examples=15) >= 3

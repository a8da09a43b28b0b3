from __future__ import annotations

import pytest

from modelpack.schema.signature import (
    AnyType,
    Array,
    Column,
    ColumnSchema,
    ColumnType,
    DataType,
    Map,
    ModelSignature,
    Object,
    Property,
    SparkMLVector,
    Tensor,
    TensorSchema,
)
from modelpack.schema.signature_text import schema_lines, signature_line, type_text


def test_the_signature_is_told_in_a_line() -> None:
    """Long ones are cut, and one that is not there says what that means."""
    assert signature_line(None).startswith("none")
    many = ColumnSchema(tuple(Column(DataType.LONG, f"c{number}") for number in range(8)))
    line = signature_line(ModelSignature(inputs=many, outputs=TensorSchema((Tensor("float64", (-1, 3)),))))
    assert line.startswith("c0 long, ")
    assert line.endswith("and 2 more → tensor of float64, shape (any, 3)")
    assert signature_line(ModelSignature()) == "anything → anything"


def test_columns_stand_under_each_other() -> None:
    """Names are padded, and what may be absent says so."""
    schema = ColumnSchema((Column(DataType.LONG, "age"), Column(DataType.STRING, "address", required=False)))
    assert list(schema_lines(schema)) == ["age      long", "address  string, optional"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (DataType.DOUBLE, "double"),
        (Array(Array(DataType.LONG)), "array of array of long"),
        (Map(DataType.STRING), "map to string"),
        (Object((Property("x", DataType.LONG), Property("y", AnyType(), required=False))), "object {x: long, y?: any}"),
        (SparkMLVector(), "Spark ML vector"),
    ],
)
def test_every_type_has_a_name(kind: ColumnType, text: str) -> None:
    """Nested ones are spelled out."""
    assert type_text(kind) == text

"""Lists, objects and maps inside columns."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from modelpack.errors import SchemaError
from modelpack.pyfunc.enforcement import Enforcer
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
)

if TYPE_CHECKING:
    from modelpack.pyfunc.policy import Policy

MESSAGE = Object(
    (
        Property("role", DataType.STRING),
        Property("content", DataType.STRING),
        Property("score", DataType.DOUBLE, required=False),
    )
)


def value(data: Any, wanted: ColumnType, policy: Policy = "safe", *, required: bool = True) -> Any:
    """The value as the model would see it."""
    schema = ColumnSchema((Column(wanted, "x", required),))
    return Enforcer(ModelSignature(inputs=schema), policy).inputs([{"x": data}])["x"][0]


def complaint(data: Any, wanted: ColumnType, policy: Policy = "safe") -> str:
    """The message of the error that the value raises."""
    with pytest.raises(SchemaError) as caught:
        value(data, wanted, policy)
    return caught.value.message


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ([1, 2], Array(DataType.LONG)),
        ([], Array(DataType.LONG)),
        ([[1.0], []], Array(Array(DataType.DOUBLE))),
        ([{"role": "user", "content": "hi"}], Array(MESSAGE)),
        ({"role": "user", "content": "hi", "score": None}, MESSAGE),
        ({"a": 1, "b": 2}, Map(DataType.LONG)),
        ({"a": [1, "x", None]}, AnyType()),
        ([1.5, 2.5], SparkMLVector()),
        (np.array([1.5, 2.5]), Array(DataType.DOUBLE)),
    ],
)
def test_a_value_that_fits_is_passed_on_as_it_is(data: Any, wanted: ColumnType) -> None:
    """It is the very object."""
    assert value(data, wanted) is data


@pytest.mark.parametrize(
    ("data", "wanted", "expected"),
    [
        ([1, 2.5], Array(DataType.DOUBLE), [1.0, 2.5]),
        ([1.0, 2.0], Array(DataType.LONG), [1, 2]),
        ((1, 2), Array(DataType.LONG), [1, 2]),
        (np.array([1, 2]), Array(DataType.DOUBLE), [1.0, 2.0]),
        (np.array([[1.0]]), Array(Array(DataType.LONG)), [[1]]),
        ({"a": 1.0}, Map(DataType.LONG), {"a": 1}),
        ({"role": "u", "content": "c", "score": 1}, MESSAGE, {"role": "u", "content": "c", "score": 1.0}),
        ({"role": "u", "content": "c", "more": 1}, MESSAGE, {"role": "u", "content": "c"}),
        ("[1, 2.0]", Array(DataType.LONG), [1, 2]),
        ('{"a": 1}', Map(DataType.LONG), {"a": 1}),
        ([1, 2], SparkMLVector(), [1.0, 2.0]),
    ],
)
def test_safe_converts_what_is_inside(data: Any, wanted: ColumnType, expected: Any) -> None:
    """By the table that columns follow; from CSV, as JSON text."""
    found = value(data, wanted)
    assert found == expected
    assert [type(item) for item in found] == [type(item) for item in expected]


def test_what_is_inside_is_left_unchanged() -> None:
    """The caller's lists and mappings are not written to."""
    data = {"role": "u", "content": "c", "score": 1, "more": [1]}
    before = copy.deepcopy(data)
    value(data, MESSAGE)
    assert data == before


@pytest.mark.parametrize(
    ("data", "wanted", "message"),
    [
        ([1, "a"], Array(DataType.LONG), "column 'x' should be list of long, but 'a' is a string at [1] in row 0"),
        (7, Array(DataType.LONG), "column 'x' should be list of long, but 7 is no list in row 0"),
        ([1, None], Array(DataType.LONG), "but there is no value at [1] in row 0"),
        ([{"role": "u"}], Array(MESSAGE), "but it lacks 'content' at [0] in row 0"),
        ([{"role": "u", "content": 1}], Array(MESSAGE), "but 1 is an integer at [0].content in row 0"),
        (7, MESSAGE, "column 'x' should be object with role, content, score, but 7 is no mapping in row 0"),
        ({1: 1}, Map(DataType.LONG), "column 'x' should be map of long, but its key 1 is no string in row 0"),
        ({"a": "x"}, Map(DataType.LONG), "but 'x' is a string at a in row 0"),
        ("not json", Array(DataType.LONG), "but 'not json' is not JSON in row 0"),
        (None, Array(DataType.LONG), "but there is no value in row 0"),
    ],
)
def test_the_error_says_where_inside(data: Any, wanted: ColumnType, message: str) -> None:
    """With the type that was wanted and the value that came."""
    assert complaint(data, wanted).endswith(message)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ({"role": "u", "content": "c", "more": 1}, MESSAGE),
        ([1], Array(DataType.DOUBLE)),
        ("[1]", Array(DataType.LONG)),
    ],
)
def test_strict_converts_nothing_inside(data: Any, wanted: ColumnType) -> None:
    """No types, no text, no extra properties."""
    assert complaint(data, wanted, "strict").startswith("column 'x' should be")


def test_lenient_parses_text_inside() -> None:
    """And takes gaps."""
    assert value(["1", True, None], Array(DataType.LONG), "lenient") == [1, 1, None]


def test_a_gap_among_floats_is_nan() -> None:
    """As in a column of floats."""
    assert math.isnan(value([1.0, None], Array(DataType.DOUBLE))[1])


def test_an_optional_list_may_be_missing() -> None:
    """It is None, in a column of objects."""
    schema = ColumnSchema((Column(Array(DataType.LONG), "x", required=False), Column(DataType.LONG, "y")))
    check = Enforcer(ModelSignature(inputs=schema))
    assert check.inputs([{"x": [1], "y": 1}, {"x": None, "y": 2}])["x"].tolist() == [[1], None]
    assert check.inputs([{"y": 2}])["x"].tolist() == [None]


def test_a_frame_of_lists_that_fits_is_passed_on_as_it_is() -> None:
    """Without a copy of the frame or of its lists."""
    frame = pd.DataFrame({"x": [[1, 2], [3]]})
    schema = ColumnSchema((Column(Array(DataType.LONG), "x"),))
    assert Enforcer(ModelSignature(inputs=schema)).inputs(frame) is frame

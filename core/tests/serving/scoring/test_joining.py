from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature, Tensor, TensorSchema
from modelpack.serving.scoring.joining import differ, join, joinable, kind_of, rows_of

FRAME = pd.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]})
DATES = pd.DataFrame({"t": pd.to_datetime(["2024-01-01", "2024-01-02"]), "c": pd.Categorical(["u", "v"])})


@pytest.mark.parametrize(
    "inputs",
    [
        np.array([[1.0, 2.0], [3.0, 4.0]]),
        np.array([["a"], ["bc"]]),
        {"ids": np.array([[1, 2]]), "mask": np.array([[True, False]])},
        FRAME,
        DATES,
        pd.DataFrame({"a": [1.5], "b": [2.5]}, dtype="float32"),
        pd.DataFrame({"a": [1, None]}, dtype="Int64"),
    ],
    ids=lambda inputs: type(inputs).__name__,
)
def test_inputs_of_one_kind_are_joined_row_by_row(inputs: Any) -> None:
    """The rows keep their order, their names and their types."""
    assert kind_of(inputs, None) is not None
    joined = join([inputs, inputs])
    assert kind_of(joined, None) == kind_of(inputs, None)
    assert rows_of(joined) == 2 * rows_of(inputs)
    expected = pd.concat([inputs, inputs], ignore_index=True) if isinstance(inputs, pd.DataFrame) else None
    if expected is not None:
        pd.testing.assert_frame_equal(joined, expected)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (np.ones((1, 2)), np.ones((1, 3))),
        (np.ones((1, 2)), np.ones((1, 2), dtype="float32")),
        (np.ones((1, 2)), pd.DataFrame(np.ones((1, 2)))),
        ({"a": np.ones((1, 2))}, {"b": np.ones((1, 2))}),
        ({"a": np.ones((1, 2))}, {"a": np.ones((1, 3))}),
        (FRAME, FRAME[["y", "x"]]),
        (FRAME, FRAME.astype({"x": "float32"})),
        (FRAME, FRAME.rename(columns={"x": "z"})),
    ],
)
def test_what_differs_in_shape_name_order_or_type_is_of_another_kind(left: Any, right: Any) -> None:
    """It must not be joined."""
    assert kind_of(left, None) != kind_of(right, None)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"k": 1}, None),
        ({"k": 1}, {"k": 2}),
        ({"k": 1}, {"k": 1.0}),
        ({"k": 1}, {"k": True}),
        ({"k": [1, 2]}, {"k": [1, 3]}),
        ({"k": "1"}, {"k": 1}),
        ({"k": {"a": 1}}, {"k": {"a": 2}}),
    ],
)
def test_requests_with_other_params_are_of_another_kind(left: Any, right: Any) -> None:
    """Values compare with their types."""
    inputs = np.ones((1, 2))
    assert kind_of(inputs, left) == kind_of(inputs, dict(left))
    assert kind_of(inputs, left) != kind_of(inputs, right)


@pytest.mark.parametrize(
    "inputs",
    [
        np.array(1.0),
        np.ones((0, 2)),
        {"a": np.ones((1, 2)), "b": np.ones((2, 2))},
        {"a": [1]},
        {},
        FRAME.set_index("y"),
        FRAME.iloc[1:],
        FRAME.iloc[:0],
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        [[1, 2]],
        "text",
        None,
    ],
    ids=repr,
)
def test_what_would_lose_something_by_joining_goes_alone(inputs: Any) -> None:
    """Scalars, no rows, uneven arrays, labelled rows and whatever is not known."""
    assert kind_of(inputs, None) is None


def test_params_that_do_not_compare_let_a_request_go_alone() -> None:
    """An array among them does."""
    assert kind_of(np.ones((1, 2)), {"k": np.arange(3)}) is None


@pytest.mark.parametrize(("shape", "joins"), [((-1, 3), True), ((2, 3), False), ((), False)])
def test_a_tensor_with_a_fixed_first_axis_is_not_joined(shape: tuple[int, ...], *, joins: bool) -> None:
    """The model expects just so many rows."""
    assert joinable(ModelSignature(inputs=TensorSchema((Tensor("float32", shape),)))) is joins


def test_tables_are_joined_whatever_their_columns() -> None:
    """A signature of columns says nothing of rows, and none says nothing at all."""
    assert joinable(ModelSignature(inputs=ColumnSchema((Column(DataType.LONG, "x"),))))
    assert joinable(None)


@pytest.mark.parametrize(
    "value", [np.array([[1.0, np.nan]]), FRAME, {"a": np.array([[1]])}, np.array([["a"]], dtype="O")]
)
def test_the_same_rows_do_not_differ(value: Any) -> None:
    """NaN is itself."""
    copied = {name: array.copy() for name, array in value.items()} if isinstance(value, dict) else value.copy()
    assert not differ([value, copied])


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (np.array([[1.0]]), np.array([[2.0]])),
        (np.array([[1.0]]), np.array([[1.0], [1.0]])),
        ({"a": np.array([1])}, {"a": np.array([2])}),
        (FRAME, FRAME.assign(x=0.0)),
    ],
)
def test_other_rows_differ(left: Any, right: Any) -> None:
    """Whatever holds them."""
    assert differ([left, left, right])


@pytest.mark.parametrize(
    ("inputs", "rows"),
    [(np.ones((3, 1)), 3), ({"a": np.ones(2)}, 2), ([1, 2], 2), ("ab", 1), ({}, 1), (np.array(1), 1)],
)
def test_rows_are_counted(inputs: Any, rows: int) -> None:
    """What has no length is one."""
    assert rows_of(inputs) == rows

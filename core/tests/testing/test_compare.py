"""How the kit compares predictions and takes rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelpack.testing.compare import difference, kinds, row_count, rows, twice

SAME: list[tuple[Any, Any, float]] = [
    (np.array([1.0, np.nan]), [1.0, np.nan], 0.0),
    (pd.DataFrame({"a": [1, 2]}), np.array([1, 2]), 0.0),
    (pd.Series(["x", "y"]), np.array(["x", "y"], dtype=object), 0.0),
    (np.array([1.0]), np.array([1.0 + 1e-9]), 1e-6),
    ({"a": np.array([1])}, {"a": [1]}, 0.0),
    (np.array([None, 1.0], dtype=object), np.array([np.nan, 1.0]), 0.0),
    (pd.DataFrame({"a": [1.0, 2.0], "b": [np.array([3.0, 4.0]), np.ones(2)]}), [[1.0, [3.0, 4.0]], [2, [1, 1]]], 0.0),
    (pd.DataFrame({"b": [np.array([3.0, 4.0]), np.ones(2)]}), [[[3.0, 4.0]], [[1.0, 1.0]]], 0.0),
    (pd.DataFrame({"m": [{"x": 1.0}]}), pd.DataFrame({"m": [{"x": 1.0 + 1e-9}]}), 1e-6),
]
DIFFERENT: list[tuple[Any, Any, float, str]] = [
    (np.array([1.0, 2.0]), np.array([1.0, 2.5]), 0.0, "value 1 is"),
    (np.array([1.0]), np.array([1.0 + 1e-9]), 0.0, "value 0 is"),
    (np.array([1.0]), np.array([1.0, 2.0]), 0.0, "1 values instead of 2"),
    (np.array(["x"]), np.array(["y"]), 0.0, "value 0 is"),
    (np.array(["1.5"]), np.array([1.5]), 0.0, "instead of"),
    (np.array(["1.5"], dtype=object), np.array([1.5]), 0.0, "instead of"),
    ({"a": np.array([1])}, {"b": np.array([1])}, 0.0, "instead of"),
    ({"a": np.array([1])}, {"a": np.array([2])}, 0.0, "a: value 0"),
    (np.array([1]), {"a": np.array([1])}, 0.0, "instead of"),
    (pd.DataFrame({"b": [np.array([3.0, 4.0])]}), [[[3.0, 5.0]]], 0.0, "value 1 is"),
    (pd.DataFrame({"m": [{"x": 1.0}]}), pd.DataFrame({"m": [{"y": 1.0}]}), 1e-6, "'x' instead of 'y'"),
]


@pytest.mark.parametrize(("actual", "expected", "tolerance"), SAME)
def test_equal_predictions_do_not_differ(actual: Any, expected: Any, tolerance: float) -> None:
    """The container does not count, nulls equal nulls, and the tolerance is kept."""
    assert difference(actual, expected, tolerance) is None


@pytest.mark.parametrize(("actual", "expected", "tolerance", "told"), DIFFERENT)
def test_difference_is_told(actual: Any, expected: Any, tolerance: float, told: str) -> None:
    """The first place, and both values."""
    assert told in str(difference(actual, expected, tolerance))


@pytest.mark.parametrize(
    "data",
    [np.arange(6).reshape(3, 2), pd.DataFrame({"a": [1, 2, 3]}), {"a": np.arange(3), "b": np.arange(6).reshape(3, 2)}],
    ids=["array", "frame", "dict"],
)
def test_rows_are_taken_of_every_container(data: Any) -> None:
    """Rows are copies, so that a check cannot change what another one uses."""
    assert (row_count(data), row_count(rows(data, 0, 1)), row_count(twice(data))) == (3, 1, 6)
    taken = rows(np.arange(3), 0, 2)
    taken[:] = 9
    assert np.arange(3).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("predictions", "kind"),
    [
        (np.array([1.5], dtype="float32"), ["real numbers"]),
        ([1, 2], ["whole numbers"]),
        (np.array([1.5, None]), ["objects"]),
        (pd.Series(["x", None]), ["text"]),
        (pd.DataFrame({"a": [1], "b": [True]}), ["whole numbers", "truths"]),
        (pd.DataFrame({"a": [1.5], "b": [2.5]}), ["real numbers"]),
        ({"a": np.array([1.5])}, ["a: real numbers"]),
    ],
)
def test_kinds_are_told(predictions: Any, kind: list[str]) -> None:
    """By column where they differ; an array is as good as a frame of one kind."""
    assert kinds(predictions) == kind

"""Data for models without a signature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelpack.pyfunc.enforcement import Enforcer
from modelpack.schema.signature import ColumnSchema, ModelSignature, TensorSchema


@pytest.mark.parametrize(
    "data",
    [pd.DataFrame({"a": [1]}), pd.Series([1]), np.ones(2), [1, 2], [[1, 2]], "text", 7, None, [], {}, b"x"],
    ids=lambda data: type(data).__name__,
)
def test_most_data_passes_as_it_is(data: Any) -> None:
    """Nobody knows what the model wants; lists are not made into frames."""
    assert Enforcer(None).inputs(data) is data


@pytest.mark.parametrize(
    "data",
    [[{"a": 1, "b": "x"}], {"a": [1], "b": ["x"]}, {"a": np.array([1]), "b": ("x",)}, {"a": 1, "b": "x"}],
    ids=["records", "columns", "arrays", "record"],
)
def test_records_and_columns_become_a_frame(data: Any) -> None:
    """It is what the generic view of a model takes."""
    pd.testing.assert_frame_equal(Enforcer(None).inputs(data), pd.DataFrame({"a": [1], "b": ["x"]}))


def test_a_mapping_of_tensors_stays_one() -> None:
    """No frame holds arrays of two axes."""
    data = {"a": np.ones((2, 3)), "b": np.ones(2)}
    assert Enforcer(None).inputs(data) is data


def test_a_sparse_matrix_passes() -> None:
    """Many models take one."""
    sparse = pytest.importorskip("scipy.sparse")
    data = sparse.eye(2)
    assert Enforcer(None).inputs(data) is data


def test_an_arrow_table_becomes_a_frame() -> None:
    """Whichever library made it."""
    pyarrow = pytest.importorskip("pyarrow")
    found = Enforcer(None).inputs(pyarrow.table({"a": [1, 2]}))
    pd.testing.assert_frame_equal(found, pd.DataFrame({"a": [1, 2]}))


@pytest.mark.parametrize("inputs", [None, ColumnSchema(()), TensorSchema(())])
def test_a_signature_that_says_nothing_of_inputs_enforces_none(inputs: Any) -> None:
    """Such as one of outputs alone."""
    data = [1, 2]
    assert Enforcer(ModelSignature(inputs=inputs)).inputs(data) is data

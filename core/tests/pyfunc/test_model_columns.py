"""The columns that a model was fitted to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from modelpack.errors import SchemaError
from modelpack.pyfunc.model_columns import ModelColumns

FRAME = pd.DataFrame({"age": [1, 2], "height": [1.5, 2.5], "city": ["Bonn", "Ulm"]})
COLUMNS = ModelColumns(["age", "height", "city"], 3)


def test_a_frame_that_fits_is_answered_as_it_is() -> None:
    """No copy is made."""
    assert COLUMNS.fitting(FRAME) is FRAME


def test_columns_are_put_in_the_order_of_the_model() -> None:
    """By name, with their dtypes; the caller's frame stays."""
    given = FRAME[["city", "age", "height"]]
    kept = given.copy()
    pd.testing.assert_frame_equal(COLUMNS.fitting(given), FRAME)
    pd.testing.assert_frame_equal(given, kept)


def test_missing_and_unexpected_columns_are_named() -> None:
    """With the rename that would help."""
    with pytest.raises(SchemaError, match=r"missing columns: 'height'; unexpected columns: 'Heigth'") as raised:
        COLUMNS.fitting(FRAME.rename(columns={"height": "Heigth"}))
    assert raised.value.hint == "perhaps rename 'Heigth' to 'height'"


def test_one_column_too_many_is_named() -> None:
    """The model's answer would not depend on it, and the caller thinks that it does."""
    with pytest.raises(SchemaError, match=r"unexpected columns: 'weight'$"):
        COLUMNS.fitting(FRAME.assign(weight=1))


def test_a_column_that_is_there_twice_is_refused() -> None:
    """Nobody can tell which of them is meant."""
    twice = FRAME[["age", "height", "city", "age"]]
    with pytest.raises(SchemaError, match="more than once: 'age'"):
        COLUMNS.fitting(twice)


def test_labels_are_compared_as_the_library_calls_them() -> None:
    """Numbers as text, spaces as underscores: whatever `named` says."""
    frame = pd.DataFrame([[1, 2]], columns=[1, 0])
    assert ModelColumns(["0", "1"], 2).fitting(frame).columns.tolist() == [0, 1]
    spaced = pd.DataFrame([[1, 2]], columns=["my height", "my age"])
    columns = ModelColumns(["my_age", "my_height"], 2, named=lambda label: str(label).replace(" ", "_"))
    assert columns.fitting(spaced).columns.tolist() == ["my age", "my height"]


@pytest.mark.parametrize("names", [None, ["a", "b"]], ids=["nameless", "named"])
def test_columns_of_arrays_are_counted(names: list[str] | None) -> None:
    """Dense and sparse ones; they have no names."""
    columns = ModelColumns(names, 2)
    sparse = pytest.importorskip("scipy.sparse")
    for data in (np.zeros((3, 2)), sparse.csr_matrix(np.zeros((3, 2)))):
        assert columns.fitting(data) is data
    with pytest.raises(SchemaError, match=r"a table of 2 columns, not one of shape \(3, 4\)"):
        columns.fitting(np.zeros((3, 4)))


def test_one_row_is_no_table() -> None:
    """The hint says what to give."""
    with pytest.raises(SchemaError, match="shape") as raised:
        ModelColumns(None, 1).fitting(np.zeros(1))
    assert "for one row" in str(raised.value.hint)


def test_what_is_no_table_is_refused() -> None:
    """Its type is named."""
    with pytest.raises(SchemaError, match="a table of 3 columns, not a dict"):
        COLUMNS.fitting({"age": [1]})


def test_a_nameless_model_takes_a_frame_by_position() -> None:
    """Of as many columns as it was fitted to."""
    columns = ModelColumns(None, 3)
    assert columns.fitting(FRAME) is FRAME
    with pytest.raises(SchemaError, match="3 columns, not one of shape"):
        columns.fitting(FRAME[["age"]])

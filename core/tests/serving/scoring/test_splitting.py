from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from modelpack.serving.scoring.splitting import NotSplittableError, row_count, split

ENDS = (1, 3)


@pytest.mark.parametrize(
    "outputs",
    [[1, 2, 3], ("a", "b", "c"), np.array([[1, 2], [3, 4], [5, 6]]), np.asfortranarray(np.arange(6).reshape(3, 2))],
    ids=lambda outputs: type(outputs).__name__,
)
def test_a_sequence_is_split_at_the_ends(outputs: Any) -> None:
    """Each part is of the type of the whole."""
    first, second = split(outputs, ENDS)
    assert type(first) is type(outputs)
    assert np.array_equal(first, outputs[:1])
    assert np.array_equal(second, outputs[1:])


def test_tables_are_numbered_anew() -> None:
    """As they would be for each request alone; labels stay."""
    frame = pd.DataFrame({"z": [1, 2, 3]})
    assert split(frame, ENDS)[1].index.tolist() == [0, 1]
    assert split(frame["z"], ENDS)[1].index.tolist() == [0, 1]
    labelled = frame.set_index(pd.Index(["a", "b", "c"]))
    assert split(labelled, ENDS)[1].index.tolist() == ["b", "c"]


def test_an_arrow_table_is_sliced() -> None:
    """It has rows as well."""
    assert [part.to_pylist() for part in split(pa.table({"z": [1, 2, 3]}), ENDS)] == [[{"z": 1}], [{"z": 2}, {"z": 3}]]


def test_a_dict_is_split_column_by_column() -> None:
    """Each request gets a dict of its own."""
    first, second = split({"a": [1, 2, 3], "b": np.array([4, 5, 6])}, ENDS)
    assert (first["a"], first["b"].tolist()) == ([1], [4])
    assert (second["a"], second["b"].tolist()) == ([2, 3], [5, 6])


@pytest.mark.parametrize(
    "outputs",
    [
        [1, 2],
        np.ones(4),
        np.array(1.0),
        3.5,
        "abc",
        None,
        {},
        {"a": [1, 2, 3], "b": [1]},
        {"mean": 1.0},
        {1, 2, 3},
        object(),
    ],
    ids=repr,
)
def test_what_has_not_one_row_for_each_is_not_split(outputs: Any) -> None:
    """A text of the right length is no column."""
    with pytest.raises(NotSplittableError, match="answers"):
        split(outputs, ENDS)


@pytest.mark.parametrize(
    ("outputs", "rows"),
    [([1], 1), (np.ones((2, 3)), 2), ({"a": [1, 2]}, 2), ({"a": [1], "b": [1, 2]}, None), ("ab", None), ({}, None)],
)
def test_rows_of_an_output_are_counted(outputs: Any, rows: int | None) -> None:
    """None where there are none."""
    assert row_count(outputs) == rows

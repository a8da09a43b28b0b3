"""Which columns reach the model, in which order and under which names."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from modelpack.errors import SchemaError
from modelpack.pyfunc.enforcement import Enforcer
from modelpack.schema.signature import Array, Column, ColumnSchema, DataType, ModelSignature

if TYPE_CHECKING:
    from modelpack.pyfunc.policy import Policy


def enforcer(*columns: Column, policy: Policy = "safe") -> Enforcer:
    """An enforcer of these columns."""
    return Enforcer(ModelSignature(inputs=ColumnSchema(columns)), policy)


def doubles(*names: str | int | None, policy: Policy = "safe") -> Enforcer:
    """An enforcer of required columns of doubles."""
    return enforcer(*(Column(DataType.DOUBLE, name) for name in names), policy=policy)


@pytest.mark.parametrize("policy", ["strict", "safe", "lenient"])
@pytest.mark.parametrize("rows", [0, 1, 1000])
def test_a_frame_that_fits_is_passed_on_as_it_is(policy: Policy, rows: int) -> None:
    """Neither copied nor wrapped, the first time and every time after."""
    frame = pd.DataFrame(np.ones((rows, 2)), columns=["a", "b"])
    check = doubles("a", "b", policy=policy)
    assert check.inputs(frame) is frame
    assert check.inputs(frame) is frame


def test_a_mixed_frame_that_fits_is_passed_on_as_it_is() -> None:
    """Also where types have to be looked up in values."""
    frame = pd.DataFrame({"a": ["x"], "b": [b"y"], "c": [1], "d": pd.Categorical(["z"])})
    check = enforcer(
        Column(DataType.STRING, "a"),
        Column(DataType.BINARY, "b"),
        Column(DataType.LONG, "c"),
        Column(DataType.STRING, "d"),
    )
    assert check.inputs(frame) is frame
    assert check.inputs(frame) is frame


def test_a_frame_that_does_not_fit_is_left_unchanged() -> None:
    """The caller's frame keeps its types, order and names, and later changes to the answer do not reach it."""
    frame = pd.DataFrame({"b": [1, 2], "a": [3.5, 4.5], "z": ["x", "y"]})
    before = frame.copy(deep=True)
    doubles("a", "b").inputs(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_the_order_of_the_signature_is_restored() -> None:
    """Under every policy; columns are known by name."""
    frame = pd.DataFrame({"b": [2.0], "a": [1.0]})
    for policy in ("strict", "safe", "lenient"):
        assert list(doubles("a", "b", policy=policy).inputs(frame).columns) == ["a", "b"]
        assert doubles("a", "b", policy=policy).inputs(frame).iloc[0].tolist() == [1.0, 2.0]


def test_order_is_restored_after_a_frame_in_order_was_seen() -> None:
    """What was recognised once does not make another frame fit."""
    check = doubles("a", "b")
    check.inputs(pd.DataFrame({"a": [1.0], "b": [2.0]}))
    assert check.inputs(pd.DataFrame({"b": [2.0], "a": [1.0]})).iloc[0].tolist() == [1.0, 2.0]
    assert str(check.inputs(pd.DataFrame({"a": [1], "b": [2.0]}))["a"].dtype) == "float64"


def test_the_index_is_kept() -> None:
    """Also when columns are converted, dropped or filled."""
    index = pd.Index(["r1", "r2"], name="key")
    frame = pd.DataFrame({"z": [0, 0], "a": [1, 2]}, index=index)
    check = enforcer(Column(DataType.DOUBLE, "a"), Column(DataType.STRING, "b", required=False))
    pd.testing.assert_index_equal(check.inputs(frame).index, index)


def test_extra_columns_are_dropped() -> None:
    """A table often holds an identifier and the label beside the features."""
    frame = pd.DataFrame({"id": ["r1"], "a": [1.0]})
    assert list(doubles("a").inputs(frame).columns) == ["a"]


def test_extra_columns_are_refused_under_strict() -> None:
    """They are named."""
    with pytest.raises(SchemaError, match=r"^unexpected columns: 'id'$"):
        doubles("a", policy="strict").inputs(pd.DataFrame({"id": ["r1"], "a": [1.0]}))


def test_missing_columns_are_named_with_what_came_instead() -> None:
    """And a near match is pointed out."""
    with pytest.raises(SchemaError) as caught:
        doubles("sepal length", "petal").inputs(pd.DataFrame({"Sepal Length ": [1.0], "other": [1]}))
    assert caught.value.message == (
        "missing columns: 'sepal length', 'petal'; unexpected columns: 'Sepal Length ', 'other'"
    )
    assert caught.value.hint == "perhaps rename 'Sepal Length ' to 'sepal length'"


def test_many_missing_columns_are_counted() -> None:
    """The error stays readable."""
    with pytest.raises(SchemaError, match=r"'c8', 'c9' and 20 more$"):
        doubles(*(f"c{number}" for number in range(30))).inputs(pd.DataFrame())


@pytest.mark.parametrize("policy", ["strict", "safe", "lenient"])
@pytest.mark.parametrize(
    ("wanted", "dtype"),
    [
        (DataType.LONG, "Int64"),
        (DataType.BOOLEAN, "object"),
        (DataType.DOUBLE, "float64"),
        (DataType.DATETIME, "datetime64[ns]"),
        (DataType.STRING, str(pd.Series(["text"]).dtype)),
        (DataType.BINARY, "object"),
    ],
)
def test_an_optional_column_that_is_not_there_is_filled(policy: Policy, wanted: DataType, dtype: str) -> None:
    """The model always sees every column of its signature; the values are missing."""
    check = enforcer(Column(DataType.DOUBLE, "a"), Column(wanted, "b", required=False), policy=policy)
    found = check.inputs(pd.DataFrame({"a": [1.0, 2.0]}))
    assert list(found.columns) == ["a", "b"]
    assert str(found["b"].dtype) == dtype
    assert found["b"].isna().all()


def test_every_column_that_does_not_fit_is_named() -> None:
    """One answer tells all there is to repair."""
    with pytest.raises(SchemaError) as caught:
        doubles("a", "b", "c").inputs(pd.DataFrame({"a": ["x"], "b": [1.0], "c": [b"y"]}))
    assert caught.value.message == (
        "column 'a' should be double, but it holds string such as 'x' in row 0; "
        "column 'c' should be double, but it holds bytes such as b'y' in row 0"
    )


def test_the_row_is_counted_from_zero_whatever_the_index() -> None:
    """It is a place, not a label."""
    frame = pd.DataFrame({"a": [1.0, 2.5]}, index=[70, 80])
    with pytest.raises(SchemaError, match=r"2\.5 is not a whole number in row 1"):
        enforcer(Column(DataType.LONG, "a")).inputs(frame)


def test_a_column_twice_is_refused() -> None:
    """There is no telling which one is meant."""
    frame = pd.DataFrame([[1.0, 2.0]], columns=["a", "a"])
    with pytest.raises(SchemaError, match="columns occur more than once: 'a'"):
        doubles("a").inputs(frame)


def test_an_extra_column_twice_is_dropped() -> None:
    """Nobody asked for it."""
    frame = pd.DataFrame([[1.0, 2.0, 3.0]], columns=["z", "a", "z"])
    assert doubles("a").inputs(frame)["a"].tolist() == [2.0]


def test_a_signature_with_a_name_twice_goes_by_position() -> None:
    """Old models have such signatures, and their frames such columns."""
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    found = doubles("a", "a").inputs(frame)
    assert found.to_numpy().tolist() == [[1.0, 2.0]]
    assert list(found.columns) == ["a", "a"]


def test_names_of_any_script_are_names() -> None:
    """Column names are text like any other."""
    frame = pd.DataFrame({"größe": [1.0], "重さ": [2.0]})
    assert list(doubles("重さ", "größe").inputs(frame).columns) == ["重さ", "größe"]


def test_integer_names_match_their_text() -> None:
    """JSON has no integer names; the model sees those of its signature."""
    found = doubles(0, 1).inputs(pd.DataFrame({"1": [2.0], "0": [1.0]}))
    assert list(found.columns) == [0, 1]
    assert found.to_numpy().tolist() == [[1.0, 2.0]]
    assert list(doubles("0", "1").inputs(pd.DataFrame([[1.0, 2.0]])).columns) == ["0", "1"]


def test_unnamed_columns_go_by_position() -> None:
    """The names of the data are kept, as the model may know them."""
    frame = pd.DataFrame({"a": [1.0], "b": [2]})
    found = doubles(None, None).inputs(frame)
    assert list(found.columns) == ["a", "b"]
    assert str(found["b"].dtype) == "float64"


def test_unnamed_columns_are_counted() -> None:
    """Dropping one of them would be a guess."""
    with pytest.raises(SchemaError, match="the data has 3 columns, the signature has 2 without names"):
        doubles(None, None).inputs(pd.DataFrame(np.ones((1, 3))))


def test_columns_of_several_levels_are_missing_by_name() -> None:
    """A frame with a MultiIndex gets the ordinary error."""
    frame = pd.DataFrame([[1.0]], columns=pd.MultiIndex.from_tuples([("a", "b")]))
    with pytest.raises(SchemaError, match="missing columns: 'a'"):
        doubles("a").inputs(frame)


def test_threads_may_share_an_enforcer() -> None:
    """Frames that fit in different ways do not disturb each other."""
    check = enforcer(Column(DataType.DOUBLE, "a"), Column(DataType.STRING, "b"))
    text = pd.DataFrame({"a": [1.0], "b": ["x"]})
    categorical = text.astype({"b": "category"})
    numbers = pd.DataFrame({"b": ["x"], "a": [1]})
    wrong: list[Any] = []

    def work() -> None:
        for _ in range(100):
            wrong.extend(frame for frame in (text, categorical) if check.inputs(frame) is not frame)
            wrong.extend(() if check.inputs(numbers)["a"].tolist() == [1.0] else [numbers])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("rows", [1, 1000])
def test_columns_of_other_types_are_found_in_a_frame_like_one_that_fitted(rows: int) -> None:
    """Although NumPy would hold each of these frames in one array of doubles."""
    check = doubles("a", "b")
    fitting = pd.DataFrame(np.ones((rows, 2)), columns=["a", "b"])
    assert check.inputs(fitting) is fitting
    for dtypes in ({"a": "int64"}, {"b": "float32"}, {"a": "Float64"}, {"a": "int64", "b": "int64"}):
        found = check.inputs(fitting.astype(dtypes))
        assert [str(dtype) for dtype in found.dtypes] == ["float64", "float64"]
    assert check.inputs(fitting) is fitting


@pytest.mark.parametrize("kind", [DataType.DOUBLE, DataType.STRING, Array(DataType.DOUBLE)])
def test_a_value_that_is_nested_too_deeply_to_be_shown_does_not_fit(kind: Any) -> None:
    """The message does without its text, which Python cannot make."""
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    with pytest.raises(SchemaError, match="nested too deeply to be shown"):
        enforcer(Column(kind, "a")).inputs(pd.DataFrame({"a": [[value]]}))

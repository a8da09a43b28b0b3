from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelpack.data.codecs import encode
from modelpack.errors import ModelFailureError

NAN = float("nan")


@pytest.mark.parametrize(
    ("predictions", "text"),
    [
        (np.array([1.0, NAN, np.inf, -np.inf]), "[1.0,null,null,null]"),
        (np.array([0.1], dtype="float32"), "[0.1]"),
        (np.array([1.5], dtype=">f8"), "[1.5]"),
        (np.array([1.5], dtype="float16"), "[1.5]"),
        (np.array([2**64 - 1], dtype="uint64"), "[18446744073709551615]"),
        (np.array([[1, 2], [3, 4]]).T, "[[1,3],[2,4]]"),
        (np.zeros((0, 3)), "[]"),
        (np.array(3.5), "3.5"),
        (np.array(["a", "b"]), '["a","b"]'),
        (np.array([b"a\x00"], dtype=object), '["YQA="]'),
        (np.array(["2024-01-31T12:00:00", "NaT"], dtype="M8[ns]"), '["2024-01-31T12:00:00",null]'),
        (np.array([["2024-01-31"]], dtype="M8[D]"), '[["2024-01-31T00:00:00"]]'),
        (np.array([5], dtype="m8[s]"), '["P0DT0H0M5S"]'),
        (np.float64(3), "3.0"),
        (np.longdouble(1.5), "1.5"),
        (np.bool_(True), "true"),  # noqa: FBT003 - the value under test
        (np.str_("a"), '"a"'),
        (pd.Series([1, None], dtype="Int64"), "[1,null]"),
        (pd.Series([1.5, NAN]), "[1.5,null]"),
        (pd.Series(["a", None]), '["a",null]'),
        (pd.Series([0.1], dtype="float32"), "[0.1]"),
        (pd.Series(pd.to_datetime(["2024-01-31T12:00:00Z", "NaT"])), '["2024-01-31T12:00:00+00:00",null]'),
        (pd.Series(["u"], dtype="category"), '["u"]'),
        (pd.Index([1, 2]), "[1,2]"),
        (pd.DataFrame({"a": [1, 2], 0: [[1], None]}), '[{"a":1,"0":[1]},{"a":2,"0":null}]'),
        (pd.DataFrame(index=[0, 1]), "[{},{}]"),
        ({"a": np.arange(2), "b": [b"x"]}, '{"a":[0,1],"b":["eA=="]}'),
        ([np.datetime64("NaT", "ns"), np.float32(1), pd.NA, pd.NaT], "[null,1.0,null,null]"),
        ([{1: np.int64(2)}], '[{"1":2}]'),
        ((1, "é"), '[1,"é"]'),
        ("text", '"text"'),
        (None, "null"),
        (2**70, "1180591620717411303424"),
        ([-(2**70), {"x": 2**70}], '[-1180591620717411303424,{"x":1180591620717411303424}]'),
        ([decimal.Decimal("1.10"), decimal.Decimal("NaN")], "[1.10,null]"),
        (pd.Timestamp("2024-01-31T12:00:00.123456789Z"), '"2024-01-31T12:00:00.123456789+00:00"'),
        (dt.date(2024, 1, 31), '"2024-01-31"'),
        (dt.timedelta(seconds=5), '"P0DT0H0M5S"'),
        (pd.Period("2024"), '"2024"'),
        (b"x", '"eA=="'),
    ],
)
def test_whatever_a_model_answers_is_valid_json(predictions: Any, text: str) -> None:
    """NaN and infinities are null, dates are ISO 8601, bytes are base64, large numbers keep every digit."""
    assert encode(predictions, "application/json").decode() == f'{{"predictions":{text}}}'


@pytest.mark.parametrize("value", [object(), {1, 2}, 1 + 2j, [object()], np.array([1j])])
def test_what_json_cannot_hold_is_the_model_s_failure(value: Any) -> None:
    """The error names the type."""
    with pytest.raises(ModelFailureError, match="JSON cannot hold"):
        encode(value, "application/json")


def test_columns_of_one_name_are_refused() -> None:
    """Records would lose one of them."""
    with pytest.raises(ModelFailureError, match="two columns of one name"):
        encode(pd.DataFrame([[1, 2]], columns=["a", "a"]), "application/json")


@pytest.mark.parametrize(
    ("predictions", "text"),
    [
        (np.array([[1, 2]]), "[[1,2]]"),
        (pd.DataFrame({"a": [1]}), '[{"a":1}]'),
        (pd.Series([1, 2], name="p"), '[{"p":1},{"p":2}]'),
        (pd.Series([1]), '[{"0":1}]'),
        ([1, 2], "[1,2]"),
    ],
)
def test_the_bare_dialect_is_that_of_0_9(predictions: Any, text: str) -> None:
    """Frames and Series are records, a Series of one column named as it is or `0` (S111)."""
    assert encode(predictions, "application/json", dialect="bare").decode() == text

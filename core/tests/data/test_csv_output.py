from __future__ import annotations

import csv
import decimal
import io
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelpack.data.codecs import decode, encode
from modelpack.errors import ModelFailureError

NAN = float("nan")


@pytest.mark.parametrize(
    ("predictions", "text"),
    [
        (np.array([1.0, 0.1, NAN]), 'prediction\n1.0\n0.1\n""\n'),
        (np.array([np.inf, 1.0]), "prediction\ninf\n1.0\n"),
        (np.array([[1.0, NAN], [NAN, NAN]]), "prediction_0,prediction_1\n1.0,\n,\n"),
        (np.array([[1, 2]]), "prediction_0,prediction_1\n1,2\n"),
        (np.array([True, False]), "prediction\nTrue\nFalse\n"),
        (np.array(["a,b", 'q"']), 'prediction\n"a,b"\n"q"""\n'),
        (pd.Series([1], name="p"), "p\n1\n"),
        (pd.DataFrame({"a": [1], "b": ["x"]}, index=[7]), "a,b\n1,x\n"),
        (pd.DataFrame({"t": pd.to_datetime(["2024-01-31T12:00:00Z", "NaT"]), "n": 1}),
         "t,n\n2024-01-31T12:00:00+00:00,1\n,1\n"),
        (pd.DataFrame({"b": [b"x"], "l": [[1, 2]], "n": [None]}), 'b,l,n\neA==,"[1,2]",\n'),
        (pd.DataFrame({"i": pd.array([1, None], dtype="Int64"), "x": 1}), "i,x\n1,1\n,1\n"),
        (np.zeros((2, 1, 2)), 'prediction\n"[[0.0,0.0]]"\n"[[0.0,0.0]]"\n'),
        ([2**70, decimal.Decimal("1.10")], "prediction\n1180591620717411303424\n1.10\n"),
        (np.array([5], dtype="m8[s]"), "prediction\nP0DT0H0M5S\n"),
        (np.array([0.1], dtype="float32"), "prediction\n0.1\n"),
        ({"a": np.array([1, 2]), "b": [[1], [2]]}, "a,b\n1,[1]\n2,[2]\n"),
        ([1, 2], "prediction\n1\n2\n"),
        ([{"a": 1}, {"a": 2}], "a\n1\n2\n"),
        ("text", "prediction\ntext\n"),
        (np.array([], dtype="float64"), "prediction\n"),
    ],
)  # fmt: skip
def test_predictions_are_records_under_a_header(predictions: Any, text: str) -> None:
    """Each answer of a model has one way to stand in CSV."""
    assert encode(predictions, "text/csv").decode() == text


def test_numbers_read_back_as_the_same_numbers() -> None:
    """Every bit of a double survives, also beside columns of other types."""
    random = np.random.default_rng(0)
    values = random.normal(size=2000) * 10.0 ** random.integers(-300, 300, size=2000)
    alone = decode(encode(values, "text/csv"), "text/csv", signature=None).data
    mixed = decode(encode(pd.DataFrame({"v": values, "t": "x"}), "text/csv"), "text/csv", signature=None).data
    assert alone["prediction"].tolist() == values.tolist()
    assert mixed["v"].tolist() == values.tolist()


WORDS = ["plain", "two words", " spaced ", "a,b", 'q"', "a\nb", "a\rb", "", None, NAN, "ä", 7, b"x"]


@pytest.mark.parametrize("word", WORDS, ids=repr)
@pytest.mark.parametrize("number", [0.1, -3.0, NAN, np.inf, 2**53 + 1], ids=repr)
def test_a_text_beside_a_number_reads_back_as_it_was(word: Any, number: Any) -> None:
    """Whatever has to be quoted or is missing, among many that are not."""
    frame = pd.DataFrame({"word": ["x", word, "y"], "number": [1, number, 2]}).astype({"word": object})
    text = encode(frame, "text/csv").decode()
    records = list(csv.reader(io.StringIO(text, newline="")))
    shown = {None: "", b"x": "eA=="}.get(word, "" if word is NAN else str(word))
    assert [record[0] for record in records] == ["word", "x", shown, "y"]
    read = [float(record[1] or "nan") for record in records[1:]]
    np.testing.assert_array_equal(read, [1, number, 2])


@pytest.mark.parametrize("predictions", [{"a": [1, 2], "b": [1]}, pd.DataFrame([[1, 2]], columns=["a", "a"])])
def test_what_is_no_table_is_the_model_s_failure(predictions: Any) -> None:
    """Columns of different lengths or one name cannot be written."""
    with pytest.raises(ModelFailureError):
        encode(predictions, "text/csv")


@pytest.mark.parametrize(("name", "text"), [("name", "\ud800"), ("\ud800", "text")], ids=["text", "name"])
def test_half_a_character_is_the_model_s_failure(name: str, text: str) -> None:
    """As in every other format: it cannot be written, and nothing of the server has failed."""
    frame = pd.DataFrame([[text, 1]], columns=pd.Index([name, "number"], dtype=object), dtype=object)
    with pytest.raises(ModelFailureError, match="surrogates"):
        encode(frame, "text/csv")

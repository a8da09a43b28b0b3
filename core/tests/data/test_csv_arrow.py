"""CSV that Arrow reads is what pandas makes of the same text."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelpack.data import csv_input
from modelpack.data.csv_arrow import ArrowReader
from modelpack.data.csv_text import MISSING, Header
from modelpack.data.media_types import MediaType
from modelpack.data.plan import InputPlan
from modelpack.errors import ModelpackError
from modelpack.schema.signature import Array, Column, ColumnSchema, ColumnType, DataType, ModelSignature

pytest.importorskip("pyarrow", reason="Arrow is an extra")

CSV = MediaType("text/csv")
KINDS = [kind for kind in DataType if kind not in {DataType.BINARY, DataType.DATETIME}]


def plan_of(*kinds: ColumnType, arrays: bool = False, texts: Any = (), others: bool = True) -> InputPlan:
    """A plan for a model with columns `a`, `b` and so on, of these types."""
    schema = ColumnSchema(tuple(Column(kind, name) for name, kind in zip("abcdef", kinds, strict=False)))
    return InputPlan(ModelSignature(inputs=schema), arrays=arrays, texts=texts, others=others)


def by_arrow(block: str, plan: InputPlan) -> Any:
    """The table that Arrow makes of rows of the plan's columns; None where it leaves them."""
    return ArrowReader(Header(plan.names), plan).read(block.encode())


def by_pandas(text: str, plan: InputPlan) -> Any:
    """What is read without Arrow, or the error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ArrowReader, "read", lambda *_: None)
        return outcome(text, plan)


def outcome(text: str, plan: InputPlan) -> Any:
    """What is read, or the error."""
    try:
        return csv_input.decode(text.encode(), CSV, plan).data
    except ModelpackError as error:
        return type(error), error.message


def assert_same(text: str, plan: InputPlan) -> None:
    """Fail unless both ways give the same values of the same types, or the same error."""
    read, expected = outcome(text, plan), by_pandas(text, plan)
    if isinstance(expected, tuple):
        assert isinstance(read, tuple), read
        assert read == expected
    elif isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(read, expected, strict=True)
    else:
        pd.testing.assert_frame_equal(read, expected, check_exact=True)


TYPED = "1.5,0.1,-7,3,true,x\n,nan,9007199254740993,-2147483648,False,007\n-inf,1e-7,0,0,TRUE,NA\n"


def test_a_usual_text_is_read_by_arrow() -> None:
    """All types, gaps in numbers and texts, and quoted fields with line ends."""
    plan = plan_of(*(DataType(kind) for kind in ("double", "float", "long", "integer", "boolean", "string")))
    for block in (TYPED, TYPED + '"1",2,"3",4,true,"a ""b"",\r\nc"\n5,6,7,8,false,\n'):
        assert by_arrow(block, plan) is not None
        assert_same(f"a,b,c,d,e,f\n{block}", plan)


def test_text_is_missing_where_the_field_is_empty_only() -> None:
    """Not where it says `NA`, as it does in a number."""
    table = by_arrow("NA,NA\n,\n", plan_of(DataType.STRING, DataType.DOUBLE))
    assert table.to_pydict() == {"a": ["NA", None], "b": [None, None]}


def test_a_frame_may_be_written_to() -> None:
    """It is the model's own."""
    frame = csv_input.decode(b"a,b\n1,2\n3,4\n", CSV, plan_of(DataType.DOUBLE, DataType.DOUBLE)).data
    frame["a"] += 1
    frame.loc[1, "b"] = 7
    assert frame.to_dict("list") == {"a": [2, 4], "b": [2, 7]}


def test_columns_that_nobody_wants_are_left_out() -> None:
    """Whatever is in them, but only where the signature names its own and all those are there."""
    plan = plan_of(DataType.LONG, texts=("id",), others=False)
    (chunk,) = csv_input.read(io.BytesIO(b"id,a,z\n01,2,?\n"), CSV, plan, 10)
    assert chunk.data.to_dict("list") == {"id": ["01"], "a": [2]}
    assert by_pandas("id,a,z\n01,2,?\n", plan).to_dict("list") == {"id": ["01"], "a": [2]}
    (unsigned,) = csv_input.read(io.BytesIO(b"id,a,z\n01,2,?\n"), CSV, InputPlan(None, texts=("id",), others=False), 10)
    assert list(unsigned.data.columns) == ["id", "a", "z"]
    (misspelt,) = csv_input.read(io.BytesIO(b"id,A,z\n01,2,?\n"), CSV, plan, 10)
    assert list(misspelt.data.columns) == ["id", "A", "z"]


@pytest.mark.parametrize(
    ("kind", "block"),
    [
        (DataType.LONG, "1,x\n,y\n"),
        (DataType.LONG, "1.0,x\n"),
        (DataType.LONG, "9223372036854775808,x\n"),
        (DataType.INTEGER, "2147483648,x\n"),
        (DataType.BOOLEAN, "1,x\n0,y\n"),
        (DataType.BOOLEAN, "true,x\n,y\n"),
        (DataType.DOUBLE, "NAN,x\n"),
        (DataType.DOUBLE, "nan(1),x\n"),
        (DataType.DOUBLE, "1.5x,x\n"),
        (DataType.DOUBLE, "True,x\n"),
        (DataType.DOUBLE, "1\n"),
        (DataType.DOUBLE, "1,x\n  \n2,y\n"),
        (DataType.DOUBLE, "1,x,\n"),
        (DataType.DOUBLE, '1,"x\n'),
        (DataType.STRING, '5",x\n6,"y\n7,z\n'),
        (DataType.STRING, '5",x\n6,"y\n7,""z\n8",z\n'),
    ],
)
def test_what_arrow_takes_for_something_else_is_left_to_pandas(kind: DataType, block: str) -> None:
    """Values of another type, gaps, other lengths, and spellings of NaN that only one of them knows."""
    plan = plan_of(kind, DataType.STRING)
    assert by_arrow(block, plan) is None
    assert_same(f"a,b\n{block}", plan)


def test_after_a_block_for_pandas_all_are() -> None:
    """What comes next is likely to be like it; the values are the same anyway."""
    plan = plan_of(DataType.LONG, DataType.STRING)
    reader = ArrowReader(Header(["a", "b"]), plan)
    assert reader.read(b"1,x\n") is not None
    assert reader.read(b",x\n") is None
    assert reader.read(b"1,x\n") is None
    chunks = [chunk.data["a"] for chunk in csv_input.read(io.BytesIO(b"a,b\n1,x\n,y\n3,z\n"), CSV, plan, 1)]
    assert [str(chunk.dtype) for chunk in chunks] == ["int64", "Int64", "int64"]


@pytest.mark.parametrize("kind", [DataType.DATETIME, DataType.BINARY, Array(DataType.LONG)], ids=str)
def test_what_stands_in_texts_is_read_from_them(kind: ColumnType) -> None:
    """Dates, bytes and JSON, or the same error."""
    for field in ("2024-01-31T12:00:00", "AP8=", '"[1, 2]"', "", "?"):
        assert_same(f"a,b\n{field},1\n", plan_of(kind, DataType.LONG))


# no exponent of three digits: pandas 2 takes what is past a double for a text, pandas 3 for infinity, as Arrow does
digits = st.one_of(
    st.integers(-(2**65), 2**65).map(str),
    st.floats().map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.from_regex(r"-?[0-9]{0,20}\.?[0-9]{0,20}([eE][-+]?[0-9]{1,2})?", fullmatch=True),
)
words = st.sampled_from(
    [
        *MISSING,
        "true",
        "FALSE",
        "True",
        "1",
        "0",
        "Inf",
        "-infinity",
        "+inf",
        "NAN",
        "-0.0",
        " NA",
        "x",
        " 1",
        "+2.5",
        "3\t",
    ]
)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=4)
fields = st.one_of(digits, digits, words, texts)
quoting = st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])


def written(rows: list[list[str]], quoted: Any, end: str) -> str:
    """Rows as CSV text."""
    text = io.StringIO()
    csv.writer(text, quoting=quoted, lineterminator=end).writerows(rows)
    return text.getvalue()


@given(
    st.lists(st.sampled_from(KINDS), min_size=2, max_size=2),
    st.lists(st.lists(fields, min_size=2, max_size=2), min_size=1, max_size=4),
    quoting,
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_fields_are_read_as_pandas_reads_them(
    kinds: list[DataType], rows: list[list[str]], quoted: Any, end: str
) -> None:
    """In any two types, quoted or not."""
    assert_same(f"a,b{end}" + written(rows, quoted, end), plan_of(*kinds))


@given(st.lists(st.lists(digits, min_size=3, max_size=3), min_size=1, max_size=4), st.booleans())
def test_numbers_are_read_to_the_bit(rows: list[list[str]], arrays: bool) -> None:  # noqa: FBT001 - Hypothesis gives it
    """Each digit counts, also where they become one array."""
    for kind in (DataType.DOUBLE, DataType.FLOAT, DataType.LONG, DataType.INTEGER):
        assert_same("a,b,c\n" + written(rows, csv.QUOTE_MINIMAL, "\n"), plan_of(kind, kind, kind, arrays=arrays))


@given(st.lists(st.sampled_from(["1", ",", '"', "\n", "\r\n", "x", " ", ".", "-"]), max_size=12).map("".join))
def test_any_text_is_cut_as_pandas_cuts_it(text: str) -> None:
    """However the quotes and line ends stand, and where there is nothing."""
    assert_same(f"a,b\n{text}", plan_of(DataType.STRING, DataType.DOUBLE))

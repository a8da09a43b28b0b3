from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from modelpack.data import csv_input
from modelpack.data.codecs import decode
from modelpack.data.media_types import MediaType
from modelpack.data.plan import InputPlan
from modelpack.errors import DataFormatError, SchemaError
from modelpack.schema.signature import Array, DataType

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.schema.signature import ModelSignature


def read(text: str | bytes, signature: ModelSignature | None = None, content_type: str = "text/csv") -> Any:
    """The data of a CSV text."""
    body = text if isinstance(text, bytes) else text.encode()
    return decode(body, content_type, signature=signature).data


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        (DataType.STRING, ["007", "NA", ""], ["007", "NA", None]),
        (DataType.STRING, ['"a,\n""b"""', "true"], ['a,\n"b"', "true"]),
        (DataType.LONG, ["9007199254740993", "-1"], np.array([9007199254740993, -1])),
        (DataType.LONG, ["9007199254740993", ""], pd.array([9007199254740993, None], dtype="Int64")),
        (DataType.LONG, ["1.0", ""], pd.array([1, None], dtype="Int64")),
        (DataType.INTEGER, ["1", "2"], np.array([1, 2], dtype="int32")),
        (DataType.INTEGER, ["1", "NA"], pd.array([1, None], dtype="Int32")),
        (DataType.BOOLEAN, ["true", "False", "TRUE"], np.array([True, False, True])),
        (DataType.BOOLEAN, ["1", "0"], np.array([True, False])),
        (DataType.BOOLEAN, ["True", ""], np.array([True, np.nan], dtype=object)),
        (DataType.DOUBLE, ["0.1", "1e-7", "5e-324"], np.array([0.1, 1e-7, 5e-324])),
        (DataType.DOUBLE, ["1", "", "nan", "inf", "-inf"], np.array([1, np.nan, np.nan, np.inf, -np.inf])),
        (DataType.DOUBLE, ["12345678901234567890123"], np.array([12345678901234567890123.0])),
        (DataType.FLOAT, ["0.1"], np.array([0.1], dtype="float32")),
        (DataType.DATETIME, ["2024-01-31T12:00:00", ""], pd.to_datetime(["2024-01-31T12:00:00", "NaT"])),
        (DataType.DATETIME, ["2024-01-31 14:00:00+02:00"], pd.to_datetime(["2024-01-31T12:00:00Z"])),
        (DataType.BINARY, ["AP8=", ""], [b"\x00\xff", None]),
        (Array(DataType.LONG), ['"[1, 2]"', ""], [[1, 2], None]),
    ],
)
def test_a_field_gets_the_type_of_the_signature(
    kind: Any, fields: list[str], expected: Any, columns: Callable[..., ModelSignature]
) -> None:
    """A digit string stays text, an integer with blanks an integer, and numbers are read exactly."""
    text = "c,other\n" + "".join(f"{field},1\n" for field in fields)
    column = read(text, columns(c=kind))["c"]
    if isinstance(expected, list):
        assert [None if isinstance(item, float) else item for item in column] == expected
    else:
        pd.testing.assert_series_equal(
            column, pd.Series(expected, name="c"), check_dtype=kind is not DataType.DATETIME, check_exact=True
        )


@pytest.mark.parametrize(
    ("kind", "field", "came"),
    [
        (DataType.LONG, "1.5", 1.5),
        (DataType.LONG, "x", "x"),
        (DataType.LONG, "9223372036854775808", 9223372036854775808),
        (DataType.INTEGER, "2147483648", 2147483648),
        (DataType.DOUBLE, "1.5x", "1.5x"),
        (DataType.DOUBLE, "True", True),
        (DataType.BOOLEAN, "maybe", "maybe"),
    ],
)
def test_a_field_of_another_type_is_left_to_the_enforcement(
    kind: DataType, field: str, came: Any, columns: Callable[..., ModelSignature]
) -> None:
    """One bad column leaves the others as they ought to be."""
    frame = read(f"c,n\n{field},1\n{field},\n", columns(c=kind, n=DataType.LONG))
    assert frame["c"].tolist() == [came, came]
    assert frame["n"].dtype == "Int64"


@pytest.mark.parametrize(
    ("kind", "field"), [(DataType.DATETIME, "soon"), (DataType.BINARY, "?"), (Array(DataType.LONG), "[1")]
)
def test_a_field_that_is_no_date_or_bytes_or_json_is_a_schema_error(
    kind: Any, field: str, columns: Callable[..., ModelSignature]
) -> None:
    """The error names the column."""
    with pytest.raises(SchemaError, match="column 'c'"):
        read(f"c,d\n{field},1\n", columns(c=kind))


def test_without_a_signature_pandas_decides() -> None:
    """Text that looks like numbers becomes numbers, and `NA` is missing."""
    frame = read("a,b,c\n007,NA,x\n1,2,y\n")
    assert frame["a"].tolist() == [7, 1]
    assert frame["b"].isna().tolist() == [True, False]


def test_the_index_column_that_to_csv_writes_is_dropped(columns: Callable[..., ModelSignature]) -> None:
    """A nameless first column that the signature does not know is an index (S107)."""
    text = pd.DataFrame({"a": [1.5], "b": ["x"]}).to_csv()
    assert list(read(text, columns(a=DataType.DOUBLE, b=DataType.STRING)).columns) == ["a", "b"]


def test_a_nameless_column_stays_where_it_may_be_data(columns: Callable[..., ModelSignature]) -> None:
    """Without a signature, or where the signature knows `Unnamed: 0`, it is read as pandas reads it."""
    text = ",a\n0,1.5\n"
    assert list(read(text).columns) == ["Unnamed: 0", "a"]
    assert list(read(text, columns(**{"Unnamed: 0": DataType.LONG, "a": DataType.DOUBLE})).columns) == [
        "Unnamed: 0",
        "a",
    ]


def test_a_text_without_header_is_read_by_position(columns: Callable[..., ModelSignature]) -> None:
    """RFC 4180's parameter says so."""
    signature = columns(a=DataType.LONG, b=DataType.STRING)
    assert read("1,x\n", signature, "text/csv; header=absent").to_dict("list") == {"a": [1], "b": ["x"]}
    assert read("1,x\n", content_type="text/csv; header=absent").to_dict("list") == {0: [1], 1: ["x"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no CSV"),
        ("\n", "there is no CSV"),
        ("a,a\n1,2\n", "'a' stands twice"),
        ("a,b\n1,2,3\n", "more fields than the header row"),
        ("a,b\n1,2\n1,2,3\n", "no CSV"),
        ('a,b\n1,"2\n', "no CSV|quoted field"),
        (b"a\xff,b\n1,2\n", "header row"),
    ],
)
def test_what_is_no_csv_is_named(text: Any, message: str, columns: Callable[..., ModelSignature]) -> None:
    """A row with a field too many never shifts the columns."""
    with pytest.raises(DataFormatError, match=message):
        read(text, columns(a=DataType.LONG))


def test_a_header_alone_is_a_table_without_rows(columns: Callable[..., ModelSignature]) -> None:
    """Its columns have the signature's types."""
    frame = read("a,b\n", columns(a=DataType.LONG, b=DataType.DOUBLE))
    assert len(frame) == 0
    assert frame.dtypes.astype(str).to_dict() == {"a": "int64", "b": "float64"}


def test_charsets_marks_and_line_ends() -> None:
    """Excel's byte order mark and line ends, and text in Latin-1."""
    assert read("a,b\r\n1,é\r\n".encode("utf-8-sig")).to_dict("list") == {"a": [1], "b": ["é"]}
    assert read("a,b\n1,é\n".encode("latin-1"), content_type="text/csv; charset=iso-8859-1")["b"][0] == "é"
    assert read("a,b\n1,é\n".encode("utf-16"), content_type="text/csv; charset=utf-16")["b"][0] == "é"
    with pytest.raises(DataFormatError, match="utf-8"):
        read(b"a,b\n1,\xff\n")


def test_a_stream_is_cut_at_rows_and_never_inside_a_quoted_field(columns: Callable[..., ModelSignature]) -> None:
    """A line end inside quotes does not end a chunk."""
    text = b'a,b\n1,"x\ny"\n2,z\n3,"\n\n"\n'
    plan = InputPlan(columns(a=DataType.LONG, b=DataType.STRING))
    chunks = [payload.data for payload in csv_input.read(io.BytesIO(text), MediaType("text/csv"), plan, 1)]
    assert pd.concat(chunks)["b"].tolist() == ["x\ny", "z", "\n\n"]
    with pytest.raises(DataFormatError, match="ends inside a quoted field"):
        list(csv_input.read(io.BytesIO(b'a,b\n1,"x\n'), MediaType("text/csv"), plan, 1))

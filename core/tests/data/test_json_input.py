from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from modelpack.data.codecs import decode
from modelpack.errors import DataFormatError, SchemaError, UnsupportedMediaTypeError
from modelpack.schema.signature import AnyType, Array, Column, ColumnSchema, DataType, Map, ModelSignature, Object

if TYPE_CHECKING:
    from collections.abc import Callable

FRAME = pd.DataFrame({"a": [1.5, 2.5], "b": [3.5, 4.5]})
SPLIT = {"columns": ["a", "b"], "data": [[1.5, 3.5], [2.5, 4.5]]}
RECORDS = [{"a": 1.5, "b": 3.5}, {"a": 2.5, "b": 4.5}]
JSON = "application/json"


def read(document: Any, signature: ModelSignature | None = None, content_type: str = JSON) -> Any:
    """The data of a body."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return decode(body, content_type, signature=signature).data


@pytest.mark.parametrize("signed", [True, False], ids=["signature", "no signature"])
@pytest.mark.parametrize(
    ("content_type", "document"),
    [
        (JSON, SPLIT),
        (f"{JSON}; format=pandas-split", SPLIT),
        (f"{JSON}; format=pandas-split; charset=utf-8", {**SPLIT, "index": [0, 1]}),
        (f"{JSON}; format=pandas-records", RECORDS),
        (JSON, {"dataframe_split": SPLIT}),
        (JSON, {"dataframe_records": RECORDS}),
    ],
    ids=["bare split", "named split", "split with index", "records", "wrapped split", "wrapped records"],
)
def test_every_tabular_form_gives_the_same_frame(
    content_type: str,
    document: Any,
    *,
    signed: bool,
    columns: Callable[..., ModelSignature],
) -> None:
    """The seed's bare forms (S104-S106) and MLflow's wrapped ones mean the same table."""
    signature = columns(a=DataType.DOUBLE, b=DataType.DOUBLE) if signed else None
    pd.testing.assert_frame_equal(read(document, signature, content_type), FRAME)


@pytest.mark.parametrize("orient", ["split", "records"])
def test_what_pandas_writes_is_read(orient: Any, columns: Callable[..., ModelSignature]) -> None:
    """`DataFrame.to_json` makes the bodies that the seed documents."""
    body = FRAME.to_json(orient=orient).encode()
    signature = columns(a=DataType.DOUBLE, b=DataType.DOUBLE)
    pd.testing.assert_frame_equal(read(body, signature, f"{JSON}; format=pandas-{orient}"), FRAME)


@pytest.mark.parametrize(
    "document",
    [{"instances": [[1.5, 3.5], [2.5, 4.5]]}, {"instances": RECORDS}, {"inputs": {"a": [1.5, 2.5], "b": [3.5, 4.5]}}],
    ids=["rows", "objects", "columns"],
)
def test_tensor_forms_are_tables_for_a_column_signature(document: Any, columns: Callable[..., ModelSignature]) -> None:
    """`instances` is row-wise and `inputs` is column-wise."""
    pd.testing.assert_frame_equal(read(document, columns(a=DataType.DOUBLE, b=DataType.DOUBLE)), FRAME)


def test_an_object_of_scalars_is_one_row(columns: Callable[..., ModelSignature]) -> None:
    """`inputs` may hold a single record."""
    assert read({"inputs": {"a": 1, "b": "x"}}, columns(a=DataType.LONG, b=DataType.STRING)).to_dict("list") == {
        "a": [1],
        "b": ["x"],
    }


def test_an_only_column_needs_no_name(columns: Callable[..., ModelSignature]) -> None:
    """A list of values is the only column, and a list of lists where its type is an array."""
    assert read({"inputs": ["x", "y"]}, columns(text=DataType.STRING)).to_dict("list") == {"text": ["x", "y"]}
    assert read({"inputs": "x"}, columns(text=DataType.STRING)).to_dict("list") == {"text": ["x"]}
    signature = columns(v=Array(DataType.DOUBLE))
    assert read({"instances": [[1.0, 2.0]]}, signature).to_dict("list") == {"v": [[1.0, 2.0]]}


def test_an_unnamed_column_is_column_zero() -> None:
    """A signature whose only column has no name takes a list."""
    signature = ModelSignature(inputs=ColumnSchema((Column(DataType.DOUBLE),)))
    assert read({"inputs": [1.5, 2.5]}, signature).to_dict("list") == {0: [1.5, 2.5]}


def test_records_by_default_come_with_a_notice() -> None:
    """A list of records is read although split is the default, and says so (S105)."""
    payload = decode(json.dumps(RECORDS).encode(), JSON, signature=None)
    assert payload.notice is not None
    assert "pandas-records" in payload.notice
    pd.testing.assert_frame_equal(payload.data, FRAME)


def test_params_come_with_a_wrapped_body() -> None:
    """They stand beside the data."""
    assert decode(b'{"inputs": [1], "params": {"k": 2}}', JSON, signature=None).params == {"k": 2}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"NaN" + b"[" * 100_000, "not JSON"),
        (b'{"a": 1e400}', "not JSON"),
        (b'"text"', "a string, not an object"),
        ({"rows": []}, "exactly one of .*; it has rows"),
        ({}, "it has no keys"),
        ({"inputs": [1], "instances": [1]}, "it has inputs, instances"),
        ({"inputs": [1], "parms": {}}, "beside inputs and params the body has parms"),
        ({"inputs": [1], "params": [1]}, "params is a list"),
        ({"instances": {"a": 1}}, "an object with a came"),
        ({"dataframe_split": [1]}, "a list came"),
        ({"dataframe_split": {"columns": ["a"]}}, "an object with columns came"),
        ({"dataframe_split": {"columns": "a", "data": []}}, "are lists"),
        ({"dataframe_split": {"columns": ["a"], "data": [], "schema": 1}}, "also came schema"),
        ({"dataframe_split": {"columns": ["a", "a"], "data": []}}, "'a' stands twice"),
        ({"dataframe_split": {"columns": [["a"]], "data": []}}, "neither a text nor a number"),
        ({"dataframe_split": {"columns": ["a"], "data": [[1], [2, 3]]}}, "row 1 has 2 values for 1 columns"),
        ({"dataframe_split": {"columns": ["a"], "data": [1]}}, "row 0 is a number"),
        ({"dataframe_split": {"columns": ["a"], "index": [1, 2], "data": [[1]]}}, "2 labels for 1 rows"),
        ({"dataframe_records": {"a": 1}}, "an object with a came"),
        ([{"a": 1}, [2]], "record 1 is a list"),
        ([None], "record 0 is null"),
        ({"inputs": [[1], [1, 2]]}, "do not form a tensor"),
        ({"instances": [{"a": 1}, {"b": 1}]}, "instance 1 has other keys"),
    ],
)
def test_what_cannot_be_read_is_named(document: Any, message: str) -> None:
    """An unreadable body is a DataFormatError that says what came."""
    with pytest.raises(DataFormatError, match=message):
        read(document)


def test_columns_of_different_lengths_are_refused(columns: Callable[..., ModelSignature]) -> None:
    """The error gives the lengths."""
    with pytest.raises(DataFormatError, match="'a': 2, 'b': 1"):
        read({"inputs": {"a": [1, 2], "b": [1]}}, columns(a=DataType.LONG, b=DataType.LONG))


def test_an_unknown_format_is_an_unsupported_type() -> None:
    """`format` names the two forms that pandas writes."""
    with pytest.raises(UnsupportedMediaTypeError, match="pandas-table"):
        read(SPLIT, content_type=f"{JSON}; format=pandas-table")


DATES = pd.to_datetime(["2024-01-31T12:00:00.123456789", "NaT"])


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (DataType.BOOLEAN, [True, False], np.array([True, False])),
        (DataType.BOOLEAN, [True, None], np.array([True, np.nan], dtype=object)),
        (DataType.INTEGER, [1, -2], np.array([1, -2], dtype="int32")),
        (DataType.INTEGER, [1, None], pd.array([1, None], dtype="Int32")),
        (DataType.LONG, [2**53 + 1, -(2**63)], np.array([2**53 + 1, -(2**63)])),
        (DataType.LONG, [2**53 + 1, None], pd.array([2**53 + 1, None], dtype="Int64")),
        (DataType.FLOAT, [0.1, 2], np.array([0.1, 2], dtype="float32")),
        (DataType.DOUBLE, [0.1, 2], np.array([0.1, 2])),
        (DataType.DOUBLE, [0.1, None], np.array([0.1, np.nan])),
        (DataType.DOUBLE, [2**70, 2**64 - 1], np.array([2.0**70, 2.0**64])),
        (DataType.STRING, ["007", None], ["007", None]),
        (DataType.BINARY, ["AP8=", None], [b"\x00\xff", None]),
        (DataType.DATETIME, ["2024-01-31T12:00:00.123456789", None], DATES),
        (DataType.DATETIME, ["2024-01-31T12:00:00Z", None], pd.to_datetime(["2024-01-31T12:00:00Z", "NaT"])),
        (DataType.DATETIME, ["2024-01-31T14:00:00+02:00"], pd.to_datetime(["2024-01-31T12:00:00Z"])),
        (DataType.DATETIME, [1706702400000], pd.to_datetime(["2024-01-31T12:00:00"])),
        (Array(DataType.LONG), [[1, 2], []], [[1, 2], []]),
        (Map(DataType.LONG), [{"x": 1}, {}], [{"x": 1}, {}]),
        (Object(()), [{"x": [1]}, None], [{"x": [1]}, None]),
        (AnyType(), [1, "x"], [1, "x"]),
    ],
)
def test_a_column_gets_the_type_of_the_signature(
    kind: Any, values: list[Any], expected: Any, columns: Callable[..., ModelSignature]
) -> None:
    """What JSON cannot tell apart, the signature does."""
    column = read({"columns": ["c"], "data": [[value] for value in values]}, columns(c=kind))["c"]
    if isinstance(expected, list):
        assert [None if isinstance(item, float) else item for item in column] == expected
    else:
        wanted = pd.Series(expected, name="c")
        pd.testing.assert_series_equal(column, wanted, check_dtype=kind is not DataType.DATETIME)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (DataType.DOUBLE, "1.5"),
        (DataType.DOUBLE, True),
        (DataType.LONG, 1.5),
        (DataType.LONG, True),
        (DataType.BOOLEAN, 1),
        (DataType.STRING, 7),
        (DataType.DATETIME, 1.5),
    ],
)
def test_a_value_of_another_type_is_left_to_the_enforcement(
    kind: DataType, value: Any, columns: Callable[..., ModelSignature]
) -> None:
    """Nothing is converted on the way in that the policy might refuse."""
    rows = [[value], [value]]
    assert read({"columns": ["c"], "data": rows}, columns(c=kind))["c"].tolist() == [value, value]


def test_a_boolean_among_numbers_stays_one(columns: Callable[..., ModelSignature]) -> None:
    """NumPy would make it 1.0."""
    frame = read({"columns": ["a", "b"], "data": [[1.5, True]]}, columns(a=DataType.DOUBLE, b=DataType.DOUBLE))
    assert frame["b"].tolist() == [True]
    assert frame["b"].dtype == bool


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (DataType.LONG, 2**63, "9223372036854775808 does not fit long"),
        (DataType.INTEGER, 2**31, "2147483648 does not fit integer"),
        (DataType.FLOAT, 1e300, "beyond the range of a 32-bit float"),
        (DataType.DATETIME, "soon", "column 'c': .*soon"),
        (DataType.BINARY, "no base64!", "column 'c': a value is no base64"),
    ],
)
def test_a_value_that_its_type_cannot_hold_is_a_schema_error(
    kind: DataType, value: Any, message: str, columns: Callable[..., ModelSignature]
) -> None:
    """The error names the column."""
    with pytest.raises(SchemaError, match=message):
        read({"columns": ["c"], "data": [[value]]}, columns(c=kind))


def test_dates_with_and_without_zone_do_not_mix(columns: Callable[..., ModelSignature]) -> None:
    """There is no telling which instant the ones without mean."""
    with pytest.raises(SchemaError, match="some dates have a zone"):
        read([{"c": "2024-01-31T12:00:00Z"}, {"c": "2024-01-31T12:00:00"}], columns(c=DataType.DATETIME))


def test_names_that_look_like_dates_change_nothing() -> None:
    """0.9 converted columns called `…_at` or `date` (S110); a name is no reason."""
    frame = read([{"created_at": 1706702400000, "date": "2024-01-31"}])
    assert frame.to_dict("list") == {"created_at": [1706702400000], "date": ["2024-01-31"]}


def test_python_s_nan_and_infinity_are_read(columns: Callable[..., ModelSignature]) -> None:
    """Python's own `json` writes them, although JSON does not have them."""
    frame = read(b'[{"c": NaN}, {"c": -Infinity}, {"c": 99999999999999999999999}]', columns(c=DataType.DOUBLE))
    np.testing.assert_array_equal(frame["c"], [np.nan, -np.inf, 1e23])


def test_missing_keys_of_records_are_null(columns: Callable[..., ModelSignature]) -> None:
    """Records may leave out what they do not have."""
    frame = read([{"a": 1}, {"b": 2}], columns(a=DataType.LONG, b=DataType.LONG))
    assert frame.astype(object).where(frame.notna(), None).to_dict("list") == {"a": [1, None], "b": [None, 2]}


def test_integer_names_of_old_signatures_are_found() -> None:
    """JSON keys are texts; the names in some old signatures are integers."""
    signature = ModelSignature(inputs=ColumnSchema((Column(DataType.DOUBLE, 0), Column(DataType.DOUBLE, 1))))
    assert list(read([{"0": 1.5, "1": 2.5}], signature).columns) == [0, 1]


def test_a_table_without_rows_has_typed_columns(columns: Callable[..., ModelSignature]) -> None:
    """Zero rows are a table too."""
    frame = read({"columns": ["a", "b"], "data": []}, columns(a=DataType.LONG, b=DataType.DOUBLE))
    assert len(frame) == 0
    assert frame.dtypes.astype(str).to_dict() == {"a": "int64", "b": "float64"}


def test_the_index_of_split_is_kept() -> None:
    """Pandas writes it, and a model may look at it."""
    assert list(read({**SPLIT, "index": ["x", "y"]}).index) == ["x", "y"]


def test_another_charset_is_decoded() -> None:
    """JSON in UTF-16 or Latin-1 is read when the media type says so; a byte order mark is no part of the text."""
    text = json.dumps([{"a": "é"}], ensure_ascii=False)
    for charset in ("utf-16", "iso-8859-1"):
        assert read(text.encode(charset), content_type=f"{JSON}; charset={charset}")["a"][0] == "é"
    assert read(text.encode("utf-8-sig"))["a"][0] == "é"
    with pytest.raises(DataFormatError, match="the body is not utf-16"):
        read(b"abc", content_type=f"{JSON}; charset=utf-16")


def test_tensors_get_the_dtype_of_the_signature(tensor: Callable[..., ModelSignature]) -> None:
    """JSON numbers become the declared kind of number."""
    array = read({"inputs": [[1, 2], [3, 4]]}, tensor("float32"))
    assert array.dtype == np.float32
    assert array.tolist() == [[1, 2], [3, 4]]
    assert read({"instances": [[1, 2]]}, tensor("uint8")).dtype == np.uint8


def test_named_tensors_come_by_columns_or_by_rows(tensor: Callable[..., ModelSignature]) -> None:
    """`inputs` holds each tensor, `instances` each row of all."""
    signature = tensor(a="int64", b="float64")
    by_column = read({"inputs": {"a": [1, 2], "b": [1.5, None]}}, signature)
    by_row = read({"instances": [{"a": 1, "b": 1.5}, {"a": 2, "b": None}]}, signature)
    for arrays in (by_column, by_row):
        assert {name: array.dtype.name for name, array in arrays.items()} == {"a": "int64", "b": "float64"}
        np.testing.assert_array_equal(arrays["b"], [1.5, np.nan])


@pytest.mark.parametrize(("dtype", "value"), [("uint8", 300), ("int64", 1.5), ("float32", "x"), ("bool", 1)])
def test_a_tensor_of_another_kind_is_left_to_the_enforcement(
    dtype: str, value: Any, tensor: Callable[..., ModelSignature]
) -> None:
    """A number is never wrapped round or cut to fit."""
    assert read({"inputs": [[value, value]]}, tensor(dtype)).tolist() == [[value, value]]


def test_base64_objects_are_bytes(tensor: Callable[..., ModelSignature]) -> None:
    """`{"b64": …}` stands for bytes, as in TensorFlow Serving; zero bytes at the end stay."""
    array = read({"instances": [{"b64": "YQA="}, {"b64": "/w=="}]}, tensor("object"))
    assert array.tolist() == [b"a\x00", b"\xff"]
    with pytest.raises(SchemaError, match="no base64"):
        read({"instances": [{"b64": "?"}]})


def test_tensors_without_signature_are_arrays() -> None:
    """A model without a signature gets what the lists say."""
    assert read({"inputs": [[1, 2], [3, 4]]}).dtype == np.int64
    assert read({"inputs": {"a": [1.5]}})["a"].dtype == np.float64
    assert read({"inputs": [1, None]}).dtype == np.float64

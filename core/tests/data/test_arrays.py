"""Tables of one number type become one array, where the model takes it."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelpack.data.codecs import Decoder
from modelpack.errors import DataFormatError, SchemaError
from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature

if TYPE_CHECKING:
    from collections.abc import Callable

JSON = "application/json"
STREAM = "application/vnd.apache.arrow.stream"
NUMBERS = {
    DataType.DOUBLE: "float64",
    DataType.FLOAT: "float32",
    DataType.LONG: "int64",
    DataType.INTEGER: "int32",
}


def signature_of(*names: str, kind: DataType = DataType.DOUBLE) -> ModelSignature:
    """Columns of one type."""
    return ModelSignature(inputs=ColumnSchema(tuple(Column(kind, name) for name in names)))


AB = signature_of("a", "b")


def read(document: Any, signature: ModelSignature = AB, content_type: str = JSON) -> Any:
    """The data of a body for a model that takes arrays."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Decoder(signature, arrays=True).decode(body, content_type).data


def streamed(*batches: dict[str, Any]) -> bytes:
    """An Arrow stream of batches."""
    stream = io.BytesIO()
    made = [pa.record_batch(batch) for batch in batches]
    with pa.ipc.new_stream(stream, made[0].schema) as writer:
        for batch in made:
            writer.write_batch(batch)
    return stream.getvalue()


def is_array(data: Any, values: Any, dtype: str = "float64") -> bool:
    """Whether the data is an array of these values, whose rows lie one after the other."""
    return bool(
        type(data) is np.ndarray
        and data.dtype == dtype
        and data.flags.c_contiguous
        and np.array_equal(data, np.array(values, dtype=dtype), equal_nan=np.dtype(dtype).kind == "f")
    )


FORMS: dict[str, Any] = {
    "bare split": {"columns": ["a", "b"], "data": [[1, 2.5], [3, 4]]},
    "split without names": {"dataframe_split": {"data": [[1, 2.5], [3, 4]]}},
    "split with index": {"dataframe_split": {"columns": ["a", "b"], "index": [7, 8], "data": [[1, 2.5], [3, 4]]}},
    "split in another order": {"dataframe_split": {"columns": ["b", "a"], "data": [[2.5, 1], [4, 3]]}},
    "records": {"dataframe_records": [{"a": 1, "b": 2.5}, {"b": 4, "a": 3}]},
    "bare records": [{"a": 1, "b": 2.5}, {"b": 4, "a": 3}],
    "instances": {"instances": [[1, 2.5], [3, 4]]},
    "instances of objects": {"instances": [{"a": 1, "b": 2.5}, {"b": 4, "a": 3}]},
    "inputs by column": {"inputs": {"b": [2.5, 4], "a": [1, 3]}},
    "inputs by row": {"inputs": [[1, 2.5], [3, 4]]},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_json_becomes_the_array(form: str) -> None:
    """Rows by position go in the signature's order, names in any."""
    assert is_array(read(FORMS[form]), [[1, 2.5], [3, 4]])


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("form", ["bare split", "records"])
def test_every_number_type_becomes_an_array_of_it(kind: DataType, form: str) -> None:
    """Of NumPy's own width."""
    document = json.loads(json.dumps(FORMS[form]).replace("2.5", "2"))
    assert is_array(read(document, signature_of("a", "b", kind=kind)), [[1, 2], [3, 4]], NUMBERS[kind])


def test_an_only_column_has_two_axes_too() -> None:
    """One value for each row, in whatever form."""
    one = signature_of("a")
    for document in ({"instances": [1, 2]}, {"inputs": [1, 2]}, {"instances": [[1], [2]]}, [{"a": 1}, {"a": 2}]):
        assert is_array(read(document, one), [[1], [2]])


@pytest.mark.parametrize("kind", [DataType.DOUBLE, DataType.FLOAT])
def test_missing_floats_are_nan(kind: DataType) -> None:
    """Null, and the NaN that Python's own `json` writes."""
    signature = signature_of("a", "b", kind=kind)
    for body in (b'{"instances": [[1, null], [2, 3]]}', b'{"instances": [[1, NaN], [2, 3]]}'):
        assert is_array(read(body, signature), [[1, np.nan], [2, 3]], NUMBERS[kind])


NOT_UNIFORM: dict[str, tuple[Any, DataType]] = {
    "boolean": ([[1, True], [3, 4]], DataType.DOUBLE),
    "boolean among integers": ([[1, False], [3, 4]], DataType.LONG),
    "text": ([[1, "2"], [3, 4]], DataType.DOUBLE),
    "fraction among integers": ([[1, 2.0], [3, 4]], DataType.LONG),
    "missing integer": ([[1, None], [3, 4]], DataType.LONG),
    "list in a cell": ([[1, [2]], [3, [4]]], DataType.DOUBLE),
    "no row": ([], DataType.DOUBLE),
}


@pytest.mark.parametrize("what", NOT_UNIFORM)
def test_what_is_not_just_numbers_is_a_frame(what: str) -> None:
    """As for every other model, so that the policy decides."""
    rows, kind = NOT_UNIFORM[what]
    signature = signature_of("a", "b", kind=kind)
    document = {"dataframe_split": {"columns": ["a", "b"], "data": rows}}
    frame = read(document, signature)
    expected = Decoder(signature).decode(json.dumps(document).encode(), JSON).data
    assert isinstance(frame, pd.DataFrame)
    pd.testing.assert_frame_equal(frame, expected)


@pytest.mark.parametrize("value", [True, False])
@pytest.mark.parametrize("count", [20, 2000])
@pytest.mark.parametrize("order", [("columns", "data"), ("data", "columns")], ids="-".join)
def test_a_boolean_among_many_numbers_is_found(value: object, count: int, order: tuple[str, str]) -> None:
    """Wherever it stands, also in a body so long that nobody looks for the word; ones and zeros are none."""
    rows: list[list[Any]] = [[row % 3, row / 7] for row in range(count)]
    parts = {"columns": ["a", "b"], "data": rows}
    document = {"dataframe_split": {name: parts[name] for name in order}}
    assert is_array(read(document), rows)
    rows[count // 2][1] = value
    assert isinstance(read(document), pd.DataFrame)
    assert isinstance(read({"instances": rows}), pd.DataFrame)


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"], ["a", "c"]], ids=["lacking", "extra", "other"])
def test_other_names_are_a_frame(names: list[str]) -> None:
    """Which of them count is the policy's choice."""
    document = {"dataframe_split": {"columns": names, "data": [list(range(len(names)))]}}
    assert list(read(document).columns) == names
    assert list(read([dict.fromkeys(names, 1)]).columns) == names


@pytest.mark.parametrize(
    "data",
    [[[1, 2], [3]], [[1, 2], [3, 4, 5]], [[1, 2], 3], [[1, 2], "ab"], [[1, 2], {"a": 1, "b": 2}], [[1, 2], None]],
)
def test_ragged_rows_are_refused(data: Any) -> None:
    """Whatever stands in place of a row of two values."""
    with pytest.raises(DataFormatError, match="row 1"):
        read({"dataframe_split": {"columns": ["a", "b"], "data": data}})


def test_a_repeated_name_is_refused() -> None:
    """Also where there are as many as in the signature."""
    with pytest.raises(DataFormatError, match="'a' stands twice"):
        read({"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}})
    with pytest.raises(DataFormatError, match="2 labels for 1 rows"):
        read({"dataframe_split": {"columns": ["a", "b"], "index": [0, 1], "data": [[1, 2]]}})


@pytest.mark.parametrize(
    ("kind", "value"), [(DataType.LONG, 2**63), (DataType.INTEGER, 2**31), (DataType.FLOAT, 1e300)]
)
def test_a_number_past_its_type_is_a_schema_error(kind: DataType, value: Any) -> None:
    """The error names the column, with nulls beside it as well."""
    for other in (1, None):
        with pytest.raises(SchemaError, match="column 'b'"):
            read({"instances": [[1, value], [other, 2]]}, signature_of("a", "b", kind=kind))


def test_the_nearest_double_is_read() -> None:
    """Integers of any size, and a zero with its sign."""
    data = read(b'{"instances": [[9007199254740993, 18446744073709551616], [-0.0, 18446744073709551615]]}')
    assert data.tolist() == [[9007199254740992.0, 2.0**64], [0.0, 2.0**64]]
    assert np.signbit(data[1, 0])


@given(
    st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**70), 2**70)), min_size=1),
    st.booleans(),
)
def test_arrays_hold_what_frames_would(rows: list[tuple[float, int]], as_records: bool) -> None:  # noqa: FBT001 - drawn
    """Bit for bit."""
    document: Any = [{"a": a, "b": b} for a, b in rows] if as_records else {"instances": rows}
    body = json.dumps(document).encode()
    frame = Decoder(AB).decode(body, JSON).data
    assert is_array(read(body), frame.to_numpy())


@pytest.mark.parametrize(
    "content_type", [STREAM, "application/vnd.apache.arrow.file", "application/vnd.apache.parquet"]
)
def test_arrow_becomes_the_array(content_type: str) -> None:
    """Columns in any order, of streams, files and Parquet."""
    table = pa.table({"b": [2.5, None], "a": [1.0, 3.0]})
    stream = io.BytesIO()
    if "parquet" in content_type:
        pyarrow.parquet.write_table(table, stream)
    else:
        opener = pa.ipc.new_stream if "stream" in content_type else pa.ipc.new_file
        with opener(stream, table.schema) as writer:
            writer.write_table(table)
    assert is_array(read(stream.getvalue(), content_type=content_type), [[1, 2.5], [3, np.nan]])


@pytest.mark.parametrize("kind", NUMBERS)
def test_arrow_of_several_batches_is_one_array(kind: DataType) -> None:
    """Of every number type."""
    dtype = NUMBERS[kind]
    batches = [{"a": np.array(part, dtype), "b": np.array(part, dtype) * 2} for part in ([1, 2], [3], [])]
    data = read(streamed(*batches), signature_of("a", "b", kind=kind), STREAM)
    assert is_array(data, [[1, 2], [2, 4], [3, 6]], dtype)


@pytest.mark.parametrize(
    ("batch", "kind"),
    [
        ({"a": [1], "b": [2.5]}, DataType.DOUBLE),
        ({"a": np.array([1], "float32"), "b": np.array([2], "float32")}, DataType.DOUBLE),
        ({"a": [1, None], "b": [2, 3]}, DataType.LONG),
        ({"a": [1.0], "b": [2.0], "c": [3.0]}, DataType.DOUBLE),
        ({"a": [1.0]}, DataType.DOUBLE),
        ({"a": pa.array([], "double"), "b": pa.array([], "double")}, DataType.DOUBLE),
    ],
    ids=["another type", "narrower", "missing integer", "extra", "lacking", "no row"],
)
def test_other_arrow_is_a_frame(batch: dict[str, Any], kind: DataType) -> None:
    """As it is for every other model."""
    signature = signature_of("a", "b", kind=kind)
    frame = read(streamed(batch), signature, STREAM)
    pd.testing.assert_frame_equal(frame, Decoder(signature).decode(streamed(batch), STREAM).data)


@pytest.mark.parametrize("text", ["a,b\n1,2.5\n3,\n", "b,a\n2.5,1\nNA,3\n", ",b,a\n0,2.5,1\n1,nan,3\n"])
def test_csv_becomes_the_array(text: str) -> None:
    """Columns in any order, empty fields as NaN, an index left out."""
    assert is_array(read(text.encode(), content_type="text/csv"), [[1, 2.5], [3, np.nan]])


@pytest.mark.parametrize("text", ["a,b\n", "a,b\n1,x\n", "a,b\n1,True\n", "a,b,c\n1,2,3\n"])
def test_other_csv_is_a_frame(text: str) -> None:
    """As it is for every other model."""
    frame = read(text.encode(), content_type="text/csv")
    pd.testing.assert_frame_equal(frame, Decoder(AB).decode(text.encode(), "text/csv").data)


def test_json_lines_become_the_array() -> None:
    """An object on each line."""
    body = b'{"a": 1, "b": 2.5}\n{"b": 4, "a": 3}\n'
    assert is_array(read(body, content_type="application/jsonl"), [[1, 2.5], [3, 4]])


def test_signatures_that_are_no_array_give_frames(columns: Callable[..., ModelSignature]) -> None:
    """Two types, text, and no signature at all."""
    document = {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2]]}}
    for signature in (columns(a=DataType.DOUBLE, b=DataType.LONG), columns(a=DataType.BOOLEAN, b=DataType.BOOLEAN)):
        assert isinstance(read(document, signature), pd.DataFrame)
    assert isinstance(Decoder(None, arrays=True).decode(json.dumps(document).encode(), JSON).data, pd.DataFrame)


def test_frames_come_unless_arrays_are_asked_for() -> None:
    """A model that does not take arrays is given none."""
    body = json.dumps(FORMS["bare split"]).encode()
    assert isinstance(Decoder(AB).decode(body, JSON).data, pd.DataFrame)


def test_arrays_may_be_written_to() -> None:
    """Some models need that of what they are given."""
    assert read(FORMS["bare split"]).flags.writeable
    assert read(FORMS["split in another order"]).flags.writeable

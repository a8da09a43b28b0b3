"""The same data as JSON, CSV, Arrow or a frame is the same to the model (pain P6)."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelpack.pyfunc.enforcement import Enforcer
from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature

FRAME_DTYPES: dict[Any, Any] = {
    DataType.BOOLEAN: "object",
    DataType.INTEGER: "Int32",
    DataType.LONG: "Int64",
    DataType.FLOAT: "float32",
    DataType.DOUBLE: "float64",
    DataType.STRING: "object",
    DataType.DATETIME: "datetime64[ns]",
}
EXACT: dict[str, Any] = {} if pd.__version__ >= "3" else {"float_precision": "round_trip"}
# Words that no reader of CSV takes for a number, a boolean or nothing.
WORDS = st.text(st.sampled_from("abcdé ü\",'\n重"), min_size=1).map(lambda text: f"w{text}w")
VALUES: dict[DataType, st.SearchStrategy[Any]] = {
    DataType.BOOLEAN: st.booleans(),
    DataType.INTEGER: st.integers(-(2**31), 2**31 - 1),
    DataType.LONG: st.integers(-(2**53) + 1, 2**53 - 1),  # readers of CSV make doubles of integers beside a gap
    DataType.FLOAT: st.floats(allow_nan=False, allow_infinity=False, width=32),
    DataType.DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
    DataType.STRING: WORDS,
    DataType.DATETIME: st.datetimes(pd.Timestamp(1700, 1, 1).to_pydatetime(), pd.Timestamp(2200, 1, 1).to_pydatetime()),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[ColumnSchema, list[dict[str, Any]]]:
    """A schema of optional columns, and records that fit it."""
    kinds = draw(st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=4))
    columns = tuple(Column(kind, f"c{number} {kind.value}", required=False) for number, kind in enumerate(kinds))
    record = st.fixed_dictionaries({str(column.name): VALUES[column.type] | st.none() for column in columns})  # type: ignore[index]
    return ColumnSchema(columns), draw(st.lists(record, min_size=1, max_size=5))


def as_text(value: Any) -> Any:
    """A value as JSON and CSV write it."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def as_frame(schema: ColumnSchema, records: list[dict[str, Any]]) -> pd.DataFrame:
    """The records as a typed frame."""
    objects = {column: [_or_nan(record[str(column.name)]) for record in records] for column in schema.columns}
    return pd.DataFrame(
        {
            column.name: pd.Series(values, dtype="object").astype(FRAME_DTYPES[column.type])
            for column, values in objects.items()
        }
    )


def _or_nan(value: Any) -> Any:
    """A value, NaN for none, as in files that pandas has read."""
    return math.nan if value is None else value


def as_csv(records: list[dict[str, Any]]) -> pd.DataFrame:
    """The records, written to CSV and read again."""
    texts = [{name: as_text(value) for name, value in record.items()} for record in records]
    written = pd.DataFrame(texts, dtype="object").to_csv(index=False)
    read: pd.DataFrame = pd.read_csv(io.StringIO(written), **EXACT)
    return read


def as_json(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records, written to JSON and read again."""
    parsed: list[dict[str, Any]] = json.loads(json.dumps(records, default=as_text))
    return parsed


@settings(max_examples=60)
@given(tables())
def test_json_csv_and_frames_are_the_same(table: tuple[ColumnSchema, list[dict[str, Any]]]) -> None:
    """Values, dtypes and order, with gaps and without."""
    schema, records = table
    check = Enforcer(ModelSignature(inputs=schema))
    expected = check.inputs(as_frame(schema, records))
    from_json = as_json(records)
    columns = {name: [record[str(name)] for record in from_json] for name in reversed(schema.names)}
    rows = [[record[str(name)] for name in schema.names] for record in from_json]
    for data in (from_json, columns, rows, pd.DataFrame(from_json)):
        pd.testing.assert_frame_equal(check.inputs(data), expected, check_exact=True)
    pd.testing.assert_frame_equal(check.inputs(as_csv(records)), expected, check_exact=True)


@settings(max_examples=25)
@given(tables())
def test_arrow_is_the_same(table: tuple[ColumnSchema, list[dict[str, Any]]]) -> None:
    """A table of the frame, and the frame that the table gives."""
    pyarrow = pytest.importorskip("pyarrow")
    schema, records = table
    check = Enforcer(ModelSignature(inputs=schema))
    frame = as_frame(schema, records)
    expected = check.inputs(frame)
    arrow = pyarrow.Table.from_pandas(frame)
    pd.testing.assert_frame_equal(check.inputs(arrow), expected, check_exact=True)
    backed = arrow.to_pandas(types_mapper=pd.ArrowDtype)
    pd.testing.assert_frame_equal(check.inputs(backed), expected, check_exact=True)


@settings(max_examples=30)
@given(tables())
def test_what_was_enforced_fits(table: tuple[ColumnSchema, list[dict[str, Any]]]) -> None:
    """A second pass has nothing to do."""
    schema, records = table
    check = Enforcer(ModelSignature(inputs=schema))
    once = check.inputs(records)
    pd.testing.assert_frame_equal(check.inputs(once), once)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_special_floats_are_the_same(value: float) -> None:
    """In lists, and in CSV as pandas writes it."""
    check = Enforcer(ModelSignature(inputs=ColumnSchema((Column(DataType.DOUBLE, "a"), Column(DataType.DOUBLE, "b")))))
    expected = check.inputs(pd.DataFrame({"a": [value], "b": [1.0]}))
    pd.testing.assert_frame_equal(check.inputs([{"a": value, "b": 1}]), expected)
    text = pd.DataFrame({"a": [value], "b": [1.0]}).to_csv(index=False)
    pd.testing.assert_frame_equal(check.inputs(pd.read_csv(io.StringIO(text))), expected)

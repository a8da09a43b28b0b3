from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.schema.inference import infer_schema
from modelpack.schema.signature import AnyType, Array, Column, ColumnSchema, ColumnType, DataType, Map, Object, Property

pa = pytest.importorskip("pyarrow")


def _table(values: Any, kind: Any = None) -> Any:
    return pa.table({"x": pa.array(values, kind)})


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (_table([True]), DataType.BOOLEAN),
        (_table([1], pa.int8()), DataType.INTEGER),
        (_table([1], pa.uint32()), DataType.LONG),
        (_table([1], pa.int64()), DataType.LONG),
        (_table(np.array([1], "float16")), DataType.FLOAT),
        (_table([1.5], pa.float32()), DataType.FLOAT),
        (_table([1.5]), DataType.DOUBLE),
        (_table(["a"], pa.large_string()), DataType.STRING),
        (_table(["a"], pa.string_view()), DataType.STRING),
        (_table([b"a"]), DataType.BINARY),
        (_table([b"ab"], pa.binary(2)), DataType.BINARY),
        (_table([dt.date(2024, 1, 1)]), DataType.DATETIME),
        (_table([dt.datetime(2024, 1, 1, tzinfo=dt.UTC)]), DataType.DATETIME),
        (pa.table({"x": pa.array(["a", "b"]).dictionary_encode()}), DataType.STRING),
        (_table([["a"], []]), Array(DataType.STRING)),
        (_table([[1.5, 2.5]], pa.list_(pa.float32(), 2)), Array(DataType.FLOAT)),
        (_table([[("a", 1)]], pa.map_(pa.string(), pa.int64())), Map(DataType.LONG)),
        (
            _table([{"b": 1, "a": None}, {"b": 2, "a": "x"}]),
            Object((Property("a", DataType.STRING, required=False), Property("b", DataType.LONG))),
        ),
        (_table([[{"a": 1}], [{"a": 2}]]), Array(Object((Property("a", DataType.LONG),)))),
        (pa.concat_tables([_table([["a"]]), _table([["b"]])]), Array(DataType.STRING)),
        (_table([], pa.list_(pa.int32())), Array(DataType.INTEGER)),
        (pa.schema([("x", pa.list_(pa.int32()))]).empty_table(), Array(DataType.INTEGER)),
        (_table([1]).to_batches()[0], DataType.LONG),
    ],
)
def test_arrow_types(table: Any, kind: ColumnType) -> None:
    """Each Arrow type has its type, and a column without nulls is required."""
    assert infer_schema(table) == ColumnSchema((Column(kind, "x"),))


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (_table([1, None]), DataType.LONG),
        (_table([None]), AnyType()),
        (_table([["a"], None]), Array(DataType.STRING)),
        (_table([{"a": 1}, None]), Object((Property("a", DataType.LONG),))),
    ],
)
def test_columns_with_nulls_are_not_required(table: Any, kind: ColumnType) -> None:
    """Nulls make a column optional and leave its type; a null struct leaves its fields required."""
    assert infer_schema(table) == ColumnSchema((Column(kind, "x", required=False),))


def test_a_slice_counts_its_own_nulls() -> None:
    """Nulls outside of the slice do not count."""
    table = _table([{"a": None}, {"a": 1}]).slice(1)
    assert infer_schema(table) == ColumnSchema((Column(Object((Property("a", DataType.LONG),)), "x"),))


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (_table([1], pa.uint64()), "column 'x' has the type uint64"),
        (_table([None], pa.decimal128(5, 2)), "column 'x' has the type decimal"),
        (_table([None], pa.duration("s")), "column 'x' has the type duration"),
        (_table([None], pa.time32("s")), "column 'x' has the type time32"),
        (_table([[None]], pa.list_(pa.uint64())), "column 'x', items has the type uint64"),
        (pa.table([pa.array([1])] * 2, names=["a", "a"]), "two columns are called 'a'"),
        (pa.table({}), "no columns"),
        (pa.chunked_array([[1]]), "is no table"),
    ],
)
def test_what_has_no_type_is_named(table: Any, reason: str) -> None:
    """The message names the column."""
    with pytest.raises(InvalidArgumentError, match=reason):
        infer_schema(table)


def test_pandas_columns_of_arrow_types() -> None:
    """A frame backed by Arrow has the types of its Arrow columns."""
    frame = pd.DataFrame(
        {
            "i": pd.Series([1, None], dtype="int32[pyarrow]"),
            "l": pd.Series([[1], [2]], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
        }
    )
    assert infer_schema(frame) == ColumnSchema(
        (Column(DataType.INTEGER, "i", required=False), Column(Array(DataType.LONG), "l"))
    )


def test_frames_of_other_libraries_come_through_arrow() -> None:
    """Whatever exports an Arrow stream is a table."""

    class Frame:
        def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
            return _table([1, None]).__arrow_c_stream__(requested_schema)

    assert infer_schema(Frame()) == ColumnSchema((Column(DataType.LONG, "x", required=False),))

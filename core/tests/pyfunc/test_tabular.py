"""What `predict` takes for a column signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from modelpack.errors import SchemaError
from modelpack.pyfunc.enforcement import Enforcer
from modelpack.schema.signature import (
    AnyType,
    Array,
    Column,
    ColumnSchema,
    ColumnType,
    DataType,
    Map,
    ModelSignature,
    Object,
    Property,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

TWO = {"a": DataType.DOUBLE, "b": DataType.STRING}
NUMBERS = {"a": DataType.DOUBLE, "b": DataType.LONG}


def frame_of(data: Any, columns: Mapping[str, ColumnType]) -> pd.DataFrame:
    """The frame that a model with these columns would see."""
    schema = ColumnSchema(tuple(Column(wanted, name) for name, wanted in columns.items()))
    found: pd.DataFrame = Enforcer(ModelSignature(inputs=schema)).inputs(data)
    assert list(found.columns) == list(columns)
    return found


def unnamed(data: Any, wanted: ColumnType = DataType.DOUBLE) -> list[Any]:
    """The values that a model with one unnamed column would see."""
    found: list[Any] = Enforcer(ModelSignature(inputs=ColumnSchema((Column(wanted),)))).inputs(data).iloc[:, 0].tolist()
    return found


@pytest.mark.parametrize(
    "data",
    [
        [{"a": 1.5, "b": "x"}, {"b": "y", "a": 2, "z": None}],
        {"a": [1.5, 2], "b": ["x", "y"]},
        {"a": np.array([1.5, 2.0]), "b": pd.Series(["x", "y"], index=[7, 8])},
        {"a": (1.5, 2.0), "b": np.array(["x", "y"])},
        [[1.5, "x"], [2, "y"]],
        [(1.5, "x"), [2.0, "y"]],
        np.array([[1.5, "x"], [2.0, "y"]], dtype="object"),
        np.array([(1.5, "x"), (2.0, "y")], dtype=[("a", "f8"), ("b", "U1")]),
        pd.DataFrame({"b": ["x", "y"], "a": [1.5, 2.0]}),
    ],
    ids=["records", "lists", "arrays", "tuples", "rows", "tuple rows", "object array", "structured array", "frame"],
)
def test_a_table_may_come_in_many_shapes(data: Any) -> None:
    """The model sees the same frame."""
    expected = pd.DataFrame({"a": [1.5, 2.0], "b": ["x", "y"]})
    pd.testing.assert_frame_equal(frame_of(data, TWO).reset_index(drop=True), expected)


@pytest.mark.parametrize(
    "data",
    [{"a": 1.5, "b": 2}, [{"a": 1.5, "b": 2}], [1.5, 2], np.array([1.5, 2.0]), np.array([[1.5, 2.0]]),
     pd.Series({"a": 1.5, "b": 2.0}), {"a": np.float64(1.5), "b": [2]}],
    ids=["mapping", "record", "list", "vector", "matrix", "series", "broadcast"],
)  # fmt: skip
def test_one_row_may_come_in_many_shapes(data: Any) -> None:
    """The model sees the same frame."""
    pd.testing.assert_frame_equal(frame_of(data, NUMBERS), pd.DataFrame({"a": [1.5], "b": [2]}))


@pytest.mark.parametrize(
    "data", [[1, 2.5], [[1.0], [2.5]], np.array([1, 2.5]), np.array([[1], [2.5]]), pd.Series([1, 2.5], name="y"),
             pd.DataFrame({"y": [1, 2.5]}), {"y": [1, 2.5]}, (1, 2.5)],
    ids=["list", "rows", "vector", "matrix", "series", "frame", "mapping", "tuple"],
)  # fmt: skip
def test_an_unnamed_column_takes_plain_values(data: Any) -> None:
    """Each value is a row."""
    assert unnamed(data) == [1.0, 2.5]


@pytest.mark.parametrize("data", [7, 7.0, np.float32(7), np.array(7)])
def test_one_column_takes_one_value(data: Any) -> None:
    """With or without a name."""
    assert unnamed(data) == [7.0]
    assert frame_of(data, {"a": DataType.DOUBLE})["a"].tolist() == [7.0]


def test_text_is_one_value_and_no_list() -> None:
    """A string is not taken apart into characters."""
    assert unnamed("text", DataType.STRING) == ["text"]
    assert unnamed(["text", "more"], DataType.STRING) == ["text", "more"]


def test_a_record_that_lacks_a_value_has_none() -> None:
    """As in a frame made of the records."""
    assert frame_of([{"a": 1, "b": "x"}, {"b": "y"}], TWO)["a"].isna().tolist() == [False, True]


@pytest.mark.parametrize("data", [[], (), np.empty((0, 2)), {"a": [], "b": []}, pd.DataFrame({"a": [], "b": []})])
def test_no_rows_are_no_rows(data: Any) -> None:
    """With the columns and dtypes of the signature."""
    found = frame_of(data, NUMBERS)
    assert [str(dtype) for dtype in found.dtypes] == ["float64", "int64"]
    assert len(found) == 0


def test_an_array_of_doubles_is_not_copied() -> None:
    """The frame is a view of it."""
    data = np.ones((3, 2))
    found = frame_of(data, {"a": DataType.DOUBLE, "b": DataType.DOUBLE})
    assert found.to_numpy().tolist() == data.tolist()


def test_lists_of_different_lengths_are_refused() -> None:
    """The error names them."""
    with pytest.raises(SchemaError, match="columns differ in length: 'a' 2, 'b' 1"):
        frame_of({"a": [1.0, 2.0], "b": ["x"]}, TWO)


@pytest.mark.parametrize("data", [[[1.0, "x"], [2.0]], [[1.0, "x"], [2.0, "y", 3]], np.ones((2, 3)), [1, 2, 3]])
def test_rows_have_as_many_values_as_the_signature_has_columns(data: Any) -> None:
    """Positions cannot be matched otherwise."""
    with pytest.raises(SchemaError, match=r"row \d has \d values, the signature has 2 columns"):
        frame_of(data, TWO)


def test_a_row_that_is_no_list_is_named() -> None:
    """Among rows that are."""
    with pytest.raises(SchemaError, match="row 1 is 2"):
        frame_of([[1.0, "x"], 2], TWO)


@pytest.mark.parametrize("data", [object(), None, "text", 7])
def test_what_is_no_table_is_refused(data: Any) -> None:
    """The error says what to give."""
    with pytest.raises(SchemaError, match="cannot be read as 2 columns") as caught:
        frame_of(data, TWO)
    assert "DataFrame" in str(caught.value.hint)


def test_a_sparse_matrix_has_no_columns() -> None:
    """It is not made dense unasked."""
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(SchemaError, match="a sparse matrix has no columns"):
        frame_of(sparse.csr_matrix(np.ones((2, 2))), NUMBERS)


class TestLists:
    """Where a list may be a value or a column."""

    def test_a_list_is_one_value_of_an_array_column(self) -> None:
        """And a list of lists is a column of them."""
        columns: dict[str, ColumnType] = {"v": Array(DataType.DOUBLE)}
        assert frame_of({"v": [1.0, 2.0]}, columns)["v"].tolist() == [[1.0, 2.0]]
        assert frame_of({"v": [[1.0, 2.0], [3.0]]}, columns)["v"].tolist() == [[1.0, 2.0], [3.0]]
        assert frame_of([{"v": [1.0, 2.0]}], columns)["v"].tolist() == [[1.0, 2.0]]

    def test_an_unnamed_array_column_takes_lists(self) -> None:
        """One list is one row."""
        assert unnamed([1.0, 2.0], Array(DataType.DOUBLE)) == [[1.0, 2.0]]
        assert unnamed([[1.0], [2.0, 3.0]], Array(DataType.DOUBLE)) == [[1.0], [2.0, 3.0]]

    def test_a_mapping_is_one_value_of_an_object_column(self) -> None:
        """Also beside a list of mappings."""
        message = Object((Property("role", DataType.STRING), Property("content", DataType.STRING)))
        columns: dict[str, ColumnType] = {"messages": Array(message), "options": Map(DataType.LONG)}
        turn = {"role": "user", "content": "hi"}
        found = frame_of({"messages": [turn], "options": {"n": 1}}, columns)
        assert found["messages"].tolist() == [[turn]]
        assert found["options"].tolist() == [{"n": 1}]

    def test_an_unnamed_object_column_takes_mappings(self) -> None:
        """A mapping is no record there."""
        wanted = Object((Property("role", DataType.STRING),))
        assert unnamed([{"role": "user"}], wanted) == [{"role": "user"}]

    def test_lists_of_an_any_column_are_its_rows(self) -> None:
        """A scalar beside it is one row."""
        assert frame_of({"v": [1, "x"]}, {"v": AnyType()})["v"].tolist() == [1, "x"]


class TestArrow:
    """Arrow data of any library."""

    def test_a_table_keeps_its_types(self) -> None:
        """Integers with nulls among them do not pass through floats."""
        pyarrow = pytest.importorskip("pyarrow")
        table = pyarrow.table({"n": [2**53 + 1, None], "t": ["x", None], "d": [1.5, None], "f": [True, None]})
        columns = (("n", DataType.LONG), ("t", DataType.STRING), ("d", DataType.DOUBLE), ("f", DataType.BOOLEAN))
        schema = ColumnSchema(tuple(Column(wanted, name, required=False) for name, wanted in columns))
        for data in (table, table.to_batches()[0], table.to_reader()):
            found = Enforcer(ModelSignature(inputs=schema)).inputs(data)
            assert found["n"].tolist() == [2**53 + 1, pd.NA]
            assert found["f"].isna().tolist() == [False, True]
            assert found["t"].isna().tolist() == [False, True]

    def test_dates_decimals_lists_and_structs_arrive(self) -> None:
        """As what the signature says."""
        pyarrow = pytest.importorskip("pyarrow")
        table = pyarrow.table(
            {
                "when": pyarrow.array([0], pyarrow.date32()),
                "price": pyarrow.array([1], pyarrow.decimal128(5, 2)),
                "v": [[1.0, 2.0]],
                "o": [{"n": 1}],
                "c": pyarrow.array(["x"]).dictionary_encode(),
            }
        )
        columns: dict[str, ColumnType] = {
            "when": DataType.DATETIME,
            "price": DataType.DOUBLE,
            "v": Array(DataType.DOUBLE),
            "o": Object((Property("n", DataType.LONG),)),
            "c": DataType.STRING,
        }
        row = frame_of(table, columns).iloc[0]
        assert row["when"] == pd.Timestamp(0)
        assert row["price"] == 1.0
        assert list(row["v"]) == [1.0, 2.0]
        assert row["o"] == {"n": 1}
        assert row["c"] == "x"

    def test_frames_backed_by_arrow_are_frames(self) -> None:
        """Their columns become what every other frame has."""
        pytest.importorskip("pyarrow")
        frame = pd.DataFrame(
            {
                "a": pd.Series([1.5, None], dtype="double[pyarrow]"),
                "b": pd.Series([1, 2], dtype="int64[pyarrow]"),
                "c": pd.Series(["x", None], dtype="string[pyarrow]"),
                "d": pd.Series([pd.Timestamp(0), None], dtype="timestamp[ms][pyarrow]"),
                "e": pd.Series([True, False], dtype="bool[pyarrow]"),
            }
        )
        kinds = (DataType.DOUBLE, DataType.LONG, DataType.STRING, DataType.DATETIME, DataType.BOOLEAN)
        found = frame_of(frame, dict(zip("abcde", kinds, strict=True)))
        plain = pd.DataFrame(
            {"a": [1.5, None], "b": [1, 2], "c": ["x", None], "e": [True, False]}
        )  # fmt: skip
        pd.testing.assert_frame_equal(found.drop(columns="d"), plain.fillna({"c": np.nan}))
        assert str(found["d"].dtype) == "datetime64[ns]"

    def test_a_polars_frame_is_a_table(self) -> None:
        """Through Arrow, without its library being known."""
        polars = pytest.importorskip("polars")
        pytest.importorskip("pyarrow")
        found = frame_of(polars.DataFrame({"b": ["x", "y"], "a": [1, 2]}), TWO)
        pd.testing.assert_frame_equal(found, pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}))

from __future__ import annotations

import datetime as dt
import decimal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.schema.inference import infer_params, infer_schema, infer_signature
from modelpack.schema.signature import (
    AnyType,
    Array,
    Column,
    ColumnSchema,
    ColumnType,
    DataType,
    ModelSignature,
    Object,
    Param,
    Property,
    Schema,
    Tensor,
    TensorSchema,
)
from modelpack.schema.signature_json import signature_from_mapping, signature_to_mapping

if TYPE_CHECKING:
    from collections.abc import Sequence

LONG, DOUBLE, STRING, DATETIME = DataType.LONG, DataType.DOUBLE, DataType.STRING, DataType.DATETIME


def column(values: Any, dtype: Any = None) -> Column:
    """What is inferred for a DataFrame's column with these values."""
    schema = infer_schema(pd.DataFrame({"x": pd.Series(values, dtype=dtype)}))
    assert isinstance(schema, ColumnSchema)
    return schema.columns[0]


def columns(*entries: tuple[str | int | None, ColumnType] | Column) -> ColumnSchema:
    """A schema of required columns."""
    return ColumnSchema(tuple(entry if isinstance(entry, Column) else Column(entry[1], entry[0]) for entry in entries))


@pytest.mark.parametrize(
    ("values", "dtype", "kind"),
    [
        ([1, 2], "int64", LONG),
        ([1, 2], "int32", DataType.INTEGER),
        ([1, 2], "int8", DataType.INTEGER),
        ([1, 2], "uint16", DataType.INTEGER),
        ([1, 2], "uint32", LONG),
        ([1.5], "float64", DOUBLE),
        ([1.5], "float32", DataType.FLOAT),
        ([1.5], "float16", DataType.FLOAT),
        ([True], "bool", DataType.BOOLEAN),
        (["a"], None, STRING),
        (["a"], "string", STRING),
        (["a"], "object", STRING),
        ([b"a"], "object", DataType.BINARY),
        ([bytearray(b"a")], "object", DataType.BINARY),
        ([1, 2], "Int64", LONG),
        ([1, 2], "Int16", DataType.INTEGER),
        ([True], "boolean", DataType.BOOLEAN),
        ([1.5], "Float32", DataType.FLOAT),
        (["a", "b"], "category", STRING),
        ([1, 2], "category", LONG),
        ([dt.datetime(2024, 1, 1)], "datetime64[ns]", DATETIME),  # noqa: DTZ001 - without a zone on purpose
        (pd.to_datetime(["2024-01-01"]).tz_localize("Europe/Vienna"), None, DATETIME),
        ([dt.date(2024, 1, 1)], "object", DATETIME),
        ([np.datetime64("2024-01-01"), dt.date(2024, 1, 1)], "object", DATETIME),
        ([pd.Timestamp("2024-01-01")], "object", DATETIME),
        ([0, 1], pd.SparseDtype("int64"), LONG),
        ([1, 2.5], "object", DOUBLE),
        ([np.int32(1), 2], "object", LONG),
        ([np.int32(1), np.float32(1)], "object", DOUBLE),
        ([], "int64", LONG),
        ([], "object", AnyType()),
    ],
)
def test_columns_without_missing_values(values: Any, dtype: Any, kind: ColumnType) -> None:
    """Each dtype has its type, and the column is required."""
    assert column(values, dtype) == Column(kind, "x")


@pytest.mark.parametrize(
    ("values", "dtype", "kind"),
    [
        ([1, None], "Int64", LONG),
        ([1, None], "object", LONG),
        ([1, None], "Int32", DataType.INTEGER),
        ([True, None], "boolean", DataType.BOOLEAN),
        ([1.5, np.nan], "float64", DOUBLE),
        ([1.5, np.nan, None], "object", DOUBLE),
        (["a", None], "str", STRING),
        (["a", pd.NA], "string", STRING),
        (["a", np.nan], "object", STRING),
        (["a", None], "category", STRING),
        ([["a"], None], "object", Array(STRING)),
        ([{"a": 1}, None], "object", Object((Property("a", LONG),))),
        ([pd.Timestamp("2024"), pd.NaT], "object", DATETIME),
        ([pd.NaT, pd.NaT], "datetime64[ns]", DATETIME),
        ([np.nan, np.nan], "float64", DOUBLE),
        ([None, None], "Int64", LONG),
        ([None, None], "object", AnyType()),
        ([None, np.nan, pd.NA], "object", AnyType()),
    ],
)
def test_columns_with_missing_values_are_not_required(values: Any, dtype: Any, kind: ColumnType) -> None:
    """The type is that of the values that are there; integers stay integers (P6)."""
    assert column(values, dtype) == Column(kind, "x", required=False)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([["a"], ["b", "c"], []], Array(STRING)),
        ([("a",), ["b"]], Array(STRING)),
        ([[1], [2.5]], Array(DOUBLE)),
        ([["a", None]], Array(STRING)),
        ([[], []], Array(AnyType())),
        ([[["a"]], [[]]], Array(Array(STRING))),
        ([["a", 1]], Array(AnyType())),
        ([np.zeros(2, "float32")], Array(DataType.FLOAT)),
        ([np.zeros((2, 2))], Array(Array(DOUBLE))),
        ([np.array(["a", None], dtype=object)], Array(STRING)),
        ([{"a": 1}, {"a": 2, "b": "x"}], Object((Property("a", LONG), Property("b", STRING, required=False)))),
        ([{"a": 1}, {"a": None}], Object((Property("a", LONG, required=False),))),
        ([{"a": 1}, {"a": "x"}], Object((Property("a", AnyType()),))),
        (
            [{"b": [{"c": 1}], "a": None}],
            Object((Property("a", AnyType(), required=False), Property("b", Array(Object((Property("c", LONG),)))))),
        ),
        ([{"a": {}}], Object((Property("a", AnyType(), required=False),))),
    ],
)
def test_nested_values(values: Sequence[Any], kind: ColumnType) -> None:
    """Lists are arrays, dicts are objects, and a key that some dicts lack is optional."""
    assert column(values, "object") == Column(kind, "x")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pd.DataFrame({"x": np.array([1], "uint64")}), "column 'x' has the dtype uint64"),
        (pd.DataFrame({"x": pd.to_timedelta([1])}), "column 'x' has the dtype timedelta64"),
        (pd.DataFrame({"x": [1j]}), "column 'x' has the dtype complex128"),
        pytest.param(
            pd.DataFrame({"x": np.array([1], np.longdouble)}),
            "column .x. has the dtype float",
            marks=pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="no long doubles here"),
        ),
        (pd.DataFrame({"x": pd.period_range("2024", periods=1)}), "column 'x' has the dtype period"),
        (pd.DataFrame({"x": pd.interval_range(0, 1)}), "column 'x' has the dtype interval"),
        (pd.DataFrame({"x": [decimal.Decimal(1)]}), "column 'x' holds a decimal.Decimal"),
        (pd.DataFrame({"x": [dt.time(1)]}), "column 'x' holds a datetime.time"),
        (pd.DataFrame({"x": [{1, 2}]}), "column 'x' holds a set"),
        (pd.DataFrame({"x": [2**70]}), "column 'x' holds 1180591620717411303424, which does not fit"),
        (pd.DataFrame({"x": pd.Series([1, -(2**70)], dtype=object)}), "does not fit"),
        (pd.DataFrame({"x": pd.Series([1, "a"], dtype=object)}), "column 'x' mixes values .*: long, string"),
        (pd.DataFrame({"x": pd.Series([{"a": 1}, [1]], dtype=object)}), "column 'x' mixes .*: array, object"),
        (pd.DataFrame({"x": [{1: 2}]}), "column 'x' holds a mapping with the key 1"),
        (pd.DataFrame({"x": [{"a": [1j]}]}), "column 'x', property 'a' holds a complex"),
        (pd.DataFrame(), "no columns"),
        (pd.DataFrame(np.zeros((1, 2)), columns=pd.MultiIndex.from_tuples([(1, 2), (3, 4)])), "2 levels of labels"),
        (pd.DataFrame(np.zeros((1, 2)), columns=["a", "a"]), "two columns are called 'a'"),
        (pd.DataFrame(np.zeros((1, 1)), columns=[0.5]), "the column 0.5 is labelled with a float"),
        (pd.DataFrame(np.zeros((1, 1)), columns=[True]), "labelled with a bool"),
        (pd.Series([1], name=("a", "b")), "labelled with a tuple"),
        (np.zeros(1, [("a", "i4")]), "an array of records"),
        ({}, "an empty dict"),
        ([{}, {}], "the dicts are empty"),
        ({1: "a"}, "the key 1 of the dict is a int"),
        ({True: np.zeros(1)}, "the key True"),
        ({"a": pd.Series([1])}, "holds a Series at 'a'"),
        ([1, "a"], "the list mixes values of different types: long, string"),
        ([{"a": 1}, {"a": "x"}], "column 'a' mixes"),
        ({1, 2}, "the data holds a set"),
        (object(), "the data holds a object"),
        (np.uint64(1), "uint64"),
        (pd.Index([1]), "Index"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_has_no_type_is_named(data: Any, reason: str) -> None:
    """The column, the value's type and the part of the signature are in the message; nothing is left out silently."""
    with pytest.raises(InvalidArgumentError, match=rf"the inputs have no signature: .*{reason}"):
        infer_signature(data)


def test_a_list_that_contains_itself_is_refused() -> None:
    """A cycle is an error and no endless loop."""
    value: list[Any] = []
    value.append(value)
    with pytest.raises(InvalidArgumentError, match="contains itself"):
        infer_schema(value)


@pytest.mark.parametrize(
    ("data", "schema"),
    [
        (pd.DataFrame(np.zeros((1, 2))), columns((0, DOUBLE), (1, DOUBLE))),
        (pd.DataFrame({np.str_("a"): [1]}), columns(("a", LONG))),
        (pd.Series([1, 2], name="y"), columns(("y", LONG))),
        (pd.Series([1.0, np.nan]), columns((None, DOUBLE))),
        (pd.Series([1.0, np.nan], name=3), columns(Column(DOUBLE, 3, required=False))),
        (["a", "b"], columns((None, STRING))),
        (["a", None], columns((None, STRING))),
        ([[1, 2], [3]], columns((None, Array(LONG)))),
        ([1, 2.5], columns((None, DOUBLE))),
        ([np.zeros(2)], columns((None, Array(DOUBLE)))),
        ([], columns((None, AnyType()))),
        ([None], columns((None, AnyType()))),
        (
            [{"a": 1, "b": "x"}, {"a": 2, "b": None, "c": [1.5]}],
            columns(("a", LONG), Column(STRING, "b", required=False), Column(Array(DOUBLE), "c", required=False)),
        ),
        (
            {"a": 1, "b": ["x"], "c": None, "d": ["x", None]},
            columns(
                ("a", LONG),
                ("b", Array(STRING)),
                Column(AnyType(), "c", required=False),
                Column(Array(STRING), "d", required=False),
            ),
        ),
        ("text", columns((None, STRING))),
        (b"bytes", columns((None, DataType.BINARY))),
        (1, columns((None, LONG))),
        (True, columns((None, DataType.BOOLEAN))),
        (np.float32(1), columns((None, DataType.FLOAT))),
        (np.int8(1), columns((None, DataType.INTEGER))),
        (np.str_("a"), columns((None, STRING))),
        (np.datetime64("2024-01-01"), columns((None, DATETIME))),
        (columns(("a", LONG)), columns(("a", LONG))),
        (np.zeros((2, 3)), TensorSchema((Tensor("float64", (-1, 3)),))),
        (np.array(1, "int32"), TensorSchema((Tensor("int32", ()),))),
        (np.array(["a", "bc"]), TensorSchema((Tensor("str", (-1,)),))),
        (np.array(["a"], np.dtypes.StringDType()), TensorSchema((Tensor("str", (-1,)),))),
        (np.array([b"a"]), TensorSchema((Tensor("bytes", (-1,)),))),
        (np.array([{}], object), TensorSchema((Tensor("object", (-1,)),))),
        (np.zeros(1, ">f4"), TensorSchema((Tensor("float32", (-1,)),))),
        (
            {"a": np.zeros((2, 4)), 1: np.array(["x"])},
            TensorSchema((Tensor("float64", (-1, 4), "a"), Tensor("str", (-1,), 1))),
        ),
        ({"a": np.zeros(2), "b": 1}, columns(("a", Array(DOUBLE)), ("b", LONG))),
    ],
    ids=lambda value: type(value).__name__,
)
def test_containers(data: Any, schema: Schema) -> None:
    """Tables, records, lists and scalars become columns; arrays become tensors."""
    assert infer_schema(data) == schema


@pytest.mark.parametrize(
    ("default", "param"),
    [
        (1, Param("p", LONG, 1)),
        (0.5, Param("p", DOUBLE, 0.5)),
        (True, Param("p", DataType.BOOLEAN, default=True)),
        ("a", Param("p", STRING, "a")),
        (np.float32(0.5), Param("p", DataType.FLOAT, 0.5)),
        (np.int64(3), Param("p", LONG, 3)),
        ([1, 2], Param("p", LONG, [1, 2], (-1,))),
        ((1, 2.5), Param("p", DOUBLE, [1.0, 2.5], (-1,))),
        (np.array(["a"]), Param("p", STRING, ["a"], (-1,))),
        (dt.datetime(2024, 1, 1), Param("p", DATETIME, dt.datetime(2024, 1, 1))),  # noqa: DTZ001 - without on purpose
        (np.datetime64("2024-01-01T00:00:00", "ns"), Param("p", DATETIME, dt.datetime(2024, 1, 1))),  # noqa: DTZ001 - as above
        (pd.Timestamp("2024-01-01"), Param("p", DATETIME, dt.datetime(2024, 1, 1))),  # noqa: DTZ001 - as above
        ({"a": np.int64(1)}, Param("p", Object((Property("a", LONG),)), {"a": 1})),
    ],
)
def test_params(default: Any, param: Param) -> None:
    """The type follows from the default, which is kept as Python's own value and can be written."""
    (inferred,) = infer_params({"p": default})
    assert inferred == param
    written = signature_to_mapping(ModelSignature(params=(inferred,)))
    assert signature_from_mapping(written).params == (param,)


@pytest.mark.parametrize("default", [None, b"x", [], [[1]], [1, "a"], [1, None], {}, [{"a": 1}], [b"x"], pd.NaT])
def test_params_without_a_type_are_named(default: Any) -> None:
    """The way out is to declare the param."""
    with pytest.raises(InvalidArgumentError, match="the type of the param 'stop' does not follow") as caught:
        infer_params({"stop": default})
    assert caught.value.hint is not None
    assert "Param('stop'" in caught.value.hint


@pytest.mark.parametrize(
    ("params", "reason"),
    [({1: 2}, "a name that is no text"), ([1], "params are a dict"), ({"p": 2**70}, "'p' holds .* does not fit")],
)
def test_params_that_are_none(params: Any, reason: str) -> None:
    """Params are a mapping from names to values that fit."""
    with pytest.raises(InvalidArgumentError, match=reason):
        infer_params(params)


def test_the_parts_of_a_signature() -> None:
    """What is not given is unknown, and the part that fails is named."""
    assert infer_signature(params={"p": 1}) == ModelSignature(params=(Param("p", LONG, 1),))
    assert infer_signature([1], ["a"], {}) == ModelSignature(columns((None, LONG)), columns((None, STRING)))
    with pytest.raises(InvalidArgumentError, match="the outputs have no signature"):
        infer_signature([1], {1, 2})


def test_nothing_has_no_signature() -> None:
    """A signature of nothing would say that anything goes."""
    with pytest.raises(InvalidArgumentError, match="needs inputs, outputs or params"):
        infer_signature()


def test_sparse_matrices_are_tensors() -> None:
    """They hold what an array of their shape holds."""
    sparse = pytest.importorskip("scipy.sparse")
    schema = TensorSchema((Tensor("float64", (-1, 3)),))
    assert infer_schema(sparse.csr_matrix(np.eye(3))) == infer_schema(sparse.coo_array(np.eye(3))) == schema


def test_inferring_imports_nothing_by_itself() -> None:
    """Whoever has lists only needs neither NumPy nor pandas nor pyarrow."""
    program = (
        "import sys; from modelpack.schema.inference import infer_signature;"
        "infer_signature([{'a': 1, 'b': ['x']}], [1.5], {'p': [1]});"
        "print([name for name in ('numpy', 'pandas', 'pyarrow', 'scipy') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"

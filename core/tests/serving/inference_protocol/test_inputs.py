"""What reaches the model."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from modelpack.schema.signature import (
    Array,
    Column,
    ColumnSchema,
    ColumnType,
    DataType,
    ModelSignature,
    Object,
    Property,
    Tensor,
    TensorSchema,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def columns(*kinds: ColumnType, required: bool = True) -> ModelSignature:
    """A signature with columns a, b, c, … of these types."""
    return ModelSignature(
        inputs=ColumnSchema(tuple(Column(kind, chr(97 + n), required=required) for n, kind in enumerate(kinds)))
    )


DOUBLES = columns(DataType.DOUBLE, DataType.DOUBLE, DataType.DOUBLE)


def test_columns_of_one_number_type_are_one_array_for_a_model_that_takes_them(
    serve: Callable[..., Any], tensor: Callable[..., Any]
) -> None:
    """In the signature's order."""
    served = serve(len, DOUBLES, takes_arrays=True)
    served.infer(*(tensor(name, "FP64", [2], [n, n + 0.5]) for n, name in enumerate("cab")))
    assert isinstance(served.data, np.ndarray)
    assert served.data.flags.c_contiguous
    assert served.data.tolist() == [[1, 2, 0], [1.5, 2.5, 0.5]]


def test_a_model_that_takes_no_arrays_gets_a_frame(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """From one tensor as from several."""
    served = serve(len, DOUBLES)
    served.infer(tensor("t", "FP64", [1, 3], [1, 2, 3]))
    served.infer(*(tensor(name, "FP64", [1], [n + 1]) for n, name in enumerate("abc")))
    for data, _ in served.model.given:
        pd.testing.assert_frame_equal(data, pd.DataFrame({"a": [1.0], "b": [2.0], "c": [3.0]}))


def test_numbers_of_another_type_are_converted_by_the_policy(
    serve: Callable[..., Any], tensor: Callable[..., Any]
) -> None:
    """As the same numbers in any other format."""
    served = serve(len, columns(DataType.DOUBLE, DataType.LONG), takes_arrays=True)
    served.infer(tensor("t", "FP32", [2, 2], [1, 2, 3, 4]))
    assert served.data.dtypes.tolist() == [np.float64, np.int64]
    answer = served.infer(tensor("a", "FP64", [1], [1]), tensor("b", "FP64", [1], [1.5]), status=422)
    assert "column 'b' should be long" in answer["error"]


@pytest.mark.parametrize(
    ("kind", "datatype", "values", "given"),
    [
        (DataType.STRING, "BYTES", ["x", "5"], ["x", "5"]),
        (DataType.BINARY, "BYTES", [base64.b64encode(b"\xff").decode(), ""], [b"\xff", b""]),
        (DataType.BOOLEAN, "BOOL", [True, False], [True, False]),
        (DataType.DATETIME, "BYTES", ["2024-01-31T12:00:00", "2024-02-01"], ["2024-01-31 12:00", "2024-02-01"]),
        (DataType.DATETIME, "INT64", [0, 86_400_000], ["1970-01-01", "1970-01-02"]),
        (Array(DataType.LONG), "BYTES", ["[1, 2]", "[]"], [[1, 2], []]),
        (Object((Property("k", DataType.STRING),)), "BYTES", ['{"k": "v"}', '{"k": ""}'], [{"k": "v"}, {"k": ""}]),
    ],
    ids=str,
)
def test_texts_are_what_the_signature_says(
    serve: Callable[..., Any], tensor: Callable[..., Any], kind: ColumnType, datatype: str, values: Any, given: Any
) -> None:
    """Dates, bytes, lists and objects come as texts."""
    served = serve(len, columns(kind))
    served.infer(tensor("a", datatype, [2], values))
    came = served.data["a"].tolist()
    assert came == [pd.Timestamp(value) for value in given] if kind is DataType.DATETIME else came == given


def test_lists_of_numbers_may_come_as_a_tensor(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """One row of it for each row of the table."""
    served = serve(len, columns(Array(DataType.DOUBLE), DataType.LONG))
    served.infer(tensor("a", "FP64", [2, 3], [1, 2, 3, 4, 5, 6]), tensor("b", "INT64", [2], [7, 8]))
    assert [list(row) for row in served.data["a"]] == [[1, 2, 3], [4, 5, 6]]


def test_texts_may_be_missing(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """As null, where the signature allows it."""
    served = serve(len, columns(DataType.STRING, required=False))
    served.infer(tensor("a", "BYTES", [2], ["x", None]))
    assert served.data["a"].isna().tolist() == [False, True]


def test_an_optional_column_may_be_left_out(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """It comes as missing."""
    served = serve(len, columns(DataType.DOUBLE, DataType.DOUBLE, required=False))
    served.infer(tensor("b", "FP64", [1], [2]))
    assert "b" in served.data


def test_bytes_of_a_text_as_the_client_says(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """`content_type: str` is for the text's own bytes."""
    served = serve(len, columns(DataType.BINARY))
    served.infer(tensor("a", "BYTES", [1], ["AAAA"], content_type="str"))
    assert served.data["a"].tolist() == [b"AAAA"]


@pytest.mark.parametrize(
    ("signature", "inputs", "message"),
    [
        (
            DOUBLES,
            [("a", "FP64", [2], [1, 2]), ("b", "FP64", [1], [1])],
            "differ in their number of rows: 'a' 2, 'b' 1",
        ),
        (DOUBLES, [("a", "FP64", [1, 2], [1, 2])], "input 'a' has the shape [1, 2], where a column has [1]"),
        (columns(Array(DataType.LONG)), [("a", "BYTES", [1], ["[1"])], "input 'a': a value is no JSON text"),
    ],
)
def test_tensors_that_are_no_columns_are_refused(
    serve: Callable[..., Any], tensor: Callable[..., Any], signature: ModelSignature, inputs: Any, message: str
) -> None:
    """400, with the input."""
    answer = serve(len, signature).infer(*(tensor(*each) for each in inputs), status=400)
    assert message in answer["error"]


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [(DataType.DATETIME, "soon", "column 'a'"), (DataType.BINARY, "?", "column 'a': a value is no base64")],
)
def test_a_text_that_is_no_value_of_its_type_is_refused(
    serve: Callable[..., Any], tensor: Callable[..., Any], kind: DataType, value: str, message: str
) -> None:
    """422: it does not fit the signature."""
    answer = serve(len, columns(kind)).infer(tensor("a", "BYTES", [1], [value]), status=422)
    assert message in answer["error"]


def test_missing_columns_are_told(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """As on every route."""
    answer = serve(len, DOUBLES).infer(tensor("a", "FP64", [1], [1]), status=422)
    assert answer == {"error": "missing columns: 'b', 'c'"}


def test_columns_without_names_go_by_position(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """They are called input-0, input-1, …, or come in one tensor."""
    schema = ColumnSchema((Column(DataType.DOUBLE), Column(DataType.DOUBLE)))
    served = serve(len, ModelSignature(inputs=schema))
    served.infer(tensor("input-1", "FP64", [1], [2]), tensor("input-0", "FP64", [1], [1]))
    served.infer(tensor("t", "FP64", [1, 2], [1, 2]))
    assert [data.to_numpy().tolist() for data, _ in served.model.given] == [[[1, 2]], [[1, 2]]]


def test_columns_named_with_numbers_are_found(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """Old signatures have them; the protocol has texts."""
    served = serve(len, ModelSignature(inputs=ColumnSchema((Column(DataType.DOUBLE, 0), Column(DataType.LONG, 1)))))
    served.infer(tensor("0", "FP64", [1], [1]), tensor("1", "INT64", [1], [2]))
    assert list(served.data.columns) == [0, 1]


def test_a_table_of_texts_has_columns_by_position(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """Each read as its type asks for."""
    served = serve(len, columns(DataType.STRING, DataType.DATETIME))
    served.infer(tensor("t", "BYTES", [1, 2], ["x", "2024-01-31"]))
    assert served.data.iloc[0].tolist() == ["x", pd.Timestamp("2024-01-31")]


def test_an_only_tensor_may_have_any_name_where_it_has_none(
    serve: Callable[..., Any], tensor: Callable[..., Any]
) -> None:
    """The model gets the array."""
    served = serve(len, ModelSignature(inputs=TensorSchema((Tensor("float32", (-1, 2, 2)),))))
    served.infer(tensor("whatever", "FP32", [1, 2, 2], [1, 2, 3, 4]))
    assert served.data.tolist() == [[[1, 2], [3, 4]]]
    assert served.infer(tensor("a", "FP32", [1], [1]), tensor("b", "FP32", [1], [1]), status=400) == {
        "error": "the model takes one tensor; 2 came"
    }


@pytest.mark.parametrize(
    ("dtype", "given"),
    [("str", np.array(["a", "é"])), ("object", np.array(["a", "é"], object)), ("bytes", np.array([b"YQ==", b"YQ=="]))],
)
def test_tensors_of_text_have_the_signatures_type(
    serve: Callable[..., Any], tensor: Callable[..., Any], dtype: str, given: Any
) -> None:
    """Text as text, and bytes from base64."""
    served = serve(len, ModelSignature(inputs=TensorSchema((Tensor(dtype, (-1,), "t"),))))
    data = ["a", "é"] if dtype != "bytes" else ["WVE9PQ==", "WVE9PQ=="]
    served.infer(tensor("t", "BYTES", [2], data))
    assert served.data["t"].dtype.kind == given.dtype.kind
    assert served.data["t"].tolist() == given.tolist()


def test_without_a_signature_tensors_stay_tensors(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """One is an array, several are arrays by name, and columns are a frame."""
    served = serve(lambda _: [0])
    served.infer(tensor("t", "INT8", [1, 2], [1, 2]))
    served.infer(tensor("t", "INT8", [1, 2], [1, 2]), tensor("u", "BYTES", [1], ["x"]))
    served.infer(tensor("t", "INT8", [1], [1]), tensor("u", "BYTES", [1], ["x"]))
    served.infer(tensor("t", "INT8", [1, 1], [1]), parameters={"content_type": "pd"})
    array, arrays, frame, column = (data for data, _ in served.model.given)
    assert array.dtype == np.int8
    assert set(arrays) == {"t", "u"}
    assert frame.to_dict("list") == {"t": [1], "u": ["x"]}
    assert column.to_dict("list") == {"t": [1]}


def test_bytes_of_a_tensor_as_the_client_says(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """`content_type: base64` is for bytes."""
    served = serve(lambda data: [len(data)])
    served.infer(tensor("t", "BYTES", [1], ["/w=="], content_type="base64"))
    assert served.data.tolist() == [b"\xff"]

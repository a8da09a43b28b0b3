"""Tensors whose values stand in JSON."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from modelpack.errors import DataFormatError
from modelpack.serving.inference_protocol.tensors import array_from_data, checked_shape


def read(data: object, datatype: str, shape: tuple[int, ...]) -> Any:
    """The array of the tensor `t`."""
    return array_from_data(data, datatype, shape, "t")


@pytest.mark.parametrize(
    ("datatype", "dtype", "values"),
    [
        ("BOOL", "bool", [True, False]),
        ("UINT8", "uint8", [0, 255]),
        ("UINT16", "uint16", [0, 2**16 - 1]),
        ("UINT32", "uint32", [0, 2**32 - 1]),
        ("UINT64", "uint64", [0, 2**64 - 1]),
        ("INT8", "int8", [-128, 127]),
        ("INT16", "int16", [-(2**15), 2**15 - 1]),
        ("INT32", "int32", [-(2**31), 2**31 - 1]),
        ("INT64", "int64", [-(2**63), 2**63 - 1]),
        ("FP16", "float16", [0.5, -65504]),
        ("FP32", "float32", [0.1, 3e38]),
        ("FP64", "float64", [0.1, 1e308]),
        ("BYTES", "object", ["", "é"]),
    ],
)
def test_each_datatype_holds_its_whole_range(datatype: str, dtype: str, values: list[Any]) -> None:
    """Every value comes out as it went in."""
    array = read(values, datatype, (2,))
    assert array.dtype == dtype
    assert array.tolist() == np.array(values, dtype=dtype).tolist()


@pytest.mark.parametrize("data", [[1, 2, 3, 4, 5, 6], [[1, 2, 3], [4, 5, 6]]])
@pytest.mark.parametrize("datatype", ["FP32", "INT8", "UINT64"])
def test_values_are_flat_or_nested(data: list[Any], datatype: str) -> None:
    """Both are what the protocol allows."""
    assert read(data, datatype, (2, 3)).tolist() == [[1, 2, 3], [4, 5, 6]]


def test_texts_may_be_nested() -> None:
    """As numbers may."""
    assert read([["a", "b"], ["c", None]], "BYTES", (2, 2)).tolist() == [["a", "b"], ["c", None]]


def test_null_among_floats_is_nan() -> None:
    """JSON has no other way to say it."""
    assert np.isnan(read([1, None, 2.5], "FP32", (3,))).tolist() == [False, True, False]


def test_zero_and_one_are_booleans() -> None:
    """Some clients write them so."""
    assert read([0, 1], "BOOL", (2,)).tolist() == [False, True]


def test_a_tensor_may_be_empty() -> None:
    """Its shape says of what."""
    assert read([], "FP64", (0, 4)).shape == (0, 4)
    assert read([], "BYTES", (0,)).shape == (0,)


@pytest.mark.parametrize(
    ("datatype", "data", "message"),
    [
        ("UINT8", [256], "256 does not fit UINT8"),
        ("INT8", [0, -129], "-129 does not fit INT8"),
        ("INT64", [2**63], "9223372036854775808 does not fit INT64"),
        ("UINT64", [-1], "-1 does not fit UINT64"),
        ("INT32", [1.5], "INT32 cannot hold the number 1.5"),
        ("INT32", [1, None], "INT32 cannot hold null"),
        ("INT32", [True, 2], "INT32 cannot hold a boolean"),
        ("INT32", ["1"], "INT32 cannot hold a string"),
        ("FP16", [65520.0], "a number is beyond the range of FP16"),
        ("FP16", [70000], "a number is beyond the range of FP16"),
        ("FP32", [1e39], "a number is beyond the range of FP32"),
        ("FP64", ["1.5"], "FP64 cannot hold a string"),
        ("FP64", [1.5, True], "FP64 cannot hold a boolean"),
        ("FP64", [{}], "FP64 cannot hold an object"),
        ("BOOL", [2], "BOOL cannot hold the number 2"),
        ("BOOL", ["true"], "BOOL cannot hold a string"),
        ("BOOL", [None], "BOOL cannot hold null"),
        ("BYTES", ["a", 1], "BYTES cannot hold the number 1"),
        ("FP64", [[1], [2, 3]], "the lists of data do not form a tensor"),
        ("BYTES", [["a"], ["b", "c"]], "the lists of data do not form a tensor"),
    ],
)
def test_what_a_datatype_cannot_hold_is_refused(datatype: str, data: list[Any], message: str) -> None:
    """No value is changed silently."""
    with pytest.raises(DataFormatError) as caught:
        read(data, datatype, (len(data),))
    assert caught.value.message == f"tensor 't': {message}"


def test_a_boolean_deep_among_numbers_is_refused() -> None:
    """NumPy would make it a number."""
    with pytest.raises(DataFormatError, match="FP64 cannot hold a boolean"):
        read([[1.5, 2.5], [3.5, False]], "FP64", (2, 2))


def test_one_long_text_takes_no_room_for_the_others() -> None:
    """NumPy would give each number's place the length of the longest text."""
    tracemalloc.start()
    with pytest.raises(DataFormatError, match="FP64 cannot hold a string"):
        read([*["1"] * 10_000, "1" * 10_000], "FP64", (10_001,))
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("data", "shape", "message"),
    [
        ([1, 2, 3], (2, 2), "the shape [2, 2] has 4 values; 3 came"),
        ([[1, 2], [3, 4]], (4,), "data has the shape [2, 2], not [4]"),
        ([[1, 2], [3, 4]], (1, 4), "data has the shape [2, 2], not [1, 4]"),
        ([], (1,), "the shape [1] has 1 values; 0 came"),
        (7, (1,), "data is a list; a number came"),
    ],
)
def test_data_of_another_shape_is_refused(data: object, shape: tuple[int, ...], message: str) -> None:
    """Both shapes are told."""
    with pytest.raises(DataFormatError) as caught:
        read(data, "FP64", shape)
    assert caught.value.message == f"tensor 't': {message}"


@pytest.mark.parametrize("shape", [None, 3, "3", [1.0], [True], [-1], [[1]], [2] * 33, [0, 10**9], [0, *[2] * 30]])
def test_a_shape_that_no_data_has_is_refused(shape: object) -> None:
    """A tensor without values may not stand for a billion rows either."""
    with pytest.raises(DataFormatError, match="tensor 't'"):
        checked_shape(shape, "t")

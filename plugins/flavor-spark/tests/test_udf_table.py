"""Every cell of the table of result types: what becomes of an answer, whatever it is held in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from modelpack.errors import InvalidArgumentError, ModelFailureError
from modelpack_flavor_spark.udf.results import as_result
from modelpack_flavor_spark.udf.rules import parsed

pytestmark = pytest.mark.usefixtures("spark")  # which reads the DDL

INT, LONG, FLOAT, DOUBLE, STRING, BOOLEAN = "int", "long", "float", "double", "string", "boolean"
"""The result types; the arrays are of the first five."""

KINDS: dict[str, Callable[[Any], Any]] = {
    "ndarray": lambda values: values,
    "Series": pd.Series,
    "list": lambda values: values.tolist(),
    "DataFrame": lambda values: pd.DataFrame({"only": values}),
}
COLUMNS: dict[str, tuple[Any, dict[str, list[Any]]]] = {
    "int16": (np.array([1, 2], "int16"), {INT: [1, 2], LONG: [1, 2], FLOAT: [1.0, 2.0], STRING: ["1", "2"]}),
    "int32": (np.array([1, 2], "int32"), {INT: [1, 2], LONG: [1, 2], FLOAT: [1.0, 2.0], STRING: ["1", "2"]}),
    "uint32": (np.array([1, 2], "uint32"), {LONG: [1, 2], FLOAT: [1.0, 2.0], STRING: ["1", "2"]}),
    "int64": (np.array([1, 2], "int64"), {LONG: [1, 2], FLOAT: [1.0, 2.0], STRING: ["1", "2"]}),
    "uint64": (np.array([1, 2], "uint64"), {FLOAT: [1.0, 2.0], STRING: ["1", "2"]}),
    "float32": (np.array([0.5, 2], "float32"), {FLOAT: [0.5, 2.0], STRING: ["0.5", "2.0"]}),
    "float64": (np.array([0.5, 2]), {FLOAT: [0.5, 2.0], STRING: ["0.5", "2.0"]}),
    "bool": (np.array([True, False]), {BOOLEAN: [True, False], STRING: ["True", "False"]}),
    "text": (np.array(["a", "b"], object), {STRING: ["a", "b"]}),
    "timedelta": (np.array([1, 2], "timedelta64[s]"), {STRING: ["0:00:01", "0:00:02"]}),
}
LISTED = {"int16": "int64", "int32": "int64", "uint32": "int64", "uint64": "int64", "float32": "float64"}
"""Lists hold Python's numbers, which have 64 bits; S159 goes by the type."""
TYPES = (INT, LONG, FLOAT, DOUBLE, STRING, BOOLEAN)


def expectation(column: str, kind: str, result_type: str) -> list[Any] | None:
    """What a cell holds; None where nothing fits."""
    column = LISTED.get(column, column) if kind == "list" else column
    cells = COLUMNS[column][1]
    return cells.get(FLOAT) if result_type == DOUBLE else cells.get(result_type)


@pytest.mark.parametrize("result_type", TYPES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("column", COLUMNS)
def test_a_single_column(column: str, kind: str, result_type: str) -> None:
    """It is answered as the result type where its own type fits, and refused otherwise; arrays have one element."""
    answer, expected = KINDS[kind](COLUMNS[column][0]), expectation(column, kind, result_type)
    for ddl, wrap in ((result_type, False), (f"array<{result_type}>", True)):
        if expected is None:
            with pytest.raises(InvalidArgumentError, match=r"no column .* fits result_type"):
                as_result(answer, parsed(ddl), 2)
        else:
            given = as_result(answer, parsed(ddl), 2)
            assert given.to_pylist() == ([[cell] for cell in expected] if wrap else expected)


NULLS: dict[str, tuple[Any, dict[str, list[Any]]]] = {
    "ndarray of floats": (np.array([1.5, np.nan]), {DOUBLE: [1.5, None], STRING: ["1.5", None]}),
    "ndarray of objects": (np.array([True, None], object), {BOOLEAN: [True, None], STRING: ["True", None]}),
    "Series of floats": (pd.Series([1.5, None]), {FLOAT: [1.5, None], STRING: ["1.5", None]}),
    "Series of Int32": (pd.Series([1, None], dtype="Int32"), {INT: [1, None], LONG: [1, None], DOUBLE: [1.0, None]}),
    "Series of boolean": (pd.Series([True, None], dtype="boolean"), {BOOLEAN: [True, None]}),
    "Series of text": (pd.Series(["a", None]), {STRING: ["a", None]}),
    "list of numbers": ([1, None], {LONG: [1, None], DOUBLE: [1.0, None], STRING: ["1", None]}),
    "list of text": (["a", None], {STRING: ["a", None]}),
    "list of truths": ([True, None], {BOOLEAN: [True, None]}),
    "list of nothing": ([None, None], {}),
    "DataFrame": (pd.DataFrame({"a": pd.array([1, None], "Int64")}), {LONG: [1, None], STRING: ["1", None]}),
}


@pytest.mark.parametrize("kind", NULLS)
def test_missing_values_become_nulls(kind: str) -> None:
    """None, NaN and NA, in every kind of answer; a whole number stays one."""
    answer, cells = NULLS[kind]
    for result_type, expected in cells.items():
        assert as_result(answer, parsed(result_type), 2).to_pylist() == expected
        listed = as_result(answer, parsed(f"array<{result_type}>"), 2).to_pylist()
        assert listed == [[cell] for cell in expected]


def table() -> pd.DataFrame:
    """Columns of every type, text first."""
    columns: dict[str, Any] = {
        "text": ["a", "b"],
        "flag": [True, False],
        "wide": np.array([10, 20], "int64"),
        "narrow": np.array([1, 2], "int8"),
        "real": np.array([0.5, 1.5], "float32"),
    }
    return pd.DataFrame(columns)


SEVERAL: dict[str, list[Any]] = {
    INT: [1, 2],
    LONG: [10, 20],
    FLOAT: [10.0, 20.0],
    DOUBLE: [10.0, 20.0],
    STRING: ["a", "b"],
    BOOLEAN: [True, False],
    "array<int>": [[1], [2]],
    "array<long>": [[10, 1], [20, 2]],
    "array<float>": [[10.0, 1.0, 0.5], [20.0, 2.0, 1.5]],
    "array<double>": [[10.0, 1.0, 0.5], [20.0, 2.0, 1.5]],
    "array<string>": [["a", "True", "10", "1", "0.5"], ["b", "False", "20", "2", "1.5"]],
    "array<boolean>": [[True], [False]],
    "struct<real: double, text: string>": [{"real": 0.5, "text": "a"}, {"real": 1.5, "text": "b"}],
    "real float, flag boolean": [{"real": 0.5, "flag": True}, {"real": 1.5, "flag": False}],
}


@pytest.mark.parametrize("result_type", SEVERAL)
def test_several_columns(result_type: str) -> None:
    """A value is of the leftmost column that fits, an array of all, a field of that of its name (S155 to S157)."""
    assert as_result(table(), parsed(result_type), 2).to_pylist() == SEVERAL[result_type]
    as_dict = {name: column.to_numpy() for name, column in table().items()}
    assert as_result(as_dict, parsed(result_type), 2).to_pylist() == SEVERAL[result_type]


MATRICES: dict[str, Any] = {
    "ndarray": np.array([[1.0, 2.0], [3.0, np.nan]]),
    "list of lists": [[1.0, 2.0], [3.0, None]],
    "Series of arrays": pd.Series([np.array([1.0, 2.0]), np.array([3.0, np.nan])]),
    "DataFrame": pd.DataFrame([[1.0, 2.0], [3.0, None]]),
    "DataFrame of lists": pd.DataFrame({"p": [[1.0, 2.0], [3.0, None]]}),
}


@pytest.mark.parametrize("kind", MATRICES)
@pytest.mark.parametrize("result_type", ["array<float>", "array<double>", "array<string>"])
def test_matrices(kind: str, result_type: str) -> None:
    """A list for each row, whether the numbers stand in columns or in cells."""
    texts = result_type == "array<string>"
    given = as_result(MATRICES[kind], parsed(result_type), 2).to_pylist()
    missing = [None, "nan"] if texts else [None, pytest.approx(np.nan, nan_ok=True)]
    assert given[0] == (["1.0", "2.0"] if texts else [1.0, 2.0])
    assert given[1][0] == ("3.0" if texts else 3.0)
    assert given[1][1] in missing


def test_fields_of_an_answer_without_names() -> None:
    """They are taken in their places."""
    matrix = np.array([[1.0, 2.0], [3.0, 4.0]])
    given = as_result(matrix, parsed("low float, high double"), 2).to_pylist()
    assert given == [{"low": 1.0, "high": 2.0}, {"low": 3.0, "high": 4.0}]


def test_a_field_that_is_missing() -> None:
    """It is named, with those that are there."""
    with pytest.raises(InvalidArgumentError, match=r"answers no low.*text, flag"):
        as_result(table(), parsed("low float, high double"), 2)


def test_an_answer_of_another_length() -> None:
    """It is refused, since rows could not be told apart."""
    with pytest.raises(ModelFailureError, match="answered 2 rows for 3"):
        as_result(np.array([1.0, 2.0]), parsed("double"), 3)


@pytest.mark.parametrize(
    "result_type", ["date", "map<string, int>", "array<array<int>>", "a struct<b: int>", "decimal(3,1)", "nonsense", 3]
)
def test_other_result_types_are_refused(result_type: Any) -> None:
    """With those that there are (S155)."""
    with pytest.raises(InvalidArgumentError, match=r"result_type is .* not supported"):
        parsed(result_type)


def test_numbers_that_are_no_copies() -> None:
    """The usual answer costs nothing: an array of doubles becomes Arrow's without a copy."""
    answer = np.arange(4.0)
    given = as_result(answer, parsed("double"), 4)
    assert isinstance(given, pa.DoubleArray)
    assert given.buffers()[1].address == answer.ctypes.data

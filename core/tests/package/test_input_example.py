"""Input examples are written as MLflow writes them, and read back."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from modelpack.errors import InvalidArgumentError, InvalidModelError
from modelpack.package.input_example import InputExample, read_input_example

if TYPE_CHECKING:
    from pathlib import Path

FRAME = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
SPLIT = {"columns": ["a", "b"], "data": [[1, 0.5], [2, 1.5]]}


def _write(example: Any, directory: Path) -> dict[str, Any]:
    rendered = InputExample.of(example).rendered()
    rendered.write(directory)
    return rendered.info


def _written(example: Any, directory: Path) -> tuple[dict[str, Any], Any, Any]:
    """What stands in MLmodel, and the content of both files; the files are JSON that any reader takes."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    info = _write(example, directory)
    files = (directory / info["artifact_path"], directory / info["serving_input_path"])
    stored, serving = (json.loads(file.read_text(encoding="utf-8"), parse_constant=refuse) for file in files)
    return info, stored, serving


@pytest.mark.parametrize(
    ("example", "kind", "stored", "serving"),
    [
        (FRAME, "dataframe", SPLIT, {"dataframe_split": SPLIT}),
        (
            FRAME["a"],
            "dataframe",
            {"columns": ["a"], "data": [[1], [2]]},
            {"dataframe_split": {"columns": ["a"], "data": [[1], [2]]}},
        ),
        (np.eye(2), "ndarray", [[1.0, 0.0], [0.0, 1.0]], {"inputs": [[1.0, 0.0], [0.0, 1.0]]}),
        ({"x": np.arange(2)}, "ndarray", {"x": [0, 1]}, {"inputs": {"x": [0, 1]}}),
        ([1, 2], "json_object", [1, 2], {"inputs": [1, 2]}),
        ({"q": "who?", "k": [1]}, "json_object", {"q": "who?", "k": [1]}, {"inputs": {"q": "who?", "k": [1]}}),
        ("text", "json_object", "text", {"inputs": "text"}),
        (("a", "b"), "json_object", ["a", "b"], {"inputs": ["a", "b"]}),
    ],
    ids=["a frame", "a series", "an array", "named arrays", "a list", "a mapping", "a text", "a tuple"],
)
def test_each_kind_of_example_has_its_form(tmp_path: Path, example: Any, kind: str, stored: Any, serving: Any) -> None:
    """The first file holds the example, the second the body of a request."""
    info, *written = _written(example, tmp_path)
    assert info["type"] == kind
    assert info.get("pandas_orient") == ("split" if kind == "dataframe" else None)
    assert written == [stored, serving]


def test_params_stand_beside_the_inputs(tmp_path: Path) -> None:
    """An example may be a pair; MLflow marks it with the text 'true'."""
    info, stored, serving = _written((FRAME, {"scale": 2}), tmp_path)
    assert info["params"] == "true"
    assert stored == {"inputs": SPLIT, "params": {"scale": 2}}
    assert serving == {"dataframe_split": SPLIT, "params": {"scale": 2}}


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (float("nan"), None),
        (float("inf"), "Infinity"),
        (np.float32("-inf"), "-Infinity"),
        (None, None),
        (pd.NA, None),
        (pd.NaT, None),
        (np.datetime64("NaT", "ns"), None),
        (np.float32(0.5), 0.5),
        (np.int64(2**60), 2**60),
        (2**70, 2**70),
        (np.bool_(1), True),
        (b"\x00\xff", "AP8="),
        (np.bytes_(b"\x00\xff"), "AP8="),
        (pd.Timestamp("2020-01-02T03:04:05.000006"), "2020-01-02T03:04:05.000006"),
        (pd.Timestamp("2020-01-02", tz="UTC"), "2020-01-02T00:00:00+00:00"),
        (np.datetime64("2020-01-02T03", "ns"), "2020-01-02T03:00:00"),
        (dt.date(2020, 1, 2), "2020-01-02"),
        (decimal.Decimal("1.10"), "1.10"),
        (np.array([[1, 2]]), [[1, 2]]),
        ("ünï\n", "ünï\n"),
    ],
    ids=repr,
)
def test_values_find_a_form_in_json(tmp_path: Path, value: Any, stored: Any) -> None:
    """Missing values become null, dates ISO 8601, bytes base64, numpy's scalars plain numbers."""
    assert _written(pd.DataFrame({"v": pd.Series([value], dtype=object)}), tmp_path)[1]["data"] == [[stored]]


@pytest.mark.parametrize(
    ("column", "stored"),
    [
        (pd.array([1, None], dtype="Int64"), [1, None]),
        (pd.DatetimeIndex(["2020-01-01", pd.NaT]), ["2020-01-01T00:00:00", None]),
        (pd.array(["a", None], dtype="string"), ["a", None]),
        (pd.Categorical(["x", "y"]), ["x", "y"]),
        (np.array([1.5, np.nan], dtype="float32"), [1.5, None]),
        (np.array(["2020-01-01", "NaT"], dtype="datetime64[s]"), ["2020-01-01T00:00:00", None]),
    ],
    ids=["nullable integers", "dates", "texts", "categories", "floats", "seconds"],
)
def test_columns_of_every_type_are_written(tmp_path: Path, column: Any, stored: list[Any]) -> None:
    """Pandas' own types lose nothing that JSON can hold."""
    data = _written(pd.DataFrame({"v": column}), tmp_path)[1]["data"]
    assert [row[0] for row in data] == stored


def test_dates_in_arrays_are_texts_too(tmp_path: Path) -> None:
    """Numpy would give numbers for nanoseconds."""
    assert _written(np.array(["2020-01-01"], dtype="datetime64[ns]"), tmp_path)[1] == ["2020-01-01T00:00:00"]


@pytest.mark.parametrize(
    ("example", "message"),
    [
        (object(), "holds a builtins.object"),
        ({1: "x"}, "the key 1, which is no text"),
        ({"a": np.ones(1), "b": 2}, "mixes arrays and other values"),
        ((FRAME, {1: 2}), "names that are no text"),
        ("x" * (33 * 2**20), "a few rows are enough"),
    ],
    ids=["an object", "a number as key", "arrays and numbers", "a number as param", "33 MiB"],
)
def test_what_cannot_be_an_example_is_refused(example: Any, message: str) -> None:
    """The error names the value or what to give instead."""
    with pytest.raises(InvalidArgumentError) as caught:
        InputExample.of(example).rendered()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "example",
    [FRAME, (FRAME, {"p": [1]}), np.eye(2), {"x": np.arange(2.0)}, [1, "a", None], {"a": 1}, "text", pd.DataFrame()],
    ids=["frame", "with params", "array", "arrays", "list", "mapping", "text", "empty frame"],
)
def test_what_was_written_is_read(tmp_path: Path, example: Any) -> None:
    """A stored example comes back as it was given."""
    given = InputExample.of(example)
    read = read_input_example(tmp_path, _write(example, tmp_path))
    assert read is not None
    assert read.params == given.params
    if isinstance(given.data, pd.DataFrame):
        pd.testing.assert_frame_equal(read.data, given.data, check_index_type=False, check_column_type=False)
    else:
        np.testing.assert_equal(read.data, given.data)


def test_a_model_without_example_has_none(tmp_path: Path) -> None:
    """There is nothing to read."""
    assert read_input_example(tmp_path, None) is None


def test_examples_of_older_releases_are_read(tmp_path: Path) -> None:
    """MLflow wrapped arrays in `inputs` once (format tf-serving), and left default columns out (orient values)."""
    (tmp_path / "input_example.json").write_text('{"inputs": [[1, 2]]}')
    old = {"artifact_path": "input_example.json", "type": "ndarray", "format": "tf-serving"}
    read = read_input_example(tmp_path, old)
    assert read is not None
    assert read.data.tolist() == [[1, 2]]
    (tmp_path / "input_example.json").write_text('{"data": [[1, 2]]}')
    read = read_input_example(tmp_path, {"type": "dataframe", "pandas_orient": "values"})
    assert read is not None
    assert read.data.to_dict("split")["data"] == [[1, 2]]


@pytest.mark.parametrize(
    "content", ["{", "[1]", '{"columns": ["a"], "data": [[1, 2]]}'], ids=["no JSON", "a list", "uneven"]
)
def test_a_damaged_example_is_named(tmp_path: Path, content: str) -> None:
    """The error says which file."""
    (tmp_path / "input_example.json").write_text(content)
    with pytest.raises(InvalidModelError, match=r"input_example\.json is not in the form"):
        read_input_example(tmp_path, {"type": "dataframe", "pandas_orient": "split"})


def test_an_example_cannot_point_out_of_the_model(tmp_path: Path) -> None:
    """The path stands in MLmodel, which a stranger may have written."""
    with pytest.raises(InvalidModelError):
        read_input_example(tmp_path, {"type": "json_object", "artifact_path": "../../etc/passwd"})


@pytest.mark.parametrize(
    ("example", "columns", "rows"),
    [
        ({"a": 1, "b": [1, 2]}, ["a", "b"], 1),
        ([{"a": 1}, {"a": 2}], ["a"], 2),
        ([1, 2, 3], [0], 3),
        ("text", [0], 1),
        (FRAME["a"], ["a"], 2),
    ],
    ids=["a mapping", "records", "a list", "a text", "a series"],
)
def test_models_are_called_with_frames(example: Any, columns: list[Any], rows: int) -> None:
    """Plain values become a DataFrame: a mapping is one row, a list one row an item."""
    frame = InputExample.of(example).for_prediction()
    assert (list(frame.columns), len(frame)) == (columns, rows)


class _Tensor:
    """As tensors of other libraries are: they become arrays, if their type allows it."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
        if self.values is None:
            raise TypeError("no such type")
        return np.array(self.values)

    def __dlpack__(self) -> Any:
        raise NotImplementedError


def test_tensors_of_other_libraries_are_arrays() -> None:
    """Alone, by name, and beside params; they reach the flavor as arrays, and stand in the file as such."""
    alone = InputExample.of(_Tensor([[1, 2]]))
    named = InputExample.of({"a": _Tensor([1.5]), "b": np.array([2])})
    beside = InputExample.of((_Tensor([[1, 2]]), {"k": 3}))
    assert [type(each) for each in (alone.data, named.data["a"], beside.data)] == [np.ndarray] * 3
    assert named.rendered().info["type"] == alone.rendered().info["type"] == "ndarray"
    assert beside.params == {"k": 3}


def test_a_tensor_that_cannot_be_an_array_is_named() -> None:
    """The error says which type it has, and what to give."""
    with pytest.raises(InvalidArgumentError, match=r"the _Tensor .* no such type") as raised:
        InputExample.of({"a": _Tensor(None)})
    assert raised.value.hint == "give it as a NumPy array"


def test_predicting_cannot_change_the_callers_example() -> None:
    """The model gets a copy."""
    example = FRAME.copy()
    given = InputExample.of(example).for_prediction()
    given.loc[:, "a"] = 0
    pd.testing.assert_frame_equal(example, FRAME)

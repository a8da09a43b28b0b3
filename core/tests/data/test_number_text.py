"""Tables of numbers that simdjson reads are what the usual way makes of the same text."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelpack.data import json_input, number_text
from modelpack.data.media_types import MediaType
from modelpack.data.number_text import SHORT, NumberReader
from modelpack.data.plan import InputPlan
from modelpack.errors import ModelpackError
from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature

pytest.importorskip("simdjson", reason="the extra simdjson has no wheel for this Python")

JSON = MediaType("application/json")
KINDS = {
    DataType.DOUBLE: "float64",
    DataType.FLOAT: "float32",
    DataType.LONG: "int64",
    DataType.INTEGER: "int32",
}


def plan_of(names: list[str], kind: DataType = DataType.DOUBLE, *, arrays: bool = True) -> InputPlan:
    """A plan for a model with these columns, of one type."""
    schema = ColumnSchema(tuple(Column(kind, name) for name in names))
    return InputPlan(ModelSignature(inputs=schema), arrays=arrays)


def long(document: Any) -> bytes:
    """A document as text that is long enough."""
    text = document if isinstance(document, str) else json.dumps(document)
    return text.encode() + b" " * SHORT


def usual_way(text: bytes, plan: InputPlan) -> Any:
    """What is read without the library."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NumberReader, "read", lambda *_: None)
        return json_input.decode(text, JSON, plan).data


def bits(table: Any) -> tuple[Any, ...]:
    """All there is to see of an array or a frame, zeros and their signs included."""
    array = table.to_numpy() if isinstance(table, pd.DataFrame) else table
    names = list(table.columns) if isinstance(table, pd.DataFrame) else None
    labels = list(table.index) if isinstance(table, pd.DataFrame) else None
    return type(table), str(array.dtype), array.shape, array.tobytes("C"), names, labels


ROWS = [[1, 2.5], [-3, 4e-7], [0.1, -0.0]]
FORMS: dict[str, Callable[[list[str], Any], Any]] = {
    "split": lambda names, rows: {"dataframe_split": {"columns": names, "data": rows}},
    "bare": lambda names, rows: {"columns": names, "data": rows},
    "index": lambda names, rows: {"columns": names, "index": [7, 8, 9], "data": rows},
    "inputs": lambda _, rows: {"inputs": rows},
    "instances": lambda _, rows: {"instances": rows},
}


@pytest.mark.parametrize("arrays", [True, False], ids=["array", "frame"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_usual_forms_are_read_to_the_bit(form: Callable[[list[str], Any], Any], *, arrays: bool) -> None:
    """As an array or a frame, with the labels that came."""
    plan, text = plan_of(["a", "b"], arrays=arrays), long(form(["a", "b"], ROWS))
    assert plan.number_reader.read(text) is not None
    assert bits(json_input.decode(text, JSON, plan).data) == bits(usual_way(text, plan))


def test_columns_come_in_the_order_of_the_signature() -> None:
    """Whatever order the client has them in; the array is the reader's own, to be written to."""
    plan = plan_of(["a", "b"])
    read = json_input.decode(long(FORMS["split"](["b", "a"], ROWS)), JSON, plan).data
    assert read[:, 0].tolist() == [2.5, 4e-7, 0.0]
    assert json_input.decode(long(FORMS["inputs"]([], ROWS)), JSON, plan).data.flags.writeable
    assert read.flags.c_contiguous


def test_what_pandas_and_mlflow_write_is_read() -> None:
    """Their own text, not only this test's."""
    frame, plan = pd.DataFrame(ROWS, columns=["a", "b"]), plan_of(["a", "b"])
    for text in (frame.to_json(orient="split"), json.dumps({"dataframe_split": frame.to_dict(orient="split")})):
        table = plan.number_reader.read(long(text))
        if text.startswith('{"columns"'):
            assert table is not None
        assert bits(json_input.decode(long(text), JSON, plan).data) == bits(usual_way(long(text), plan))


EDGES = [
    *("0", "-0", "-0.0", "1.0", "1", "16777217", "2147483648", "9007199254740993", "18446744073709551615"),
    *("1e-400", "3.4028235e38", "1e39"),
]


@pytest.mark.parametrize(("kind", "dtype"), KINDS.items())
@pytest.mark.parametrize("number", EDGES)
def test_numbers_fit_their_type_or_are_left_to_the_usual_way(kind: DataType, dtype: str, number: str) -> None:
    """No rounding, wrapping or widening that the usual way would not do."""
    plan, text = plan_of(["a", "b"], kind), long(f'{{"inputs": [[{number}, 1], [2, 3]]}}')
    table = plan.number_reader.read(text)
    if table is not None:
        assert table.array.dtype == dtype
        assert bits(table.array) == bits(usual_way(text, plan))


@pytest.mark.parametrize(
    "text",
    [
        '{"inputs": [[1, 2], [3]]}',
        '{"inputs": [[1, 2, 3], [4]]}',
        '{"inputs": [[1, [2]], [3, 4]]}',
        '{"inputs": [[1, 2, [3]], 4]}',
        '{"inputs": [1, 2, 3, 4]}',
        '{"inputs": [[[1, 2]], [[3, 4]]]}',
        '{"inputs": [[1, 2], [], [3, 4]]}',
        '{"inputs": []}',
        '{"inputs": [[1, null]]}',
        '{"inputs": [[1, true]]}',
        '{"inputs": [[1, "2"]]}',
        '{"inputs": [[1, NaN]]}',
        '{"inputs": [[1, 1e400]]}',
        '{"inputs": [[1, 2]], "inputs": [[3, 4]]}',
        '{"inputs": [[1, 2]], "params": {}}',
        '{"params": {"a": [1]}, "inputs": [[1, 2]]}',
        '{"inputs": {"a": [1], "b": [2]}}',
        '{"inputs": 1}',
        "[[1, 2]]",
        "1",
        '{"inputs": [[1, 2]]',
        '{"inputs": [[1, 2]]}]',
        '{"dataframe_split": {"data": [[1, 2]], "columns": ["a", "b"]}}',
        '{"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}',
        '{"dataframe_split": {"columns": ["a", "b", "a"], "data": [[1, 2, 3]]}}',
        '{"dataframe_split": {"columns": ["a", ["b"]], "data": [[1, 2]]}}',
        '{"dataframe_split": {"columns": ["a"], "data": [[1]]}}',
        '{"dataframe_split": {"columns": null, "data": [[1, 2]]}}',
        '{"dataframe_split": {"columns": ["a", "b"], "data": {}}}',
        '{"dataframe_split": [], "data": [[1, 2]]}',
        '{"columns": ["a", "b"], "index": 3, "data": [[1, 2]]}',
    ],
)
def test_whatever_is_not_usual_is_left_to_the_usual_way(text: str) -> None:
    """Which reads it, or says what is wrong with it."""
    assert plan_of(["a", "b"]).number_reader.read(long(text)) is None


def test_labels_and_rows_have_to_agree() -> None:
    """Also where the labels are thrown away."""
    text = long({"columns": ["a", "b"], "index": [1], "data": ROWS})
    with pytest.raises(ModelpackError, match="the index has 1 labels for 3 rows"):
        json_input.decode(text, JSON, plan_of(["a", "b"]))


def test_another_form_than_the_media_type_s_is_refused() -> None:
    """Rows under `inputs` are not pandas' split form."""
    split = MediaType("application/json", (("format", "pandas-split"),))
    with pytest.raises(ModelpackError, match="split form"):
        json_input.decode(long({"inputs": ROWS}), split, plan_of(["a", "b"]))


numbers = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["-0", "1E5", "0.1e-3", "1.0", "123456789012345678901234567890", "4.35", "0.000001"]),
    st.builds(lambda raw: repr(struct.unpack("d", struct.pack("Q", raw))[0]), st.integers(0, 0x7FEFFFFFFFFFFFFF)),
).map(str)
cells = st.one_of(numbers, numbers, numbers, st.sampled_from(["null", "true", '"1"', "[1]", "{}", "", "[[", "1 1"]))
rows_of_text = st.lists(st.lists(numbers, min_size=2, max_size=2), min_size=1, max_size=4)
odd_rows_of_text = st.lists(st.lists(cells, max_size=3), max_size=4)
spaces = st.sampled_from(["", " ", "\n", "\t\r"])


def assert_same(text: bytes, plan: InputPlan) -> None:
    """Fail unless both ways read the same, where the quick one reads at all."""
    table = plan.number_reader.read(text)
    if table is not None:
        assert bits(table.array) == bits(usual_way(text, plan))


@given(rows_of_text, st.sampled_from(list(KINDS)), spaces)
def test_any_numbers_are_read_as_the_usual_way_reads_them(rows: list[list[str]], kind: DataType, space: str) -> None:
    """Each digit counts, in every type, and no space does."""
    data = f",{space}".join(f"[{f'{space},'.join(row)}{space}]" for row in rows)
    assert_same(long(f'{{"inputs"{space}:{space}[{data}]{space}}}'), plan_of(["a", "b"], kind))


@given(odd_rows_of_text, st.sampled_from(["[", "", "[["]), st.sampled_from(["]", "", "]]"]))
def test_nothing_odd_is_taken_for_a_table(rows: list[list[str]], opened: str, closed: str) -> None:
    """Whatever stands where a number should, and however the brackets stand."""
    data = ",".join(f"[{','.join(row)}]" for row in rows)
    assert_same(long(f'{{"inputs": {opened}{data}{closed}}}'), plan_of(["a", "b"]))


def test_a_short_text_takes_the_usual_way() -> None:
    """It is read as fast there."""
    assert plan_of(["a", "b"]).number_reader.read(b'{"inputs": [[1, 2]]}') is None


def test_a_large_table_is_read() -> None:
    """More numbers than a text of a page."""
    values = np.random.default_rng(0).normal(size=(2_000, 30))
    plan = plan_of([f"c{number}" for number in range(30)])
    read = json_input.decode(json.dumps({"inputs": values.tolist()}).encode(), JSON, plan).data
    assert bits(read) == bits(values)


def test_tables_outlive_the_next_body() -> None:
    """Readers keep the library's memory, not what the tables stand in; and a refused body spoils nothing."""
    plan = plan_of(["a", "b"])
    first = json_input.decode(long({"inputs": ROWS}), JSON, plan).data
    before = bits(first)
    assert plan.number_reader.read(long('{"inputs": [[1, 2]')) is None
    for _ in range(3):
        assert plan.number_reader.read(long({"inputs": [[9, 9]] * 50})) is not None
    assert bits(first) == before


def test_threads_may_read_at_once() -> None:
    """Each gets its own numbers."""
    plan = plan_of(["a", "b"])

    def read(number: int) -> bool:
        table = plan.number_reader.read(long({"inputs": [[number, number]] * 200}))
        return table is not None and bool((table.array == number).all())

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(400)))


def test_without_the_library_the_usual_way_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra; nothing depends on it but time."""
    monkeypatch.setattr(number_text, "optional", lambda *_: None)
    plan = plan_of(["a", "b"])
    assert plan.number_reader.read(long({"inputs": ROWS})) is None
    assert json_input.decode(long({"inputs": ROWS}), JSON, plan).data.shape == (3, 2)

"""Plain records are what the usual way writes, whoever joins their fields."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelpack.data import csv_records
from modelpack.data.csv_output import CsvWriter
from modelpack.data.csv_records import plain_records
from modelpack.data.writers import WriteOptions

WAYS = ["python", "arrow"]


def records(frame: pd.DataFrame, way: str) -> bytes | None:
    """The records as one of the ways joins them."""
    if way == "arrow":
        pytest.importorskip("pyarrow", reason="Arrow is an extra")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "_MANY", 1 if way == "arrow" else 10**9)
        return plain_records(frame)


@pytest.mark.parametrize("way", WAYS)
def test_numbers_and_texts_are_written_as_they_are(way: str) -> None:
    """The shortest text that reads back as the same number; NaN is an empty field."""
    frame = pd.DataFrame({"a": ["x", "é z"], "b": [0.1, np.nan], "c": [-1, 2**62], "d": [12345.5, -0.0]})
    assert records(frame, way) == "x,0.1,-1,12345.5\né z,,4611686018427387904,-0.0\n".encode()
    assert records(frame[["b", "a"]][1:], way) == ",é z\n".encode()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "values",
    [
        ["x", ""],
        ["", ""],
        ["x", None],
        ["x", 'a "b"'],
        ["x", "a,b"],
        ["x", "a\nb"],
        ["x", "a\rb"],
        ["x", "\ud800"],
        ["x", b"y"],
        [b"x", b"y"],
        ["x", 1],
        [["x"], ["y"]],
        [1.5, np.inf],
        [True, False],
        pd.array([1, None], dtype="Int64"),
        pd.to_datetime(["2024-01-31", "2024-02-01"]),
        np.array([1, 2], dtype="uint8"),
    ],
    ids=str,
)
def test_what_is_not_plain_is_left_to_others(values: Any, way: str) -> None:
    """Whatever has to be quoted or put in other words."""
    series = values if hasattr(values, "dtype") else pd.Series(values, dtype=object if "x" in values else None)
    assert records(pd.DataFrame({"a": series, "b": [1, 2]}), way) is None


def test_a_single_column_or_none_is_left_to_others() -> None:
    """An empty field alone would be no record."""
    assert plain_records(pd.DataFrame({"a": ["x"]})) is None
    assert plain_records(pd.DataFrame({"a": [], "b": []})) is None


words = st.text(st.characters(codec="utf-8"), max_size=3)


@given(st.data(), st.integers(1, 5), st.lists(st.sampled_from(["double", "long", "text"]), min_size=1, max_size=4))
def test_both_ways_write_the_same(data: st.DataObject, rows: int, kinds: list[str]) -> None:
    """To the byte, or neither does."""
    drawn = {
        "double": st.floats(allow_infinity=False),
        "long": st.integers(-(2**63), 2**63 - 1),
        "text": st.one_of(words, st.sampled_from(["x", "yz"])),
    }
    columns = [data.draw(st.lists(drawn[kind], min_size=rows, max_size=rows)) for kind in kinds]
    frame = pd.DataFrame({str(position): values for position, values in enumerate(columns)})
    assert records(frame, "arrow") == records(frame, "python")


def test_many_records_read_back_as_they_were() -> None:
    """As the writer gives them, a chunk at a time."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"id": [f"k{number}" for number in range(5_000)], "p": generator.normal(size=5_000)})
    stream = io.BytesIO()
    writer = CsvWriter(stream, WriteOptions(names=("p",)))
    writer.write(frame[:3_000])
    writer.write(frame[3_000:])
    header, *rows = csv.reader(io.StringIO(stream.getvalue().decode()))
    assert header == ["id", "p"]
    assert [(name, float(number)) for name, number in rows] == list(frame.itertuples(index=False, name=None))

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet
import pytest

from modelpack.batch.files import found_files
from modelpack.batch.local import items as cutting
from modelpack.batch.local.items import Item, items
from modelpack.batch.local.stretches import Stretch

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Items of a few rows or bytes."""
    monkeypatch.setattr(cutting, "_FEWEST_BYTES", 20)
    monkeypatch.setattr(cutting, "_FEWEST_ROWS", 3)
    monkeypatch.setattr(cutting, "_PIECE", 8)


def cut(path: Path, content_type: str | None = None) -> list[Item]:
    """The items of a file."""
    return list(items(found_files(str(path)), content_type))


def text_of(item: Item, path: Path) -> bytes:
    """What a worker reads of an item."""
    with path.open("rb") as stream:
        assert item.lines is not None
        return Stretch(stream, item.header, *item.lines).readall() or b""


def test_row_groups_are_gathered(tmp_path: Path) -> None:
    """Until there are enough rows; rows are counted on."""
    table = pa.table({"x": range(10)})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    for name in ("a.parquet", "a.arrow"):
        made = cut(tmp_path / name)
        assert [(item.groups, item.first_row, item.rows) for item in made] == [
            (range(2), 0, 4),
            (range(2, 4), 4, 4),
            (range(4, 5), 8, 2),
        ]


def test_an_arrow_stream_is_one_item_whatever_it_is_called(tmp_path: Path) -> None:
    """Its batches cannot be found without reading it."""
    table = pa.table({"x": range(10)})
    with pa.ipc.new_stream(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    (item,) = cut(tmp_path / "a.arrow")
    assert (item.groups, item.rows) == (None, None)


def test_a_table_without_rows_is_no_item(tmp_path: Path) -> None:
    """There is nothing to score in it."""
    pyarrow.parquet.write_table(pa.table({"x": pa.array([], "int64")}), tmp_path / "a.parquet")
    assert cut(tmp_path / "a.parquet") == []


@pytest.mark.parametrize("end", ["", "\n"])
def test_csv_is_cut_between_records(tmp_path: Path, end: str) -> None:
    """A line end in quotes is none; each stretch is read after the header."""
    records = ['1,"a\nb\nc\nd\ne"', "2,bbbbbbbbbb", '3,"say ""hi"""', "4,d", "5,eeeeeeeeeeeeeeee", "6,f"]
    path = tmp_path / "a.csv"
    path.write_bytes(("n,text\r\n" + "\n".join(records) + end).encode())
    made = cut(path)
    assert len(made) > 1
    texts = [text_of(item, path) for item in made]
    assert all(text.startswith(b"n,text\r\n") for text in texts)
    assert b"".join(text.removeprefix(b"n,text\r\n") for text in texts).decode() == "\n".join(records) + end
    assert sum(item.rows or 0 for item in made) == 6
    assert [item.first_row for item in made] == [
        sum(one.rows or 0 for one in made[:place]) for place in range(len(made))
    ]
    for item, text in zip(made, texts, strict=True):
        assert text.removeprefix(b"n,text\r\n").startswith(b"%d," % (item.first_row + 1))


def test_csv_without_a_header_has_none_put_before(tmp_path: Path) -> None:
    """Where the media type says so."""
    path = tmp_path / "a.csv"
    path.write_text("1,aaaaaaaaaaaaaaaaaaaaa\n2,b\n3,c\n", encoding="utf-8")
    made = cut(path, "text/csv; header=absent")
    assert [text_of(item, path)[:2] for item in made] == [b"1,", b"2,"]


def test_a_header_may_run_over_lines(tmp_path: Path) -> None:
    """It is a record like others."""
    path = tmp_path / "a.csv"
    path.write_text('"n\nm",t\n' + "".join(f"{n},xxxxxxxxxxxxxxxxxxxxxxxx\n" for n in range(3)), encoding="utf-8")
    assert [text_of(item, path)[: len('"n\nm",t\n0')].decode() for item in cut(path)] == [
        f'"n\nm",t\n{n}' for n in range(3)
    ]


def test_json_lines_are_cut_at_line_ends(tmp_path: Path) -> None:
    """The last one need have none."""
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(f'{{"x": {n}}}' for n in range(9)), encoding="utf-8")
    made = cut(path)
    assert len(made) == 3
    assert b"".join(text_of(item, path) for item in made) == path.read_bytes()
    assert [item.rows for item in made] == [3, 3, 3]


@pytest.mark.parametrize(
    ("name", "content_type"), [("a.csv", "text/csv; charset=utf-16"), ("a.json", None), ("a.csv", "application/json")]
)
def test_what_cannot_be_cut_is_one_item(tmp_path: Path, name: str, content_type: str | None) -> None:
    """Documents, and texts in which a byte that looks like a line end may be none."""
    (tmp_path / name).write_text("x\n1\n" * 100, encoding="utf-8")
    (item,) = cut(tmp_path / name, content_type)
    assert (item.lines, item.groups, item.size) == (None, None, 400)


def test_items_of_several_files_are_numbered_on(tmp_path: Path) -> None:
    """So that the parts of the output have the order of the input."""
    for name in "ba":
        (tmp_path / f"{name}.csv").write_text("x\n" + "1\n" * 30, encoding="utf-8")
    made = cut(tmp_path)
    assert [item.number for item in made] == list(range(len(made)))
    assert [item.file[-5] for item in made] == sorted(item.file[-5] for item in made)

"""Cutting an input into items: parts of files that one process scores at a time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, BinaryIO

from modelpack.batch.scoring import input_codec
from modelpack.batch.streams import is_remote, opened_source
from modelpack.data.arrow_errors import refused
from modelpack.data.arrow_streams import FILE_MAGIC
from modelpack.data.codecs import ARROW_FILE, CSV, JSON_LINES, PARQUET
from modelpack.data.csv_text import blocks, ends_outside_quotes
from modelpack.data.libraries import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from modelpack.batch.records import InputFile
    from modelpack.data.media_types import MediaType

_PARTS = 64
"""About how many items an input is cut into, however many processes score it; more where these would be too large."""
_FEWEST_BYTES, _MOST_BYTES = 1 << 20, 1 << 26
_FEWEST_ROWS, _MOST_ROWS = 1 << 16, 1 << 20
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A part of a file.

    Attributes:
        number: Its place among all; the output's parts are numbered likewise.
        file: The file.
        size: About how many bytes of it this is.
        groups: The row groups or record batches; None where the format has no such, or for all.
        lines: The first byte and the one after the last, of a text that is cut at the ends of its lines; None for all.
        header: How many bytes at the start of the file stand before its first row; what begins later is read after it.
        first_row: How many rows of the file stand before it; 0 where that is not known.
        rows: How many it has; None where that is not known.
        keep: See `InputFile`.
        columns: See `InputFile`.
    """

    number: int
    file: str
    size: int
    groups: range | None = None
    lines: tuple[int, int] | None = None
    header: int = 0
    first_row: int = 0
    rows: int | None = None
    keep: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None


def items(files: Sequence[InputFile], content_type: str | None) -> Iterator[Item]:
    """Cut files into items, as far as their formats allow it.

    Row groups of Parquet, record batches of Arrow files, and lines of local CSV and JSON Lines in UTF-8 can be scored
    apart; other files are an item each.
    """
    numbers, size = count(), sum(file.size for file in files)
    for file in files:
        codec, media_type = input_codec(file.path, content_type)
        cut = _CUTTERS.get(codec.name, _whole)
        for parts in cut(file, media_type, size / _PARTS):
            yield Item(number=next(numbers), file=file.path, keep=file.keep, columns=file.columns, **parts)


def _whole(file: InputFile, media_type: MediaType, aim: float) -> Iterator[dict[str, Any]]:  # noqa: ARG001 - as all cutters
    yield {"size": file.size}


def _parquet(file: InputFile, media_type: MediaType, aim: float) -> Iterator[dict[str, Any]]:  # noqa: ARG001 - as all cutters
    with opened_source(file.path) as stream, refused(f"{file.path} is no Parquet file"):
        metadata = require("pyarrow.parquet", "arrow").read_metadata(stream)
        rows = [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)]
    yield from _grouped(file, rows, aim)


def _arrow(file: InputFile, media_type: MediaType, aim: float) -> Iterator[dict[str, Any]]:
    ipc = require("pyarrow.ipc", "arrow")
    first_column = ipc.IpcReadOptions(included_fields=[0])
    with opened_source(file.path) as stream, refused(f"{file.path} is no Arrow file"):
        if stream.read(len(FILE_MAGIC)) != FILE_MAGIC:  # a stream, whatever it is called
            yield from _whole(file, media_type, aim)
            return
        reader = ipc.open_file(stream, options=first_column)
        rows = [reader.get_batch(place).num_rows for place in range(reader.num_record_batches)]
    yield from _grouped(file, rows, aim)


def _grouped(file: InputFile, rows: Sequence[int], aim: float) -> Iterator[dict[str, Any]]:
    total = max(1, sum(rows))
    wanted = min(max(total * aim / max(1, file.size), _FEWEST_ROWS), _MOST_ROWS)
    start = before = gathered = 0
    for place, rows_here in enumerate(rows, 1):
        gathered += rows_here
        if gathered and (gathered >= wanted or place == len(rows)):
            yield {
                "size": file.size * gathered // total,
                "groups": range(start, place),
                "first_row": before,
                "rows": gathered,
            }
            start, before, gathered = place, before + gathered, 0


def _csv(file: InputFile, media_type: MediaType, aim: float) -> Iterator[dict[str, Any]]:
    has_header = media_type.parameter("header") != "absent"
    yield from _lines(file, media_type, aim, _csv_ends, header=has_header)


def _json_lines(file: InputFile, media_type: MediaType, aim: float) -> Iterator[dict[str, Any]]:
    yield from _lines(file, media_type, aim, _line_ends, header=False)


_CUTTERS = {PARQUET.name: _parquet, ARROW_FILE.name: _arrow, CSV.name: _csv, JSON_LINES.name: _json_lines}


def _lines(
    file: InputFile,
    media_type: MediaType,
    aim: float,
    ends: Callable[[BinaryIO], Iterable[tuple[int, int]]],
    *,
    header: bool,
) -> Iterator[dict[str, Any]]:
    wanted = min(max(aim, _FEWEST_BYTES), _MOST_BYTES)
    if is_remote(file.path) or media_type.encoding != "utf-8-sig" or file.size <= wanted:
        yield from _whole(file, media_type, aim)
        return
    with opened_source(file.path) as stream:
        before = len(next(blocks(iter(stream), 1), b"")) if header else 0
        stream.seek(before)
        start, first_row = before, 0
        row, end = 0, before
        for read, rows in ends(stream):
            row, end = row + rows, before + read
            if end - start >= wanted:
                yield _stretch(start, end, before, first_row, row)
                start, first_row = end, row
        if end > start:
            yield _stretch(start, end, before, first_row, row)


def _stretch(start: int, end: int, header: int, first_row: int, row: int) -> dict[str, Any]:
    return {
        "size": end - start,
        "lines": (start, end),
        "header": header,
        "first_row": first_row,
        "rows": row - first_row,
    }


def _line_ends(stream: BinaryIO) -> Iterator[tuple[int, int]]:
    """How far one can read to an end of a line, and how many lines came with each step."""
    read = 0
    while piece := stream.read(_PIECE):
        piece += stream.readline()
        read += len(piece)
        yield read, _line_ends_in(piece)


def _line_ends_in(block: bytes) -> int:
    """How many lines a block has, the last of which need not be ended; NumPy counts four times as fast as Python."""
    numpy = require("numpy", "pandas")
    ends = int(numpy.count_nonzero(numpy.frombuffer(block, dtype="uint8") == ord("\n")))
    return ends + (not block.endswith(b"\n"))


def _csv_ends(stream: BinaryIO) -> Iterator[tuple[int, int]]:
    """The same for records: a line end in quotes is none."""
    read = 0
    for block in _record_blocks(stream):
        read += len(block)
        yield read, _records(block)


def _record_blocks(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        piece += stream.readline()
        while not ends_outside_quotes(piece):
            line = stream.readline()
            if not line:
                break
            piece += line
        yield piece


def _records(block: bytes) -> int:
    ends = _line_ends_in(block)
    if b'"' not in block:
        return ends
    numpy = require("numpy", "pandas")
    characters = numpy.frombuffer(block, dtype="uint8")
    quoted = numpy.bitwise_and(numpy.cumsum(characters == ord('"'), dtype="int64"), 1) == 1
    return ends - int(numpy.count_nonzero((characters == ord("\n")) & quoted))

"""CSV text cut into records: its header and blocks of whole rows, without parsing the rows."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from modelpack.data.names import repeated
from modelpack.errors import DataFormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelpack.data.media_types import MediaType
    from modelpack.data.plan import InputPlan

MARK = b"\xef\xbb\xbf"
"""The byte order mark that some programs begin UTF-8 with."""
MISSING = [
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA"),
    *("NULL", "NaN", "None", "n/a", "nan", "null"),
]
"""pandas' own list, for columns that are not text; a text is missing only where the field is empty."""
_QUOTE = b'"'
_MANY = 1_000
"""From how many lines on a block need not have exactly so many."""


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a CSV text.

    Attributes:
        names: The columns' names, `Unnamed: 0` for an empty one, as pandas calls it.
        dropped: Those that are not wanted: what the plan leaves out, and a nameless first column that the signature
            does not know, into which `to_csv()` writes the index.
    """

    names: list[str | int]
    dropped: frozenset[str | int] = frozenset()


def lines_of(stream: BinaryIO, media_type: MediaType) -> Iterable[bytes]:
    """The lines of a stream in UTF-8, whatever charset it comes in; a byte order mark stays where it is."""
    encoding = media_type.encoding
    return stream if encoding == "utf-8-sig" else (line.encode() for line in _decoded(stream, encoding))


def _decoded(stream: BinaryIO, encoding: str) -> Iterator[str]:
    try:
        yield from io.TextIOWrapper(stream, encoding=encoding, newline="\n")
    except UnicodeError as error:
        raise DataFormatError(f"the text is not {encoding}: {error}") from error


def read_header(lines: Iterator[bytes], media_type: MediaType, plan: InputPlan) -> Header | None:
    """The first record as names; None when the text is empty.

    Raises:
        DataFormatError: A name stands twice, or the text is not UTF-8.
    """
    if media_type.parameter("header") == "absent":
        return Header(list(plan.names))
    block = next(blocks(lines, 1), b"").removeprefix(MARK)
    if not block.strip():
        return None
    try:
        names = next(csv.reader(io.StringIO(block.decode(), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataFormatError(f"the header row cannot be read: {error}") from error
    columns = plan.column_names([name or f"Unnamed: {position}" for position, name in enumerate(names)])
    twice = repeated(columns)
    if twice is not None:
        raise DataFormatError(f"column {twice!r} stands twice in the header row")
    is_index = not names[0] and bool(plan.names) and columns[0] not in plan.types
    return Header(columns, frozenset((*columns[:is_index], *plan.unwanted(columns[is_index:]))))


def blocks(lines: Iterator[bytes], rows: int) -> Iterator[bytes]:
    """The lines in blocks of so many, a line more where a quoted field runs on.

    Many lines of a file are read by their size, which the first thousand tell, so a block has about as many.

    Raises:
        DataFormatError: The text ends inside a quoted field.
    """
    if rows < _MANY or not isinstance(lines, io.BufferedIOBase):
        cut = iter(lambda: b"".join(islice(lines, rows)), b"")
    else:
        cut = _blocks_by_size(lines, rows)
    for text in cut:
        yield text if ends_outside_quotes(text) else text + _rest_of_field(lines)


def _blocks_by_size(file: io.BufferedIOBase, rows: int) -> Iterator[bytes]:
    text = b"".join(islice(file, _MANY))
    size = len(text) * rows // _MANY
    text += file.read(size - len(text))
    while text:
        yield text if text.endswith(b"\n") else text + file.readline()
        text = file.read(size)


def ends_outside_quotes(text: bytes) -> bool:
    """Whether a text that begins outside quotes ends so, by the number of its quotes."""
    return _QUOTE not in text or text.count(_QUOTE) % 2 == 0


def _rest_of_field(lines: Iterator[bytes]) -> bytes:
    rest = []
    for line in lines:
        rest.append(line)
        if line.count(_QUOTE) % 2:
            return b"".join(rest)
    raise DataFormatError("the text ends inside a quoted field")

"""JSON and JSON Lines as streams of rows, for files and pipes of any length."""

from __future__ import annotations

import io
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from modelpack.data.csv_text import MARK, lines_of
from modelpack.data.frames import table_from_records
from modelpack.data.json_input import decode, parse
from modelpack.data.json_output import dumps, encode, json_value
from modelpack.data.payload import Payload
from modelpack.data.tables import prediction_frame
from modelpack.errors import DataFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.data.media_types import MediaType
    from modelpack.data.plan import InputPlan
    from modelpack.data.writers import WriteOptions


def encode_document(predictions: Any, options: WriteOptions) -> bytes:
    """Predictions as one JSON document, in the dialect of the options."""
    return encode(predictions, options.dialect)


def read_document(stream: BinaryIO, media_type: MediaType, plan: InputPlan, rows: int) -> Iterator[Payload]:
    """Read a JSON document, which has to be read whole, and hand it on in chunks of so many rows.

    Raises:
        DataFormatError: It is no JSON, or has none of the known forms.
        SchemaError: A value cannot be of the type that the signature gives it.
    """
    payload = decode(stream.read(), media_type, plan)
    if not hasattr(payload.data, "iloc") or len(payload.data) <= rows:
        yield payload
        return
    for start in range(0, len(payload.data), rows):
        yield Payload(payload.data.iloc[start : start + rows].reset_index(drop=True), payload.params)


def decode_lines(body: bytes, media_type: MediaType, plan: InputPlan) -> Payload:
    """Read JSON Lines: an object on each line.

    Raises:
        DataFormatError: A line is no JSON object, or there is none.
    """
    for payload in read_lines(io.BytesIO(body), media_type, plan, len(body) + 1):
        return payload
    raise DataFormatError("the body is empty", hint="send one JSON object on each line")


def read_lines(stream: BinaryIO, media_type: MediaType, plan: InputPlan, rows: int) -> Iterator[Payload]:
    """Read JSON Lines in chunks of so many rows.

    Raises:
        DataFormatError: A line is no JSON object.
        SchemaError: A value cannot be of the type that the signature gives it.
    """
    lines = filter(None, map(bytes.strip, lines_of(stream, media_type)))
    while block := list(islice(lines, rows)):
        yield Payload(table_from_records(_records(block), plan))


def _records(block: list[bytes]) -> list[Any]:
    block[0] = block[0].removeprefix(MARK)
    try:
        records: list[Any] = orjson.loads(b"[" + b",".join(block) + b"]")
        if len(records) == len(block):
            return records
    except orjson.JSONDecodeError:
        pass
    return [_record(line, position) for position, line in enumerate(block)]


def _record(line: bytes, position: int) -> Any:
    try:
        return parse(line)
    except DataFormatError as error:
        raise DataFormatError(f"line {position} of the chunk: {error.message}") from error


def encode_lines(predictions: Any, options: WriteOptions) -> bytes:
    """Predictions as JSON Lines."""
    stream = io.BytesIO()
    LinesWriter(stream, options).write(predictions)
    return stream.getvalue()


class LinesWriter:
    """Writes JSON Lines: each prediction on a line of its own."""

    def __init__(self, stream: BinaryIO, options: WriteOptions) -> None:  # noqa: ARG002 - one signature for all writers
        """Write to a stream."""
        self._stream = stream

    def write(self, predictions: Any) -> None:
        """Append one line for each prediction."""
        for row in _rows(predictions):
            self._stream.write(dumps(row) + b"\n")

    def close(self) -> None:
        """Nothing stands at the end of JSON Lines."""


class DocumentWriter:
    """Writes one JSON document with an item for each prediction, as it goes along."""

    def __init__(self, stream: BinaryIO, options: WriteOptions) -> None:
        """Begin the document on a stream."""
        self._stream = stream
        self._end = b"]}\n" if options.dialect == "wrapped" else b"]\n"
        self._separator = b'{"predictions":[' if options.dialect == "wrapped" else b"["
        self._begun = False

    def write(self, predictions: Any) -> None:
        """Append one item for each prediction."""
        items = dumps(_rows(predictions))[1:-1]
        if items:
            self._stream.write(self._separator + items)
            self._separator = b","
            self._begun = True

    def close(self) -> None:
        """End the document."""
        self._stream.write(self._end if self._begun else self._separator + self._end)


def _rows(predictions: Any) -> Any:
    """One item for each prediction; an array where that is what the model answered."""
    if isinstance(predictions, dict):
        predictions = prediction_frame(predictions)
    value = json_value(predictions)
    return value if isinstance(value, list) or hasattr(value, "dtype") else [value]

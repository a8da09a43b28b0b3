"""Arrow's stream and file formats."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, BinaryIO

from modelpack.data.arrow_errors import refused
from modelpack.data.arrow_sizes import check_arrow
from modelpack.data.arrow_tables import data_from_arrow, table_from_predictions
from modelpack.data.libraries import require
from modelpack.data.payload import Payload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelpack.data.media_types import MediaType
    from modelpack.data.plan import InputPlan
    from modelpack.data.writers import WriteOptions

FILE_MAGIC = b"ARROW1"
"""How a file begins, and no stream."""


def decode(body: bytes, media_type: MediaType, plan: InputPlan) -> Payload:  # noqa: ARG001 - one signature for all decoders
    """Read a body in Arrow's stream or file format.

    Raises:
        DataFormatError: It is neither.
        DataTooLargeError: It takes more memory than the plan allows.
    """
    pa = require("pyarrow", "arrow")
    with refused("the body is no Arrow data"):
        file = body.startswith(FILE_MAGIC)
        with _opened(pa.BufferReader(body), file=file) as reader:
            check_arrow(body, plan.largest, file=file)
            table = reader.read_all()
        table.validate(full=True)
        return Payload(data_from_arrow(table, plan))


def read(stream: BinaryIO, media_type: MediaType, plan: InputPlan, rows: int) -> Iterator[Payload]:  # noqa: ARG001 - see decode
    """Read a stream or file in chunks of at most so many rows; a file in a pipe is held in memory.

    Raises:
        DataFormatError: It is no Arrow data.
    """
    for table in tables(stream, rows):
        yield Payload(data_from_arrow(table, plan))


def tables(
    stream: BinaryIO, rows: int, groups: range | None = None, columns: Sequence[str] | None = None
) -> Iterator[Any]:
    """Read a stream or file as tables of at most so many rows.

    Args:
        stream: The data; a file in a pipe is held in memory.
        rows: The most rows of a table.
        groups: The record batches of a file to read; None for all.
        columns: The columns to read; None for all.

    Raises:
        DataFormatError: It is no Arrow data.
    """
    pa = require("pyarrow", "arrow")
    with refused("the input is no Arrow data"):
        for batch in _batches(stream, groups):
            chosen = batch if columns is None else batch.select(columns)
            for start in range(0, batch.num_rows, rows):
                yield pa.Table.from_batches([chosen.slice(start, rows)])


def _batches(stream: BinaryIO, groups: range | None) -> Iterator[Any]:
    start = stream.read(len(FILE_MAGIC))
    if start == FILE_MAGIC:
        source = stream if stream.seekable() else io.BytesIO(start + stream.read())
        with _opened(source, file=True) as reader:
            for position in range(reader.num_record_batches) if groups is None else groups:
                yield reader.get_batch(position)
        return
    with _opened(_Rejoined(start, stream), file=False) as reader:
        yield from reader


class _Rejoined(io.RawIOBase):
    """A stream with its first bytes put back, for pipes, which cannot be rewound."""

    def __init__(self, start: bytes, stream: BinaryIO) -> None:
        super().__init__()
        self._start = start
        self._stream = stream

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        start, self._start = (self._start, b"") if size < 0 else (self._start[:size], self._start[size:])
        return start + self._stream.read(size - len(start) if size >= 0 else -1)


def _opened(source: Any, *, file: bool) -> Any:
    ipc = require("pyarrow.ipc", "arrow")
    return ipc.open_file(source) if file else ipc.open_stream(source)


def encode_stream(predictions: Any, options: WriteOptions) -> bytes:
    """Predictions in Arrow's stream format."""
    return _encoded(StreamWriter, predictions, options)


def encode_file(predictions: Any, options: WriteOptions) -> bytes:
    """Predictions in Arrow's file format."""
    return _encoded(FileWriter, predictions, options)


def _encoded(writer_type: type[StreamWriter], predictions: Any, options: WriteOptions) -> bytes:
    stream = io.BytesIO()
    writer = writer_type(stream, options)
    writer.write(predictions)
    writer.close()
    return stream.getvalue()


class StreamWriter:
    """Writes Arrow's stream format; the first chunk gives the schema."""

    _open = "new_stream"

    def __init__(self, stream: BinaryIO, options: WriteOptions) -> None:
        """Write to a stream."""
        self._stream = stream
        self._options = options
        self._writer: Any = None
        self._schema: Any = None

    def write(self, predictions: Any) -> None:
        """Append one row for each prediction.

        Raises:
            ModelFailureError: The predictions are no table, or of other types than those before.
        """
        table = table_from_predictions(predictions, self._options.names, self._schema)
        if self._writer is None:
            self._schema = table.schema
            self._writer = getattr(require("pyarrow.ipc", "arrow"), self._open)(self._stream, table.schema)
        self._writer.write_table(table)

    def close(self) -> None:
        """Write the end mark, or the footer of a file."""
        if self._writer is not None:
            self._writer.close()


class FileWriter(StreamWriter):
    """Writes Arrow's file format, which has a footer and can be mapped into memory."""

    _open = "new_file"

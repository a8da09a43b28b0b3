"""Parquet files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, BinaryIO

from modelpack.data.arrow_errors import refused
from modelpack.data.arrow_tables import data_from_arrow, table_from_predictions
from modelpack.data.libraries import require
from modelpack.data.parquet_sizes import read_within
from modelpack.data.payload import Payload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelpack.data.media_types import MediaType
    from modelpack.data.plan import InputPlan
    from modelpack.data.writers import WriteOptions


def decode(body: bytes, media_type: MediaType, plan: InputPlan) -> Payload:  # noqa: ARG001 - one signature for all decoders
    """Read a body that is a Parquet file.

    Raises:
        DataFormatError: It is not.
        DataTooLargeError: It takes more memory than the plan allows.
    """
    pa = require("pyarrow", "arrow")
    with refused("the body is no Parquet file"):
        table = read_within(pa.BufferReader(body), plan.largest)
        return Payload(data_from_arrow(table, plan))


def read(stream: BinaryIO, media_type: MediaType, plan: InputPlan, rows: int) -> Iterator[Payload]:  # noqa: ARG001 - see decode
    """Read a file in chunks of so many rows; one in a pipe is held in memory, since its index stands at its end.

    Raises:
        DataFormatError: It is no Parquet file.
    """
    for table in tables(stream, rows):
        yield Payload(data_from_arrow(table, plan))


def tables(
    source: str | BinaryIO, rows: int, groups: range | None = None, columns: Sequence[str] | None = None
) -> Iterator[Any]:
    """Read a file as tables of so many rows.

    Args:
        source: Its path, or a stream, which is held in memory if it is a pipe.
        rows: The most rows of a table.
        groups: The row groups to read; None for all.
        columns: The columns to read; None for all.

    Raises:
        DataFormatError: It is no Parquet file.
    """
    pa, parquet = require("pyarrow", "arrow"), require("pyarrow.parquet", "arrow")
    if not isinstance(source, str) and not source.seekable():
        source = io.BytesIO(source.read())
    with refused("the input is no Parquet file"), parquet.ParquetFile(source) as file:
        chosen = None if groups is None else list(groups)
        for batch in file.iter_batches(batch_size=rows, row_groups=chosen, columns=columns):
            yield pa.Table.from_batches([batch])


def encode(predictions: Any, options: WriteOptions) -> bytes:
    """Predictions as a Parquet file."""
    stream = io.BytesIO()
    writer = ParquetWriter(stream, options)
    writer.write(predictions)
    writer.close()
    return stream.getvalue()


class ParquetWriter:
    """Writes a Parquet file, a row group for each chunk; the first chunk gives the schema."""

    def __init__(self, stream: BinaryIO, options: WriteOptions) -> None:
        """Write to a stream."""
        self._stream = stream
        self._options = options
        self._writer: Any = None

    def write(self, predictions: Any) -> None:
        """Append one row for each prediction.

        Raises:
            ModelFailureError: The predictions are no table, or of other types than those before.
        """
        schema = self._writer.schema if self._writer is not None else None
        table = table_from_predictions(predictions, self._options.names, schema)
        if self._writer is None:
            self._writer = require("pyarrow.parquet", "arrow").ParquetWriter(self._stream, table.schema)
        self._writer.write_table(table)

    def close(self) -> None:
        """Write the index at the end of the file."""
        if self._writer is not None:
            self._writer.close()

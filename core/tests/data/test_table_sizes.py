from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modelpack.data.codecs import Decoder
from modelpack.errors import DataTooLargeError, ModelpackError

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 200_000
SIZE = ROWS * 8
STREAM, FILE = "application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file"
PARQUET = "application/vnd.apache.parquet"


def arrow(table: Any, media_type: str, compression: str | None = None) -> bytes:
    """A table in one of Arrow's formats."""
    sink = io.BytesIO()
    open_writer: Callable[..., Any] = pa.ipc.new_stream if media_type == STREAM else pa.ipc.new_file
    with open_writer(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table, max_chunksize=ROWS // 4)
    return sink.getvalue()


def parquet(table: Any, **options: Any) -> bytes:
    """A table as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


ZEROS = pa.table({"x": np.zeros(ROWS)})
LONG_TEXT = pa.table({"x": pa.array(["a" * 1000] * ROWS).dictionary_encode()})
BODIES = {
    "stream": (STREAM, arrow(ZEROS, STREAM)),
    "stream, zstd": (STREAM, arrow(ZEROS, STREAM, "zstd")),
    "stream, lz4": (STREAM, arrow(ZEROS, STREAM, "lz4")),
    "file": (FILE, arrow(ZEROS, FILE)),
    "file, zstd": (FILE, arrow(ZEROS, FILE, "zstd")),
    "Parquet": (PARQUET, parquet(ZEROS)),
    "Parquet, plain pages": (PARQUET, parquet(ZEROS, use_dictionary=False, compression="zstd")),
}


@pytest.mark.parametrize(("media_type", "body"), BODIES.values(), ids=BODIES.keys())
def test_a_table_of_the_limit_is_read_and_a_larger_one_is_not(media_type: str, body: bytes) -> None:
    """However small it looks while it is compressed."""
    whole = Decoder(None, largest=SIZE + ROWS).decode(body, media_type)
    assert len(whole.data) == ROWS
    with pytest.raises(DataTooLargeError):
        Decoder(None, largest=SIZE - 1).decode(body, media_type)
    assert len(Decoder(None).decode(body, media_type).data) == ROWS


def test_nulls_count_although_they_take_no_bytes() -> None:
    """A number says how many there are."""
    body = arrow(pa.table({"x": pa.nulls(ROWS)}), STREAM)
    with pytest.raises(DataTooLargeError):
        Decoder(None, largest=ROWS - 1).decode(body, STREAM)


def test_a_dictionary_is_counted() -> None:
    """It comes in a message of its own."""
    body = arrow(LONG_TEXT, STREAM, "zstd")
    with pytest.raises(DataTooLargeError):
        Decoder(None, largest=1000).decode(body, STREAM)


def test_a_text_that_repeats_counts_as_often_as_it_stands() -> None:
    """Parquet stores it once; the table has 200 MB."""
    body = parquet(LONG_TEXT.cast(pa.schema({"x": pa.string()})))
    assert len(body) < 30_000
    with pytest.raises(DataTooLargeError):
        Decoder(None, largest=10_000_000).decode(body, PARQUET)


def test_a_parquet_file_within_the_limit_keeps_its_types() -> None:
    """Texts, bytes, nulls, lists and categories come as they are."""
    table = pa.table(
        {
            "text": ["a", None, "a"],
            "bytes": [b"a", b"b", None],
            "list": [["a"], [], None],
            "date": pa.array([1, 2, 3], pa.timestamp("us")),
            "flag": [True, None, False],
            "category": pa.array(["a", "b", "a"]).dictionary_encode(),
            "level": pa.array([1, 2, 1]).dictionary_encode(),
        }
    )
    free = Decoder(None).decode(parquet(table), PARQUET).data
    bound = Decoder(None, largest=1_000_000).decode(parquet(table), PARQUET).data
    assert bound.dtypes.equals(free.dtypes)
    assert bound.astype(str).equals(free.astype(str))


def test_a_damaged_parquet_file_ends_no_process() -> None:
    """Reading the sizes that it gives for its columns did: pyarrow throws where nothing catches."""
    body = parquet(pa.table({"x": [1.0, None], "text": ["a", "b"]}))
    for position in range(4, len(body)):
        damaged = body[:position] + bytes([body[position] ^ 0x55]) + body[position + 1 :]
        with contextlib.suppress(ModelpackError):
            Decoder(None, largest=1_000_000).decode(damaged, PARQUET)


def test_a_file_without_rows_has_its_columns() -> None:
    """And no batch."""
    table = pa.table({"x": pa.array([], pa.float64()), "text": pa.array([], pa.string())})
    assert list(Decoder(None, largest=1_000_000).decode(parquet(table), PARQUET).data) == ["x", "text"]

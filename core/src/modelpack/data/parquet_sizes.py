"""How much memory a Parquet file takes once it is read.

A few kilobytes can stand for terabytes: values that repeat are stored once, and pages are compressed. The file's own
account of its columns is not asked: where it is damaged, pyarrow ends the process.
"""

from __future__ import annotations

from typing import Any

from modelpack.data.arrow_sizes import check_size
from modelpack.data.libraries import require

_MANY_ROWS = 65_536
_WIDEST = 8
"""Bytes of a number."""


def read_within(source: Any, limit: int | None) -> Any:
    """A Parquet file as a table of no more bytes than the limit.

    Raises:
        DataTooLargeError: It has more; the rest of it is not read.
    """
    pa, parquet = require("pyarrow", "arrow"), require("pyarrow.parquet", "arrow")
    schema = parquet.read_schema(source)
    source.seek(0)
    if limit is None:
        return parquet.ParquetFile(source).read()
    texts = {field.name for field in schema if _is_text(pa.types, field.type)}
    file = parquet.ParquetFile(source, read_dictionary=list(texts))
    batches, size = [], 0
    for batch in file.iter_batches(batch_size=max(1, min(_MANY_ROWS, limit // (_WIDEST * (len(schema) + 1))))):
        columns = zip(batch.schema.names, batch.columns, strict=True)
        size += sum(_plain_size(column) if name in texts else column.nbytes for name, column in columns)
        check_size(size, limit)
        batches.append(batch)
    return pa.Table.from_batches(batches, batches[0].schema if batches else file.schema_arrow).cast(schema)


def _is_text(types: Any, kind: Any) -> bool:
    """Whether repeated values of a column are kept once until their length is found out."""
    return any(
        is_one(kind) for is_one in (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    )


def _plain_size(column: Any) -> int:
    """The bytes of a column of texts when each stands for itself."""
    pa, compute = require("pyarrow", "arrow"), require("pyarrow.compute", "arrow")
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    return compute.sum(compute.binary_length(column.dictionary).take(column.indices)).as_py() or 0

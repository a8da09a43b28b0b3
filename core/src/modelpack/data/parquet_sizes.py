"""How much memory a Parquet file takes once it is read.

A few kilobytes can stand for terabytes: values that repeat are stored once, and pages are compressed.
"""

from __future__ import annotations

from typing import Any

from modelpack.data.arrow_sizes import check_size
from modelpack.data.libraries import require

_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4}
_OTHERS = 8
_TEXT = "BYTE_ARRAY"


def read_within(source: Any, limit: int | None) -> Any:
    """A Parquet file as a table of no more bytes than the limit.

    Raises:
        DataTooLargeError: It has more.
    """
    parquet = require("pyarrow.parquet", "arrow")
    if limit is None:
        return parquet.ParquetFile(source).read()
    metadata = parquet.read_metadata(source)
    check_size(_least_size(metadata), limit)
    source.seek(0)
    table = parquet.ParquetFile(source, read_dictionary=_texts(metadata)).read()
    check_size(sum(map(_plain_size, table.columns)), limit)
    return table.cast(_plain_schema(table.schema))


def _least_size(metadata: Any) -> int:
    """The bytes of the numbers, and of the pages: each text is at least so long once."""
    groups = [metadata.row_group(position) for position in range(metadata.num_row_groups)]
    chunks = [group.column(position) for group in groups for position in range(group.num_columns)]
    values: int = sum(chunk.num_values * _WIDTHS.get(chunk.physical_type, _OTHERS) for chunk in chunks)
    pages: int = sum(chunk.total_uncompressed_size for chunk in chunks)
    return max(values, pages)


def _texts(metadata: Any) -> list[str]:
    """The columns whose repeated values are kept once while their length is found out."""
    columns = [metadata.schema.column(position) for position in range(metadata.num_columns)]
    return [column.path for column in columns if column.physical_type == _TEXT and column.path == column.name]


def _plain_size(column: Any) -> int:
    """The bytes of a column when each value stands for itself."""
    pa, compute = require("pyarrow", "arrow"), require("pyarrow.compute", "arrow")
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    lengths = (compute.binary_length(chunk.dictionary).take(chunk.indices) for chunk in column.chunks)
    return sum(compute.sum(each).as_py() or 0 for each in lengths)


def _plain_schema(schema: Any) -> Any:
    pa = require("pyarrow", "arrow")
    plain = [each.with_type(each.type.value_type) if pa.types.is_dictionary(each.type) else each for each in schema]
    return pa.schema(plain, metadata=schema.metadata)

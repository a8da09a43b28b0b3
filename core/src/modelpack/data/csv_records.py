"""Columns of doubles, integers and plain texts as CSV records: column by column, in a fraction of pandas' time.

What has to be quoted, is missing among texts, or is of another type, takes more than a look and is left to others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from modelpack.data.libraries import optional, require

if TYPE_CHECKING:
    import pandas as pd

_SEVERAL = 2
_MARKS = (b'"', b",", b"\r", b"\n")
"""What a text is quoted for, beside emptiness."""
_MANY = 1_000
"""Records from which on Arrow joins the fields, if it is there: then none of them becomes an object of Python's."""


def plain_records(frame: pd.DataFrame) -> bytes | None:
    """The records of a frame; None where it has one column only, no rows, or what is not plain."""
    if len(frame) == 0 or frame.shape[1] < _SEVERAL:
        return None
    pa = optional("pyarrow", "arrow") if len(frame) >= _MANY else None
    return _joined_by_python(frame) if pa is None else _joined_by_arrow(frame, pa)


def _joined_by_python(frame: pd.DataFrame) -> bytes | None:
    columns = []
    for position in range(frame.shape[1]):
        series = frame.iloc[:, position]
        fields = _words(series.tolist()) if _may_be_text(series) else _number_list(series)
        if fields is None:
            return None
        columns.append(fields)
    return b"\n".join(map(b",".join, zip(*columns, strict=True))) + b"\n"


def _joined_by_arrow(frame: pd.DataFrame, pa: Any) -> bytes | None:
    """Each field is followed by what stands behind it, so that Arrow's buffer of all of them is the text."""
    columns = []
    for position in range(frame.shape[1]):
        series, end = frame.iloc[:, position], b"," if position < frame.shape[1] - 1 else b"\n"
        fields = _word_array(series, end, pa) if _may_be_text(series) else _number_array(series, end, pa)
        if fields is None:
            return None
        columns.append(fields)
    records = _joined(columns, b"", pa)
    return bytes(_data(records))


def _may_be_text(series: pd.Series[Any]) -> bool:
    return series.dtype.kind == "O" or series.dtype.name in {"str", "string"}


def _numbers(series: pd.Series[Any]) -> bytes | None:
    """Each number as the shortest text that reads back as the same, NaN as nothing, with commas between."""
    if series.dtype not in ("float64", "int64"):
        return None
    text = json_numbers(series.to_numpy())
    return None if text is None else text[1:-1].replace(b"null", b"")


def json_numbers(array: Any) -> bytes | None:
    """Doubles or integers as JSON, NaN as null; None where one is infinite, which JSON cannot say."""
    numpy = require("numpy", "pandas")
    if array.dtype.kind == "f" and numpy.isinf(array).any():
        return None
    return orjson.dumps(numpy.ascontiguousarray(array), option=orjson.OPT_SERIALIZE_NUMPY)


def _number_list(series: pd.Series[Any]) -> list[bytes] | None:
    text = _numbers(series)
    return None if text is None else text.split(b",")


def _number_array(series: pd.Series[Any], end: bytes, pa: Any) -> Any:
    text = _numbers(series)
    if text is None:
        return None
    numpy = require("numpy", "pandas")
    text = (text + b",").replace(b",", end)
    offsets = numpy.zeros(len(series) + 1, dtype="int64")
    offsets[1:] = numpy.flatnonzero(numpy.frombuffer(text, dtype="uint8") == ord(end)) + 1
    return pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(series), [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    )


def _words(values: list[Any]) -> list[bytes] | None:
    try:
        text = "\n".join(values).encode()
    except (TypeError, UnicodeEncodeError):
        return None
    fields = text.split(b"\n")
    if len(fields) != len(values) or not all(fields) or any(mark in text for mark in _MARKS[:-1]):
        return None
    return fields


def _word_array(series: pd.Series[Any], end: bytes, pa: Any) -> Any:
    try:
        array = pa.array(series, from_pandas=True)
    except (pa.ArrowException, UnicodeEncodeError):
        return None
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if array.null_count or not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return None
    array = array.cast(pa.large_binary())
    compute = require("pyarrow.compute", "arrow")
    if compute.min(compute.binary_length(array)).as_py() == 0:
        return None
    data = bytes(_data(array))
    if any(mark in data for mark in _MARKS):
        return None
    return _joined([array, pa.scalar(b"", pa.large_binary())], end, pa)


def _joined(columns: list[Any], separator: bytes, pa: Any) -> Any:
    compute = require("pyarrow.compute", "arrow")
    return compute.binary_join_element_wise(*columns, pa.scalar(separator, pa.large_binary()))


def _data(array: Any) -> memoryview:
    """The bytes of all values of an array, one after the other."""
    numpy = require("numpy", "pandas")
    _, offsets, data = array.buffers()
    bounds = numpy.frombuffer(offsets, dtype="int64")[array.offset : array.offset + len(array) + 1]
    return memoryview(data)[bounds[0] : bounds[-1]]

"""CSV into frames, each column read as the signature says; without a signature as pandas reads it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from modelpack.data.arrow_tables import data_from_arrow
from modelpack.data.columns import as_objects, booleans_with_gaps, dates_from_text, from_base64, narrowed
from modelpack.data.csv_arrow import ArrowReader
from modelpack.data.csv_text import MISSING, Header, blocks, lines_of, read_header
from modelpack.data.frames import as_planned
from modelpack.data.libraries import require
from modelpack.data.payload import Payload
from modelpack.errors import DataFormatError, SchemaError
from modelpack.schema.signature import DataType

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from modelpack.data.media_types import MediaType
    from modelpack.data.plan import InputPlan

_NUMBERS = {
    DataType.DOUBLE: "float64",
    DataType.FLOAT: "float64",
    DataType.LONG: "Int64",
    DataType.INTEGER: "Int32",
    DataType.BOOLEAN: "boolean",
}
_PAST_64_BITS = 2.0**63
"""From here on pandas 2 would wrap an integer around in silence."""
_EXACT_SINCE = (3, 1)
"""pandas reads decimal numbers exactly by default; before, only with an option that later releases deprecate."""


def decode(body: bytes, media_type: MediaType, plan: InputPlan) -> Payload:
    """Read a whole CSV text.

    Raises:
        DataFormatError: It is empty or no CSV.
        SchemaError: A value cannot be of the type that the signature gives it.
    """
    lines = iter(lines_of(io.BytesIO(body), media_type))
    header = _header(lines, media_type, plan)
    text = lines.read() if isinstance(lines, io.BytesIO) else b"".join(lines)
    return Payload(_TextReader(header, plan).data(text))


def read(stream: BinaryIO, media_type: MediaType, plan: InputPlan, rows: int) -> Iterator[Payload]:
    """Read a CSV stream in chunks of so many rows; a header alone gives one chunk without rows.

    Raises:
        DataFormatError: It is empty or no CSV.
        SchemaError: A value cannot be of the type that the signature gives it.
    """
    lines = iter(lines_of(stream, media_type))
    reader = _TextReader(_header(lines, media_type, plan), plan)
    block = None
    for block in blocks(lines, rows):
        yield Payload(reader.data(block))
    if block is None:
        yield Payload(reader.data(b""))


def _header(lines: Iterator[bytes], media_type: MediaType, plan: InputPlan) -> Header:
    header = read_header(lines, media_type, plan)
    if header is None:
        raise DataFormatError("there is no CSV, not even a header row")
    return header


class _TextReader:
    """Reads the blocks of one text."""

    def __init__(self, header: Header, plan: InputPlan) -> None:
        self._header = header
        self._plan = plan
        self._arrow = ArrowReader(header, plan)

    def data(self, block: bytes) -> Any:
        """A block as a frame; as an array where the plan asks for one and the block fits."""
        columns, table = _BlockReader(block, self._header, self._plan), self._arrow.read(block)
        data = columns.frame() if table is None else data_from_arrow(table, self._plan)
        return as_planned(self._typed(data, columns), self._plan) if hasattr(data, "columns") else data

    def _typed(self, frame: pd.DataFrame, columns: _BlockReader) -> pd.DataFrame:
        typed = {name: columns.typed(frame[name], name) for name in frame.columns if name in self._plan.types}
        for name, values in typed.items():
            if values is not None:
                frame[name] = values
        return frame


class _BlockReader:
    """Reads one block, and reads single columns again where pandas inferred another type than the signature's."""

    def __init__(self, block: bytes, header: Header, plan: InputPlan) -> None:
        self._block = block
        self._names = header.names
        self._dropped = header.dropped
        self._types = plan.types
        self._is_text = plan.is_text

    def frame(self) -> pd.DataFrame:
        """The block, with its texts as they are and other types as pandas infers them.

        Raises:
            DataFormatError: It is no CSV, or a row is too long.
        """
        frame = self.parse(dtype={name: str for name in self._names if self._is_text(name)})
        if not isinstance(frame.index, require("pandas", "pandas").RangeIndex):
            raise DataFormatError(f"a row has more fields than the header row, which has {len(self._names)}")
        return frame.drop(columns=list(self._dropped)) if self._dropped else frame

    def parse(self, **options: Any) -> pd.DataFrame:
        """The block as a frame.

        Raises:
            DataFormatError: pandas cannot cut it into fields.
        """
        pandas = require("pandas", "pandas")
        options["names"] = self._names or None
        if any(map(self._is_text, self._names)):
            options["na_values"] = {name: [""] if self._is_text(name) else MISSING for name in self._names}
            options["keep_default_na"] = False
        try:
            frame: pd.DataFrame = pandas.read_csv(io.BytesIO(self._block), header=None, **_precision(pandas), **options)
        except pandas.errors.EmptyDataError:
            frame = pandas.DataFrame({name: pandas.Series(dtype="float64") for name in self._names})
        except (pandas.errors.ParserError, UnicodeDecodeError) as error:
            raise DataFormatError(f"the text is no CSV: {str(error).strip()}") from error
        return frame

    def typed(self, series: pd.Series[Any], name: Any) -> Any:
        """The column's values as the signature's type; None to leave them as they are."""
        wanted = self._types[name]
        if not isinstance(wanted, DataType):
            return _from_json_text(series, name)
        if wanted not in _NUMBERS:
            return _from_text(series, wanted, name)
        kind = series.dtype.kind
        if wanted in {DataType.DOUBLE, DataType.FLOAT}:
            return self._floats(series, wanted, name)
        if kind == "i" and wanted is not DataType.BOOLEAN:
            return None if wanted is DataType.LONG else _as_int32(series)
        if kind == "b" or (kind in "uf" and (series.abs() >= _PAST_64_BITS).any()):
            return None
        return self._nullable(name, _NUMBERS[wanted])

    def _floats(self, series: pd.Series[Any], wanted: DataType, name: Any) -> Any:
        kind = series.dtype.kind
        values = series if kind == "f" else series.astype("float64") if kind in "iu" else self._again(name, "float64")
        if wanted is DataType.FLOAT and values is not None and kind != "b":
            return narrowed(values.to_numpy(), name)
        return None if kind in "fb" else values

    def _nullable(self, name: Any, dtype: str) -> Any:
        values = self._again(name, dtype)
        if values is None or values.isna().any():
            return values if values is None or dtype != "boolean" else booleans_with_gaps(values.tolist())
        return values.to_numpy(dtype=dtype.lower().removesuffix("ean"))

    def _again(self, name: Any, dtype: str) -> pd.Series[Any] | None:
        """The column read as this type; None when a value is not of it."""
        try:
            with require("numpy", "pandas").errstate(invalid="ignore"):  # pandas warns of what it then refuses
                series: pd.Series[Any] = self.parse(usecols=[name], dtype={name: dtype})[name]
        except (ValueError, TypeError, OverflowError):
            return None
        return series


def _precision(pandas: Any) -> dict[str, str]:
    release = tuple(int(part) for part in pandas.__version__.split(".")[:2])
    return {} if release >= _EXACT_SINCE else {"float_precision": "round_trip"}


def _as_int32(series: pd.Series[Any]) -> Any:
    small = series.astype("int32")
    return small if (small == series).all() else None


def _from_text(series: pd.Series[Any], wanted: DataType, name: Any) -> Any:
    if wanted is DataType.DATETIME:
        return dates_from_text(_optional(series), name)
    if wanted is DataType.BINARY:
        return as_objects([None if text is None else from_base64(text, name) for text in _optional(series)])
    return None


def _from_json_text(series: pd.Series[Any], name: Any) -> Any:
    """Lists, objects and maps stand in a field as JSON text."""
    try:
        return as_objects([None if text is None else orjson.loads(text) for text in _optional(series)])
    except orjson.JSONDecodeError as error:
        raise SchemaError(f"column {name!r}: a field is no JSON text ({error})") from error


def _optional(series: pd.Series[Any]) -> list[Any]:
    return [text if isinstance(text, str) else None for text in series.tolist()]

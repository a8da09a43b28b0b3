"""Predictions as CSV that reads back as the same values."""

from __future__ import annotations

import base64
import csv
import io
from typing import TYPE_CHECKING, Any, BinaryIO

from modelpack.data.csv_records import json_numbers, plain_records
from modelpack.data.json_output import column_values, dumps, json_value
from modelpack.data.libraries import require
from modelpack.data.tables import prediction_frame
from modelpack.errors import ModelFailureError

if TYPE_CHECKING:
    import pandas as pd

    from modelpack.data.writers import WriteOptions

_JSON_TYPES = (list, tuple, dict)


def encode(predictions: Any, options: WriteOptions) -> bytes:
    """Predictions as one CSV text.

    Raises:
        ModelFailureError: They are no table, or hold half a surrogate pair, which is no character.
    """
    stream = io.BytesIO()
    writer = CsvWriter(stream, options)
    writer.write(predictions)
    return stream.getvalue()


class CsvWriter:
    """Writes RFC 4180 records: numbers in full precision, dates in ISO 8601, bytes in base64.

    Lists and objects are JSON texts. A missing value and NaN are empty fields.
    """

    def __init__(self, stream: BinaryIO, options: WriteOptions) -> None:
        """Write to a stream, first a header if the options say so."""
        self._stream = stream
        self._options = options
        self._header = options.header

    def write(self, predictions: Any) -> None:
        """Append one record for each prediction.

        Raises:
            ModelFailureError: The predictions are no table, or hold half a surrogate pair, which is no character.
        """
        frame = prediction_frame(predictions, self._options.names)
        if self._header:
            self._stream.write(_text(frame.iloc[:0], header=True))
            self._header = False
        self._stream.write(_uniform_text(frame) or plain_records(frame) or _text(_as_fields(frame), header=False))

    def close(self) -> None:
        """Nothing stands at the end of CSV."""


def _uniform_text(frame: pd.DataFrame) -> bytes | None:
    """The way for doubles or integers alone: the shortest text that reads back as the same number, by orjson."""
    dtypes = set(frame.dtypes)
    if len(frame) == 0 or len(dtypes) != 1 or dtypes.pop() not in ("float64", "int64"):
        return None
    text = json_numbers(frame.to_numpy())
    if text is None:
        return None
    empty = b'""' if frame.shape[1] == 1 else b""  # a line of nothing would be no record
    return text[2:-2].replace(b"],[", b"\n").replace(b"null", empty) + b"\n"


def _as_fields(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the columns that pandas would write in words of its own replaced by text."""
    others = [name for name in frame.columns if frame[name].dtype.kind not in "biuf" and not _is_text(frame[name])]
    fields = {name: _field_texts(frame[name]) for name in others}
    return frame.assign(**fields) if fields else frame


def _is_text(series: pd.Series[Any]) -> bool:
    """Whether pandas writes the column as it is: texts, and missing values among them."""
    return str(require("pandas", "pandas").api.types.infer_dtype(series, skipna=True)) == "string"


def _field_texts(series: pd.Series[Any]) -> list[Any]:
    if series.dtype.kind in "Mm":
        return column_values(series)
    return [_field_text(value) for value in series.tolist()]


def _field_text(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, _JSON_TYPES) or hasattr(value, "tolist"):
        return dumps(json_value(value)).decode()
    return value.isoformat() if hasattr(value, "isoformat") and value == value else value  # noqa: PLR0124 - NaT differs from itself


def _text(frame: pd.DataFrame, *, header: bool) -> bytes:
    text: str = frame.to_csv(index=False, header=header, lineterminator="\n")
    if "\r" in text:  # it ends a record as well, and Python's writer quotes only the end of its own
        text = frame.to_csv(index=False, header=header, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ModelFailureError(f"the model answered what is no text: {error}") from error

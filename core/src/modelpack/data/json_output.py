"""Predictions in JSON: whatever a model answers, as text that every JSON parser reads."""

from __future__ import annotations

import base64
import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from modelpack.data.libraries import require
from modelpack.errors import ModelFailureError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from modelpack.data.payload import Dialect

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY
_BASIC = {bool, int, float, str, type(None)}


def encode(predictions: Any, dialect: Dialect = "wrapped") -> bytes:
    """Predictions as a JSON document: `{"predictions": …}`, or bare as MLflow 0.9 answered (S111).

    Raises:
        ModelFailureError: The model answered something that JSON cannot hold.
    """
    try:
        return dumps(bare_value(predictions) if dialect == "bare" else {"predictions": json_value(predictions)})
    except RecursionError as error:
        raise ModelFailureError("the model's answer is nested too deeply for JSON") from error


def dumps(value: Any) -> bytes:
    """JSON text of a value that `json_value` made.

    Raises:
        ModelFailureError: It holds something that JSON cannot.
    """
    try:
        return orjson.dumps(value, default=_default, option=_OPTIONS)
    except orjson.JSONEncodeError as error:
        cause = error.__cause__
        if isinstance(cause, ModelFailureError):
            raise cause from None
        return _dumps_large(value, error)


def json_value(predictions: Any) -> Any:
    """Predictions as lists, objects and scalars; arrays that JSON holds as they are stay arrays."""
    kind = type(predictions).__module__.partition(".")[0]
    if kind == "numpy":
        return _array_value(predictions)
    if kind == "pandas":
        return _pandas_value(predictions)
    if isinstance(predictions, dict):
        return {str(key): json_value(value) for key, value in predictions.items()}
    if isinstance(predictions, (list, tuple)):
        return predictions if set(map(type, predictions)) <= _BASIC else [json_value(item) for item in predictions]
    return _to_pandas(predictions)


def bare_value(predictions: Any) -> Any:
    """Predictions in the bare dialect, where a Series is a list of one-column records (S111)."""
    if type(predictions).__module__.startswith("pandas") and hasattr(predictions, "to_frame"):
        name = predictions.name
        return [{"0" if name is None else str(name): value} for value in column_values(predictions)]
    return json_value(predictions)


def column_values(series: pd.Series[Any]) -> list[Any]:
    """The values of a column, missing ones as None or NaN, which JSON writes as null."""
    kind = series.dtype.kind
    if kind in "Mm":
        missing = series.isna()
        return [None if gone else value.isoformat() for gone, value in zip(missing, series, strict=True)]
    values: list[Any] = series.tolist()
    if kind == "f" and series.dtype == "float32":
        return list(series.to_numpy())  # NumPy's own floats, so that 0.1 is not written as 0.10000000149011612
    if kind in "biuf" or set(map(type, values)) <= _BASIC:
        return values
    return [json_value(value) for value in values]


def _to_pandas(value: Any) -> Any:
    """An Arrow table as records; a scalar as it is, for `_default` to judge."""
    convert = getattr(value, "to_pandas", None)
    return value if convert is None else json_value(convert())


def _array_value(array: Any) -> Any:
    kind = array.dtype.kind
    if not isinstance(array, require("numpy", "pandas").ndarray):
        return float(array) if kind == "f" else array.item() if kind in "biuU" else _default(array)
    if kind in "biuf" and array.ndim and array.dtype.itemsize <= 8:  # noqa: PLR2004 - bytes of a double
        return array if array.flags.c_contiguous and array.dtype.isnative else array.tolist()
    if kind in "Mm":
        return _nested(column_values(require("pandas", "pandas").Series(array.ravel())), array.shape)
    return json_value(array.tolist())


def _nested(values: list[Any], shape: tuple[int, ...]) -> Any:
    flat: Iterator[Any] = iter(values)

    def build(axes: tuple[int, ...]) -> Any:
        return [build(axes[1:]) for _ in range(axes[0])] if axes else next(flat)

    return build(shape)


def _pandas_value(value: Any) -> Any:
    if hasattr(value, "to_records"):
        return _records(value)
    if not hasattr(value, "tolist"):
        return _default(value)
    series = require("pandas", "pandas").Series(value)
    plain = series.dtype.kind in "biuf" and not require("pandas", "pandas").api.types.is_extension_array_dtype(
        series.dtype
    )
    return _array_value(series.to_numpy()) if plain else column_values(series)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    names = [str(name) for name in frame.columns]
    if len(set(names)) != len(names):
        raise ModelFailureError(f"the model answered two columns of one name: {', '.join(names)}")
    columns = [column_values(frame.iloc[:, position]) for position in range(len(names))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)] if names else [{}] * len(frame)


def _default(value: Any) -> Any:
    """What orjson does not know, as something it knows."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value)) if value.is_finite() else None
    if type(value).__module__.partition(".")[0] in {"numpy", "pandas"}:
        return _default_of_library(value)
    if isinstance(value, dt.timedelta):
        return require("pandas", "pandas").Timedelta(value).isoformat()
    raise ModelFailureError(
        f"the model answered a value of type {type(value).__name__}, which JSON cannot hold",
        hint="answer arrays, frames, lists, objects, numbers, texts, dates or bytes",
    )


def _default_of_library(value: Any) -> Any:
    numpy, pandas = require("numpy", "pandas"), require("pandas", "pandas")
    if value is pandas.NA or value is pandas.NaT:
        return None
    if isinstance(value, numpy.datetime64 | numpy.timedelta64):
        return column_values(pandas.Series([value]))[0]
    if isinstance(value, pandas.Timestamp | pandas.Timedelta):
        return value.isoformat()
    if isinstance(value, numpy.ndarray):
        return json_value(value.tolist())
    if isinstance(value, numpy.generic):
        return _default(value.item())
    return json_value(value) if hasattr(value, "tolist") or hasattr(value, "to_records") else str(value)


def _dumps_large(value: Any, error: Exception) -> bytes:
    """JSON with the integers past 64 bits that orjson refuses, written as they are."""
    try:
        return orjson.dumps(_with_fragments(value), default=_default, option=_OPTIONS)
    except orjson.JSONEncodeError:
        raise ModelFailureError(f"the model answered what JSON cannot hold: {error}") from error


def _with_fragments(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _with_fragments(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_fragments(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return orjson.Fragment(str(value))
    return value

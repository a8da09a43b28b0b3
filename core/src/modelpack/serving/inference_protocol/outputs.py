"""Predictions as named tensors."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson

from modelpack.data.columns import as_objects
from modelpack.data.json_output import column_values, dumps, json_value
from modelpack.data.libraries import require
from modelpack.data.tables import prediction_frame
from modelpack.schema.signature import ColumnSchema
from modelpack.serving.inference_protocol.datatypes import DTYPES, TEXT, datatype_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelpack.schema.signature import ModelSignature

_TABLE = 2
"""The axes of a table."""
_PLAIN = "biuf"
_NUMBERS = (int, float, np.number, np.bool_)


class OutputTensor(NamedTuple):
    """One tensor of an answer.

    Attributes:
        name: Its name.
        datatype: The protocol's name of the element type.
        values: The elements in their shape; for `BYTES` objects: texts, bytes or None.
    """

    name: str
    datatype: str
    values: Any

    def json_data(self) -> tuple[Any, dict[str, str] | None]:
        """The elements in a row, as orjson writes them, and the parameters that say what they are."""
        if self.datatype == TEXT:
            return _json_texts(self.values.ravel().tolist())
        flat = self.values.reshape(-1)
        if flat.dtype.itemsize == np.dtype("float16").itemsize and flat.dtype.kind == "f":
            flat = flat.astype("float32")
        if flat.flags.c_contiguous and flat.dtype.isnative:
            return flat, None
        return np.ascontiguousarray(flat, dtype=flat.dtype.newbyteorder("=")), None


def _json_texts(values: list[Any]) -> tuple[list[Any], dict[str, str] | None]:
    if bytes not in set(map(type, values)):
        return values, None
    encoded = [value if value is None else base64.b64encode(_as_bytes(value)).decode() for value in values]
    return encoded, {"content_type": "base64"}


def _as_bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


class OutputNames:
    """What the tensors of a model's answers are called."""

    def __init__(self, signature: ModelSignature | None) -> None:
        """Take the names from the outputs of a signature, where it has any."""
        schema = signature.outputs if signature is not None else None
        self.names = tuple(output_name(name, place) for place, name in enumerate(schema.names)) if schema else ()
        self._columns = isinstance(schema, ColumnSchema)

    def tensors(self, predictions: Any) -> list[OutputTensor]:
        """Whatever a model answers as tensors.

        Raises:
            ModelFailureError: It holds something that is neither number nor text, nor can be written as JSON text.
        """
        if isinstance(predictions, np.ndarray):
            return self._of_array(predictions)
        if isinstance(predictions, Mapping):
            return [_tensor(str(name), _array(values)) for name, values in predictions.items()]
        if hasattr(predictions, "to_pandas"):
            predictions = predictions.to_pandas()
        if type(predictions).__module__.startswith("pandas"):
            return self._of_pandas(predictions)
        if isinstance(predictions, list) and predictions and all(isinstance(each, Mapping) for each in predictions):
            return self._of_frame(prediction_frame(predictions, self.names))
        return self._of_array(_array(predictions))

    def _of_array(self, array: Any) -> list[OutputTensor]:
        if array.ndim == 0:
            array = array.reshape(1)
        width = len(self.names)
        if self._columns and width > 1 and array.ndim == _TABLE and array.shape[1] == width:
            return [_tensor(name, array[:, place]) for place, name in enumerate(self.names)]
        return [_tensor(self._only(), array)]

    def _only(self) -> str:
        return self.names[0] if len(self.names) == 1 else output_name(None, 0)

    def _of_pandas(self, predictions: Any) -> list[OutputTensor]:
        if hasattr(predictions, "to_records"):
            return self._of_frame(prediction_frame(predictions, self.names))
        if not hasattr(predictions, "tolist"):
            return self._of_array(_of_values([predictions], (1,)))
        name = self._only() if predictions.name is None or len(self.names) == 1 else str(predictions.name)
        return [_tensor(name, _series_array(require("pandas", "pandas").Series(predictions)))]

    def _of_frame(self, frame: Any) -> list[OutputTensor]:
        return [_tensor(str(name), _series_array(column)) for name, column in frame.items()]


def output_name(name: str | int | None, position: int) -> str:
    """What an output is called: its name, or `output-0`, `output-1`, … without one."""
    return f"output-{position}" if name is None else str(name)


def _tensor(name: str, array: Any) -> OutputTensor:
    """A tensor of an array, whose type becomes one that the protocol has."""
    if array.dtype.kind not in _PLAIN:
        array = _of_dates(array) if array.dtype.kind in "Mm" else _of_values(array.ravel().tolist(), array.shape)
    datatype = datatype_of(array.dtype)
    if datatype != TEXT and array.dtype.itemsize > DTYPES[datatype].itemsize:
        array = array.astype("float64")
    return OutputTensor(name, datatype, array)


def _array(values: Any) -> Any:
    """An array of lists, arrays or scalars; what is no tensor becomes one of JSON texts."""
    if isinstance(values, (np.ndarray, np.generic)):
        return np.atleast_1d(values)
    if type(values).__module__.startswith("pandas") and hasattr(values, "tolist"):
        return _series_array(require("pandas", "pandas").Series(values))
    if isinstance(values, (list, tuple)):
        return _of_list(values)
    return _array(values.toarray()) if hasattr(values, "toarray") else _of_values([values], (1,))


def _of_list(values: Sequence[Any]) -> Any:
    """An array of nested lists, as deep as they are even; NumPy itself would make unlike items alike."""
    if set(map(type, values)) == {np.ndarray} and len({(array.shape, array.dtype) for array in values}) == 1:
        return np.stack(values)
    shape, items = [len(values)], list(values)
    while items and set(map(type, items)) <= {list, tuple} and len(set(map(len, items))) == 1:
        shape.append(len(items[0]))
        items = list(chain.from_iterable(items))
    return _of_values(items, tuple(shape)) if items else np.empty(shape)


def _series_array(series: Any) -> Any:
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in _PLAIN:
        return series.to_numpy()
    missing = series.isna().to_numpy()
    values = [None if gone else value for gone, value in zip(missing, column_values(series), strict=True)]
    return _of_values(values, (len(values),))


def _of_dates(array: Any) -> Any:
    return as_objects(column_values(require("pandas", "pandas").Series(array.ravel()))).reshape(array.shape)


def _of_values(values: list[Any], shape: tuple[int, ...]) -> Any:
    """Numbers as numbers, a missing one as NaN; everything else as text: JSON, where it is neither text nor bytes."""
    kinds = set(map(type, values))
    if len(kinds) == 1 and all(issubclass(kind, _NUMBERS) for kind in kinds):
        numbers = np.array(values)
        if numbers.dtype.kind in (_PLAIN if kinds != {int} else "iu"):
            return numbers.reshape(shape)
    elif kinds & {int, float} and kinds <= {int, float, type(None)}:
        return np.array(values, dtype="float64").reshape(shape)
    return as_objects([_as_text(value) for value in values]).reshape(shape)


def _as_text(value: Any) -> str | bytes | None:
    if value is None or isinstance(value, (str, bytes)):
        return value
    document = dumps(json_value(value))
    if document == b"null":
        return None
    text: str = orjson.loads(document) if document.startswith(b'"') else document.decode()
    return text

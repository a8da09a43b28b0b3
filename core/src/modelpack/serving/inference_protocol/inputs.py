"""The tensors of a request as the data that a model's signature asks for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import orjson

from modelpack.data.columns import as_objects, from_base64, typed_column
from modelpack.data.libraries import require
from modelpack.data.plan import InputPlan
from modelpack.data.text_sizes import check_text_size
from modelpack.errors import DataFormatError
from modelpack.schema.signature import Array, ColumnSchema, DataType, TensorSchema
from modelpack.serving.inference_protocol.datatypes import TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.schema.signature import ColumnType, ModelSignature
    from modelpack.serving.inference_protocol.tensors import InputTensor

_TABLE = 2
"""The axes of a table."""


class InputReader(Protocol):
    """Makes data of tensors."""

    def __call__(self, tensors: Sequence[InputTensor], content_type: object) -> Any:
        """The data for `PyFuncModel.enforce`.

        Raises:
            DataFormatError: The tensors do not belong together, or are no columns.
            SchemaError: A text is no value of the type that the signature gives it.
        """


def input_reader(model: PyFuncModel) -> InputReader:
    """What reads tensors for a model."""
    signature = model.signature
    schema = signature.inputs if signature is not None else None
    if isinstance(schema, ColumnSchema) and schema.columns:
        return _Columns(signature, schema, arrays=model.takes_arrays)
    return _Tensors(schema) if isinstance(schema, TensorSchema) and schema.tensors else _unsigned


def column_name(name: str | int | None, position: int) -> str:
    """What a column or tensor is called: its name, or `input-0`, `input-1`, … without one."""
    return f"input-{position}" if name is None else str(name)


class _Columns:
    """Reads one tensor for each column, or one for all of them."""

    def __init__(self, signature: ModelSignature | None, schema: ColumnSchema, *, arrays: bool) -> None:
        names = [column_name(column.name, position) for position, column in enumerate(schema.columns)]
        self._named = dict(zip(names, schema.columns, strict=True))
        self._labels = {name: column.name for name, column in self._named.items() if column.name is not None}
        self._names = names
        self._all = [place if column.name is None else column.name for place, column in enumerate(schema.columns)]
        self._arrays = arrays
        self._plan = InputPlan(signature)
        self._dtype = None if self._plan.uniform is None else np.dtype(self._plan.uniform)
        self._scalars = all(isinstance(column.type, DataType) for column in schema.columns)

    @cached_property
    def _index(self) -> Any:
        return require("pandas", "pandas").Index(self._all)

    def __call__(self, tensors: Sequence[InputTensor], content_type: object) -> Any:  # noqa: ARG002 - the signature says it
        if len(tensors) == 1 and self._is_table(tensors[0]):
            return self._table(tensors[0])
        columns = self._ordered({tensor.name: self._column(tensor) for tensor in tensors})
        _check_lengths(columns)
        if self._are_uniform(columns):
            return self._matrix(self._side_by_side(list(columns.values())))
        labels = [self._labels.get(name, name) for name in columns]
        frame = require("pandas", "pandas").DataFrame(dict(enumerate(columns.values())))
        frame.columns = labels if self._labels else range(len(labels))
        return frame

    def _is_table(self, tensor: InputTensor) -> bool:
        shape = tensor.values.shape
        return self._scalars and len(shape) == _TABLE and shape[1] == len(self._names)

    def _table(self, tensor: InputTensor) -> Any:
        """Columns by position."""
        if tensor.values.dtype == self._dtype:
            return self._matrix(np.array(tensor.values, dtype=self._dtype, order="C"))
        kinds = (column.type for column in self._named.values())
        values = [_column_values(tensor, tensor.values[:, place], kind) for place, kind in enumerate(kinds)]
        frame = require("pandas", "pandas").DataFrame(dict(enumerate(values)))
        frame.columns = self._index
        return frame

    def _side_by_side(self, columns: Sequence[Any]) -> Any:
        array = np.empty((len(columns[0]), len(columns)), dtype=self._dtype)
        for place, column in enumerate(columns):
            array[:, place] = column
        return array

    def _matrix(self, array: Any) -> Any:
        if self._arrays:
            return array
        return require("pandas", "pandas").DataFrame(array, columns=self._index, copy=False)

    def _column(self, tensor: InputTensor) -> Any:
        column = self._named.get(tensor.name)
        kind = None if column is None else column.type
        return _column_values(tensor, _rows(tensor, kind), kind)

    def _ordered(self, columns: dict[str, Any]) -> dict[str, Any]:
        """In the signature's order where all of its columns came and no others."""
        return {name: columns[name] for name in self._names} if columns.keys() == self._named.keys() else columns

    def _are_uniform(self, columns: Mapping[str, Any]) -> bool:
        """Whether these are the columns of a signature with one number type, each of that type."""
        return (
            self._dtype is not None
            and columns.keys() == self._named.keys()
            and all(isinstance(each, np.ndarray) and each.dtype == self._dtype for each in columns.values())
        )


class _Tensors:
    """Reads arrays by name."""

    def __init__(self, schema: TensorSchema) -> None:
        self._dtypes = {
            column_name(tensor.name, position): np.dtype(tensor.dtype) for position, tensor in enumerate(schema.tensors)
        }
        self._labels = {str(tensor.name): tensor.name for tensor in schema.tensors if tensor.name is not None}

    def __call__(self, tensors: Sequence[InputTensor], content_type: object) -> Any:  # noqa: ARG002 - the signature says it
        if not self._labels:
            if len(tensors) > 1:
                raise DataFormatError(f"the model takes one tensor; {len(tensors)} came")
            return _array(tensors[0], next(iter(self._dtypes.values())))
        return {
            self._labels.get(tensor.name, tensor.name): _array(tensor, self._dtypes.get(tensor.name))
            for tensor in tensors
        }


def _unsigned(tensors: Sequence[InputTensor], content_type: object) -> Any:
    """Arrays as they came; a table where the client calls them one, or where each is a column."""
    if content_type == "pd" or (len(tensors) > 1 and all(tensor.values.ndim == 1 for tensor in tensors)):
        columns = {tensor.name: _column_values(tensor, _rows(tensor, None), None) for tensor in tensors}
        _check_lengths(columns)
        return require("pandas", "pandas").DataFrame(columns)
    arrays = {tensor.name: _array(tensor, None) for tensor in tensors}
    return next(iter(arrays.values())) if len(arrays) == 1 else arrays


def _check_lengths(columns: Mapping[str, Any]) -> None:
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name!r} {length}" for name, length in lengths.items())
        raise DataFormatError(f"the inputs differ in their number of rows: {told}")


def _rows(tensor: InputTensor, kind: ColumnType | None) -> Any:
    """The tensor with one item for each row."""
    values = tensor.values
    if values.ndim == 1:
        return values
    if values.ndim == 0 or (values.ndim == _TABLE and values.shape[1] == 1 and not isinstance(kind, Array)):
        return values.reshape(-1)
    if isinstance(kind, Array) and tensor.datatype != TEXT:
        return as_objects(values.tolist())
    raise DataFormatError(
        f"input {tensor.name!r} has the shape {list(values.shape)}, where a column has [{values.shape[0]}]"
    )


def _column_values(tensor: InputTensor, rows: Any, kind: ColumnType | None) -> Any:
    """The values of a column, texts among them read as its type asks for."""
    if tensor.datatype != TEXT:
        is_date = kind is DataType.DATETIME and rows.dtype.kind in "iu"
        return typed_column(rows.tolist(), kind, tensor.name) if is_date else _native(rows)
    values: list[Any] = rows.tolist()
    if kind is DataType.BINARY:
        return as_objects(_binary(tensor, values))
    if kind is None or isinstance(kind, DataType):
        texts = as_objects(_texts(tensor, values))
        return typed_column(texts.tolist(), kind, tensor.name) if kind is DataType.DATETIME else texts
    return as_objects(_documents(tensor.name, values))


def _native(array: Any) -> Any:
    """The array in the machine's byte order."""
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _array(tensor: InputTensor, dtype: Any) -> Any:
    """The tensor as an array of its own, which a model may write to, or take as aligned."""
    values = tensor.values
    if tensor.datatype != TEXT:
        return _native(values) if values.flags.writeable else np.array(_native(values))
    flat = values.ravel().tolist()
    if tensor.content_type == "base64" or (dtype is not None and dtype.kind == "S"):
        items = _binary(tensor, flat)
        array = as_objects(items).reshape(values.shape)
        if dtype is None or dtype.kind != "S":
            return array
        check_text_size(items)
        return array.astype(dtype)
    texts = as_objects(_texts(tensor, flat)).reshape(values.shape)
    if dtype is None or dtype.kind != "U" or None in flat:
        return texts
    check_text_size(texts.ravel().tolist())
    return texts.astype(str)


def _texts(tensor: InputTensor, values: list[Any]) -> list[Any]:
    """Texts of bytes in UTF-8; of bytes that the client calls base64, themselves."""
    if tensor.content_type == "base64":
        return _binary(tensor, values)
    return [_text(tensor.name, value) if isinstance(value, bytes) else value for value in values]


def _text(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        hint = 'give the tensor the parameters {"content_type": "base64"} where it holds bytes'
        raise DataFormatError(f"input {name!r} is no UTF-8: {error}", hint=hint) from error


def _binary(tensor: InputTensor, values: list[Any]) -> list[Any]:
    """Bytes; those that came as text from base64, or as the text itself where the client says so."""
    convert: Callable[[str], bytes] = lambda text: from_base64(text, tensor.name)  # noqa: E731 - one of two
    if tensor.content_type == "str":
        convert = str.encode
    return [convert(value) if isinstance(value, str) else value for value in values]


def _documents(name: str, values: list[Any]) -> list[Any]:
    """Values of nested types, from their JSON texts."""
    try:
        return [None if value is None else orjson.loads(value) for value in values]
    except orjson.JSONDecodeError as error:
        raise DataFormatError(
            f"input {name!r}: a value is no JSON text: {error}", hint='lists and objects come as JSON, as in "[1, 2]"'
        ) from error

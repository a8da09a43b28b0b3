"""Inferring a signature from data: from what goes into a model and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from modelpack.errors import InvalidArgumentError, MissingDependencyError
from modelpack.schema.numpy_types import is_numpy, tensor_dtype
from modelpack.schema.param_inference import infer_params
from modelpack.schema.signature import Column, ColumnSchema, ModelSignature, Schema, Tensor, TensorSchema
from modelpack.schema.value_types import UNKNOWN, is_missing, settled, value_type

_ACCEPTED = (
    "give a DataFrame, Series, NumPy array, dict of arrays, list of dicts, lists or scalars, a scalar or an Arrow table"
)


def infer_signature(inputs: Any = None, outputs: Any = None, params: Mapping[str, Any] | None = None) -> ModelSignature:
    """Infer a model's signature from a sample of its data.

    Tables and lists become columns, arrays and dicts of arrays become tensors. A column that holds missing values in
    the sample is not required. Integers keep their type when values are missing (nullable integers, or objects).

    Args:
        inputs: What `predict` takes; see `infer_schema`.
        outputs: What `predict` answers.
        params: The params of `predict` with their default values; see `infer_params`.

    Raises:
        InvalidArgumentError: Nothing was given, or some data has no type; the message names the column. A signature is
            never left out because it could not be inferred.
    """
    if inputs is None and outputs is None and not params:
        raise InvalidArgumentError("a signature needs inputs, outputs or params", hint=_ACCEPTED)
    return ModelSignature(
        inputs=None if inputs is None else _part(inputs, "inputs"),
        outputs=None if outputs is None else _part(outputs, "outputs"),
        params=infer_params(params) if params else None,
    )


def _part(data: Any, name: str) -> Schema:
    try:
        return infer_schema(data)
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"the {name} have no signature: {error.message}", hint=error.hint) from error


def infer_schema(data: Any) -> Schema:
    """Infer the schema of inputs or outputs.

    Args:
        data: A DataFrame, Series, NumPy array (or sparse matrix), dict of arrays, list of dicts, lists or scalars, a
            single dict or scalar, an Arrow table or record batch, or anything that exports Arrow streams. A schema is
            answered as it is.

    Raises:
        InvalidArgumentError: It is something else, or a part of it has no type; the message names it.
    """
    if isinstance(data, (ColumnSchema, TensorSchema)):
        return data
    infer = next(infer for applies, infer in _KINDS if applies(data))
    return infer(data)


def _is(data: Any, package: str, name: str) -> bool:
    return any(base.__name__ == name and base.__module__.partition(".")[0] == package for base in type(data).__mro__)


def _is_sparse(data: Any) -> bool:
    return any(base.__module__.startswith("scipy.sparse") for base in type(data).__mro__)


def _pandas_schema(data: Any) -> Schema:
    from modelpack.schema.frame_columns import column_name, frame_columns, series_column

    if data.ndim > 1:
        return ColumnSchema(frame_columns(data))
    return ColumnSchema((series_column(data, None if data.name is None else column_name(data.name)),))


def _array_schema(data: Any) -> Schema:
    if getattr(data, "shape", None) == () and not _is(data, "numpy", "ndarray"):
        return _scalar_schema(data)
    return TensorSchema((_tensor(data, None),))


def _tensor(array: Any, name: str | int | None) -> Tensor:
    place = "the array" if name is None else f"the array {name!r}"
    return Tensor(tensor_dtype(array.dtype, place), (-1, *array.shape[1:]) if array.ndim else (), name)


def _mapping_schema(data: Mapping[Any, Any]) -> Schema:
    if not data:
        raise InvalidArgumentError("an empty dict says nothing about types", hint=_ACCEPTED)
    if all(_is(value, "numpy", "ndarray") for value in data.values()):
        return TensorSchema(tuple(_tensor(array, _key(name, (str, int))) for name, array in data.items()))
    return ColumnSchema(tuple(_single(_key(name, (str,)), value) for name, value in data.items()))


def _key(name: Any, kinds: tuple[type, ...]) -> Any:
    if isinstance(name, bool) or not isinstance(name, kinds):
        raise InvalidArgumentError(f"the key {name!r} of the dict is a {type(name).__name__}", hint="use text as keys")
    return name


def _single(name: str, value: Any) -> Column:
    if _is(value, "pandas", "Series"):
        raise InvalidArgumentError(f"the dict holds a Series at {name!r}", hint="give a DataFrame instead of the dict")
    kind = value_type(value, f"the value at {name!r}")
    has_missing = kind == UNKNOWN or (isinstance(value, (list, tuple)) and any(is_missing(item) for item in value))
    return Column(settled(kind), name, required=not has_missing)


def _list_schema(data: list[Any] | tuple[Any, ...]) -> Schema:
    if data and all(isinstance(record, Mapping) for record in data):
        return _records_schema(data)
    from modelpack.schema.frame_columns import column_type

    return ColumnSchema((Column(settled(column_type(data, "the list"))),))


def _records_schema(records: list[Any] | tuple[Any, ...]) -> Schema:
    from modelpack.schema.frame_columns import column_type

    values: dict[str, list[Any]] = {}
    for record in records:
        for name, value in record.items():
            values.setdefault(_key(name, (str,)), []).append(value)
    if not values:
        raise InvalidArgumentError("the dicts are empty, so there is nothing to describe")
    return ColumnSchema(
        tuple(
            Column(
                settled(column_type(column, f"column {name!r}")),
                name,
                required=len(column) == len(records) and not any(map(is_missing, column)),
            )
            for name, column in values.items()
        )
    )


def _arrow_schema(data: Any) -> Schema:
    try:
        import pyarrow as pa
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"pyarrow is needed to look into a {type(data).__name__} and is not installed",
            hint='pip install "modelpack-core[arrow]"',
        ) from error
    from modelpack.schema.arrow_columns import table_columns

    try:
        table = data if isinstance(data, (pa.Table, pa.RecordBatch)) else pa.table(data)
    except pa.ArrowInvalid as error:
        raise InvalidArgumentError(f"the {type(data).__name__} is no table", hint=_ACCEPTED) from error
    return ColumnSchema(table_columns(table))


def _scalar_schema(data: Any) -> Schema:
    try:
        kind = value_type(data, "the data")
    except InvalidArgumentError as error:
        hint = error.hint if is_numpy(data) or isinstance(data, int) else _ACCEPTED
        raise InvalidArgumentError(error.message, hint=hint) from error
    return ColumnSchema((Column(settled(kind)),))


_KINDS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Schema]], ...] = (
    (lambda data: _is(data, "pandas", "DataFrame") or _is(data, "pandas", "Series"), _pandas_schema),
    (lambda data: is_numpy(data) or _is_sparse(data), _array_schema),
    (lambda data: isinstance(data, Mapping), _mapping_schema),
    (lambda data: isinstance(data, (list, tuple)), _list_schema),
    (lambda data: hasattr(data, "__arrow_c_stream__") or _is(data, "pyarrow", "RecordBatch"), _arrow_schema),
    (lambda _: True, _scalar_schema),
)

__all__ = ["infer_params", "infer_schema", "infer_signature"]

"""What the signature says of a model's answer: the result type that is not given, and what cannot be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError
from modelpack.schema.signature import Array, ColumnSchema, DataType, SparkMLVector, Tensor
from modelpack_flavor_spark.udf.rules import arrow_type, parsed, positions

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import types

    from modelpack.schema.signature import Column, ModelSignature, Schema

_COLUMNS = {
    DataType.BOOLEAN: "boolean",
    DataType.INTEGER: "int",
    DataType.LONG: "long",
    DataType.FLOAT: "float",
    DataType.DOUBLE: "double",
    DataType.STRING: "string",
}
_TENSORS = {
    "bool": "boolean",
    **dict.fromkeys(("int8", "uint8", "int16", "uint16", "int32"), "int"),
    **dict.fromkeys(("uint32", "int64"), "long"),
    **dict.fromkeys(("float16", "float32"), "float"),
    "float64": "double",
    **dict.fromkeys(("str", "object"), "string"),
}


def result_type_of(given: str | types.DataType | None, signature: ModelSignature | None) -> types.DataType:
    """The result type: what is given, else what the signature says, else a double (S156).

    Raises:
        InvalidArgumentError: It is not supported, the signature says that the model answers nothing that fits, or it
            answers what no result type holds.
    """
    outputs = None if signature is None else signature.outputs
    if given is None:
        return parsed("double") if outputs is None else _of_schema(outputs)
    kind = parsed(given)
    if outputs is not None:
        _check(kind, outputs)
    return kind


def _of_schema(outputs: Schema) -> types.DataType:
    from pyspark.sql.types import StructField, StructType

    parts: tuple[Column | Tensor, ...] = outputs.columns if isinstance(outputs, ColumnSchema) else outputs.tensors
    kinds = [_of_part(part) for part in parts]
    if len(kinds) == 1:
        return kinds[0]
    names = [str(number if part.name is None else part.name) for number, part in enumerate(parts)]
    return StructType([StructField(name, kind) for name, kind in zip(names, kinds, strict=True)])


def _of_part(part: Column | Tensor) -> types.DataType:
    text = _of_tensor(part) if isinstance(part, Tensor) else _of_column(part.type)
    if text is None:
        raise InvalidArgumentError(
            f"the signature says that the model answers {_shown(part)}, which no column of Spark is made of",
            hint="give result_type, such as 'string' or 'array<double>'",
        )
    return parsed(text)


def _of_column(kind: Any) -> str | None:
    if isinstance(kind, SparkMLVector):
        return "array<double>"
    if isinstance(kind, Array):
        item = _COLUMNS.get(kind.items) if isinstance(kind.items, DataType) else None
        return None if item is None else f"array<{item}>"
    return _COLUMNS.get(kind) if isinstance(kind, DataType) else None


def _of_tensor(tensor: Tensor) -> str | None:
    item = _TENSORS.get(tensor.dtype)
    if item is None or len(tensor.shape) not in {1, 2}:
        return None
    return item if len(tensor.shape) == 1 else f"array<{item}>"


def _shown(part: Column | Tensor) -> str:
    if isinstance(part, Tensor):
        return f"a tensor of {part.dtype} with the shape {part.shape}"
    return f"the column {part.name!r} of the type {part.type}"


def _check(kind: types.DataType, outputs: Schema) -> None:
    """Refuse what the signature already shows not to fit; what it does not show is seen when rows are scored."""
    from pyspark.sql.types import StructType

    columns = _arrow_columns(outputs)
    if columns is None:
        return
    place = "the signature says that the model answers"
    if not isinstance(kind, StructType):
        positions(kind, columns, place)
        return
    names = [field.name for field in kind.fields]
    if set(names) <= set(columns):
        for field in kind.fields:
            positions(field.dataType, {field.name: columns[field.name]}, place)
    elif len(names) != len(columns):
        raise InvalidArgumentError(
            f"result_type has the fields {', '.join(names)}; {place} {', '.join(columns)}",
            hint="name those fields, or as many as there are",
        )


def _arrow_columns(outputs: Schema) -> dict[str, pa.DataType] | None:
    """The columns of the answer as Arrow's types; None when they cannot be told."""
    if isinstance(outputs, ColumnSchema):
        kinds = [_of_column(column.type) for column in outputs.columns]
    elif all(len(tensor.shape) == 1 for tensor in outputs.tensors):
        kinds = [_of_tensor(tensor) for tensor in outputs.tensors]
    else:
        return _tensor_columns(outputs.tensors)
    if None in kinds:
        return None
    names = [str(number if name is None else name) for number, name in enumerate(outputs.names)]
    return {name: arrow_type(parsed(str(kind))) for name, kind in zip(names, kinds, strict=True)}


def _tensor_columns(tensors: tuple[Tensor, ...]) -> dict[str, pa.DataType] | None:
    """The columns of a matrix of a known width; None otherwise."""
    tensor = tensors[0]
    item = _TENSORS.get(tensor.dtype)
    if len(tensors) > 1 or len(tensor.shape) != 2 or tensor.shape[1] < 0 or item is None:  # noqa: PLR2004 - a matrix
        return None
    return {str(number): arrow_type(parsed(item)) for number in range(tensor.shape[1])}

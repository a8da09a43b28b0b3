"""Columns of pandas and of signatures as Arrow's and Spark's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.errors import SchemaError
from modelpack.schema.signature import ColumnSchema, DataType, SparkMLVector

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from modelpack.schema.signature import ColumnType, ModelSignature, Schema

_ARROW = {
    DataType.BOOLEAN: "bool_",
    DataType.INTEGER: "int32",
    DataType.LONG: "int64",
    DataType.FLOAT: "float32",
    DataType.DOUBLE: "float64",
    DataType.STRING: "string",
    DataType.BINARY: "binary",
}


def column_types(schema: Schema | None) -> dict[str, ColumnType]:
    """The types of the named columns of a schema."""
    columns = schema.columns if isinstance(schema, ColumnSchema) else ()
    return {str(column.name): column.type for column in columns if column.name is not None}


def arrow_table(frame: pd.DataFrame, signature: ModelSignature | None) -> pa.Table:
    """A frame as Spark takes it: text as names, missing values as nulls, types as the signature has them.

    Raises:
        SchemaError: A column's values share no type.
    """
    import pyarrow as pa

    types = column_types(None if signature is None else signature.inputs)
    columns = {}
    for position, name in enumerate(frame.columns):
        try:
            columns[str(name)] = pa.Array.from_pandas(frame.iloc[:, position], type=arrow_type(types.get(str(name))))
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise SchemaError(f"column {name!r} cannot become a column of Spark: {error}") from error
    return pa.table(columns)


def arrow_type(kind: ColumnType | None) -> pa.DataType | None:
    """A signature's type as Arrow's; None where the values have to decide."""
    import pyarrow as pa

    if isinstance(kind, SparkMLVector):
        return pa.list_(pa.float64())
    name = _ARROW.get(kind) if isinstance(kind, DataType) else None
    return None if name is None else getattr(pa, name)()


def parsed_type(kind: ColumnType | None, found: pa.DataType) -> pa.DataType:
    """The type that a column gets before a model does: text from a file becomes what a signature asks for."""
    import pyarrow as pa

    wanted = arrow_type(kind) if isinstance(kind, DataType) else None
    return found if wanted is None or not pa.types.is_string(found) else wanted

"""Arrow tables to frames or arrays and back, with nothing lost to NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.data.libraries import require
from modelpack.data.names import repeated
from modelpack.data.tables import prediction_columns
from modelpack.errors import DataFormatError, ModelFailureError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from modelpack.data.plan import InputPlan

_NULLABLE = {
    "bool": "boolean",
    **{f"int{bits}": f"Int{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"UInt{bits}" for bits in (8, 16, 32, 64)},
}


def data_from_arrow(table: Any, plan: InputPlan) -> Any:
    """A frame of an Arrow table; integers and booleans with nulls become pandas' nullable types.

    Returns:
        The frame; an array where the plan asks for one and the table has just its columns, of its type.

    Raises:
        DataFormatError: A column's name stands twice.
    """
    names = plan.column_names(table.column_names)
    twice = repeated(names)
    if twice is not None:
        raise DataFormatError(f"column {twice!r} stands twice")
    array = _array(table, names, plan) if plan.arrays else None
    return frame_from_arrow(table, names) if array is None else array


def _array(table: Any, names: list[Any], plan: InputPlan) -> Any:
    """The table as an array in C's order, copied once where it came as one batch; None where it does not fit."""
    wanted = getattr(require("pyarrow", "arrow"), str(plan.uniform))()
    if not table.num_rows or set(names) != set(plan.names) or any(kind != wanted for kind in table.schema.types):
        return None
    floats = "float" in str(plan.uniform)
    if not floats and any(column.null_count for column in table.columns):
        return None
    if names != plan.names:
        table = table.select([names.index(name) for name in plan.names])
    arrays = [batch.to_tensor(null_to_nan=floats).to_numpy() for batch in table.to_batches()]
    return arrays[0] if len(arrays) == 1 else require("numpy", "pandas").concatenate(arrays)


def frame_from_arrow(table: Any, names: list[Any]) -> pd.DataFrame:
    """A frame with these names for its columns; integers and booleans with nulls become pandas' nullable types."""
    plain = table.replace_schema_metadata(None)  # what pandas noted there has no say, and need not be sound
    frame: pd.DataFrame = plain.to_pandas().set_axis(names, axis=1)
    for name, column in zip(names, table.columns, strict=True):
        dtype = _nullable_dtype(str(column.type)) if column.null_count else None
        if dtype is not None:
            frame[name] = column.to_pandas(types_mapper={column.type: dtype}.get)
    return frame


def _nullable_dtype(arrow_type: str) -> Any:
    """The pandas type for whole numbers or booleans among which some are missing; None for other types."""
    if arrow_type not in _NULLABLE:
        return None
    return require("pandas", "pandas").api.types.pandas_dtype(_NULLABLE[arrow_type])


def table_from_predictions(predictions: Any, names: Sequence[str], schema: Any = None) -> Any:
    """Predictions as an Arrow table, of the given schema where one is given; a table is taken as it is.

    Raises:
        ModelFailureError: The predictions are no table, or do not fit the schema.
    """
    pa = require("pyarrow", "arrow")
    try:
        if isinstance(predictions, pa.Table):
            return predictions if schema is None else predictions.cast(schema)
        columns = prediction_columns(predictions, names)
        if schema is None:
            return pa.table({name: _arrow_column(values) for name, values in columns.items()})
        arrays = [_arrow_column(columns[field.name], field.type) for field in schema]
        return pa.Table.from_arrays(arrays, schema=schema)
    except (pa.ArrowException, KeyError, OverflowError) as error:
        raise ModelFailureError(f"the model's answer does not fit an Arrow table: {error}") from error


def _arrow_column(values: Any, kind: Any = None) -> Any:
    """A column's values; NaN is a missing value only among objects, where nothing else can say so."""
    plain = isinstance(values.dtype, require("numpy", "pandas").dtype) and values.dtype.kind in "biuf"
    values = values.to_numpy() if plain and hasattr(values, "to_numpy") else values
    return require("pyarrow", "arrow").array(values, type=kind, from_pandas=not plain)

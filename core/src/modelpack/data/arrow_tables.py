"""Arrow tables to frames and back, with nothing lost to NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.data.libraries import require
from modelpack.data.names import repeated
from modelpack.data.tables import prediction_frame
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


def frame_from_arrow(table: Any, plan: InputPlan) -> pd.DataFrame:
    """A frame of an Arrow table; integers and booleans with nulls become pandas' nullable types.

    Raises:
        DataFormatError: A column's name stands twice.
    """
    names = plan.column_names(table.column_names)
    twice = repeated(names)
    if twice is not None:
        raise DataFormatError(f"column {twice!r} stands twice")
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True).set_axis(names, axis=1)
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
    """Predictions as an Arrow table, of the given schema where one is given.

    Raises:
        ModelFailureError: The predictions are no table, or do not fit the schema.
    """
    pa = require("pyarrow", "arrow")
    frame = prediction_frame(predictions, names)
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False, schema=schema)
    except (pa.ArrowException, KeyError) as error:
        raise ModelFailureError(f"the model's answer does not fit an Arrow table: {error}") from error
    return table.replace_schema_metadata(None) if schema is None else table

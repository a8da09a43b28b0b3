"""Arrow tables to frames and back, with nothing lost to NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.data.libraries import require
from modelpack.data.tables import prediction_frame
from modelpack.errors import DataFormatError, ModelFailureError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from modelpack.data.plan import InputPlan


def frame_from_arrow(table: Any, plan: InputPlan) -> pd.DataFrame:
    """A frame of an Arrow table; integers and booleans with nulls become pandas' nullable types.

    Raises:
        DataFormatError: A column's name stands twice.
    """
    names = plan.column_names(table.column_names)
    twice = [name for name in names if names.count(name) > 1] if len(set(names)) != len(names) else []
    if twice:
        raise DataFormatError(f"column {twice[0]!r} stands twice")
    nullable = {field.type for field, column in zip(table.schema, table.columns, strict=True) if column.null_count}
    frame: pd.DataFrame = table.to_pandas(types_mapper=_nullable_types(nullable).get, ignore_metadata=True)
    return frame if names == table.column_names else frame.set_axis(names, axis=1)


def _nullable_types(types: set[Any]) -> dict[Any, Any]:
    pa, pandas = require("pyarrow", "arrow"), require("pandas", "pandas")
    names = {"bool": "boolean", **{f"{sign}int{bits}": "" for sign in ("", "u") for bits in (8, 16, 32, 64)}}
    mapped = {str(kind): kind for kind in types if str(kind) in names}
    titles = {name: names[name] or name.replace("int", "Int").replace("uI", "UI") for name in mapped}
    return {mapped[name]: pandas.api.types.pandas_dtype(title) for name, title in titles.items() if pa}


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

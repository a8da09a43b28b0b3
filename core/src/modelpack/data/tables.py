"""Predictions as a DataFrame, for the formats that hold tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.data.columns import as_objects
from modelpack.data.libraries import require
from modelpack.errors import ModelFailureError
from modelpack.schema.signature import ColumnSchema

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from modelpack.schema.signature import ModelSignature

_NAME = "prediction"


def output_names(signature: ModelSignature | None) -> tuple[str, ...]:
    """The output columns' names, for predictions that have none of their own."""
    outputs = signature.outputs if signature is not None else None
    if not isinstance(outputs, ColumnSchema) or None in outputs.names:
        return ()
    return tuple(map(str, outputs.names))


def prediction_frame(predictions: Any, names: Sequence[str] = ()) -> pd.DataFrame:
    """Whatever a model answers as a table with text names, one row for each prediction.

    Args:
        predictions: A frame, Series, array, list, dict of columns or scalar.
        names: The columns' names where the predictions have none, as the signature's outputs give them; without
            them `prediction`, or `prediction_0`, `prediction_1`, … for several.

    Raises:
        ModelFailureError: Two columns share a name, or the columns differ in length.
    """
    pandas = require("pandas", "pandas")
    try:
        frame: pd.DataFrame = _frame(predictions, names, pandas)
    except ValueError as error:
        raise ModelFailureError(f"the model's answer is no table: {error}") from error
    texts = list(map(str, frame.columns))
    if len(set(texts)) != len(texts):
        raise ModelFailureError(f"the model answered two columns of one name: {', '.join(texts)}")
    if texts != list(frame.columns):
        frame = frame.set_axis(texts, axis=1)
    return frame


def prediction_columns(predictions: Any, names: Sequence[str] = ()) -> dict[str, Any]:
    """The columns of `prediction_frame`: Series, or arrays where the model answered an array of numbers.

    Raises:
        ModelFailureError: Two columns share a name, or the columns differ in length.
    """
    if type(predictions) is require("numpy", "pandas").ndarray and _is_plain(predictions):
        columns = predictions.T if predictions.ndim == 2 else [predictions]  # noqa: PLR2004 - a table has two axes
        labels = _labels(len(columns), names) if predictions.ndim > 1 else [_only_name(names)]
        if len(set(labels)) == len(labels):
            return dict(zip(labels, columns, strict=True))
    frame = prediction_frame(predictions, names)
    return {name: frame[name] for name in frame.columns}


def _is_plain(array: Any) -> bool:
    return array.dtype.kind in "biuf" and array.dtype.isnative and array.ndim in {1, 2} and array.size > 0


def _frame(predictions: Any, names: Sequence[str], pandas: Any) -> Any:
    if hasattr(predictions, "to_pandas"):
        predictions = predictions.to_pandas()
    if isinstance(predictions, pandas.DataFrame):
        return predictions
    if isinstance(predictions, pandas.Series | pandas.Index):
        name = predictions.name if predictions.name is not None else _only_name(names)
        return pandas.DataFrame({name: predictions.array})
    if isinstance(predictions, dict):
        return pandas.DataFrame({name: _column(values) for name, values in predictions.items()})
    if isinstance(predictions, (list, tuple)):
        return _frame_of_list(list(predictions), names, pandas)
    return _frame_of_array(require("numpy", "pandas").asarray(predictions), names, pandas)


def _frame_of_list(items: list[Any], names: Sequence[str], pandas: Any) -> Any:
    if items and all(isinstance(item, dict) for item in items):
        return pandas.DataFrame(items)
    return pandas.DataFrame({_only_name(names): _column(items)})


def _frame_of_array(array: Any, names: Sequence[str], pandas: Any) -> Any:
    if array.ndim == 2:  # noqa: PLR2004 - a table has two axes
        return pandas.DataFrame(array, columns=_labels(array.shape[1], names), copy=False)
    return pandas.DataFrame({_only_name(names): _column(array.reshape(1) if array.ndim == 0 else array)}, copy=False)


def _labels(width: int, names: Sequence[str]) -> list[str]:
    return list(names) if len(names) == width else [f"{_NAME}_{position}" for position in range(width)]


def _only_name(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else _NAME


def _column(values: Any) -> Any:
    """One value for each row, lists and arrays of higher rank as lists."""
    if getattr(values, "ndim", 1) > 1:
        return as_objects(values.tolist())
    if isinstance(values, list) and any(hasattr(item, "__len__") and not isinstance(item, str) for item in values):
        return as_objects([item.tolist() if hasattr(item, "tolist") else item for item in values])
    return values if hasattr(values, "__len__") and not isinstance(values, (str, bytes, dict)) else [values]

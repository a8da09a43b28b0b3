"""One column of a frame, converted to its type in the signature.

Numbers, text and dates are converted as whole arrays; whatever has no such way goes value by value through
`modelpack.pyfunc.values`, which also finds the row at fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype, is_object_dtype

from modelpack.pyfunc.dates import dates_of_dates, dates_of_text, dates_of_values
from modelpack.pyfunc.dtypes import DTYPES, NULLABLE_DTYPES, STRING_DTYPE, fits, is_exact, kind_of_series
from modelpack.pyfunc.mismatch import Mismatch, shown
from modelpack.pyfunc.nested import converter
from modelpack.pyfunc.numeric import EXACT, unfit_numbers
from modelpack.pyfunc.policy import Kind, allows, conversion_hint
from modelpack.pyfunc.values import is_missing
from modelpack.schema.signature import AnyType, DataType

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.pyfunc.policy import Policy
    from modelpack.schema.signature import Column, ColumnType

ColumnValues: TypeAlias = "pd.Series[Any] | np.ndarray[Any, Any]"

_NUMBERS = {DataType.INTEGER, DataType.LONG, DataType.FLOAT, DataType.DOUBLE}
_OPTIONAL_HINT = "the signature says that it is required; what may miss values has required: false"


def convert_column(values: ColumnValues, column: Column, policy: Policy) -> ColumnValues:
    """A column's values as the dtype of its type; the very object when it fits.

    Args:
        values: A Series, or an array of numbers or booleans; left unchanged.
        column: What the signature says.
        policy: How far to go.

    Raises:
        Mismatch: Values do not fit.
    """
    if not isinstance(column.type, DataType):
        return _convert_nested(_series(values), column, policy)
    if fits(values.dtype, column.type):
        return values
    if policy != "strict" and values.dtype.kind in "iuf" and isinstance(values.dtype, np.dtype):
        numbers = _convert_numbers(np.asarray(values), column.type, policy)
        if numbers is not None:
            return numbers
    return _convert_scalars(_series(values), column.type, column.required, policy)


def _series(values: ColumnValues) -> pd.Series[Any]:
    return values if isinstance(values, pd.Series) else pd.Series(values, copy=False)


def _convert_numbers(values: np.ndarray[Any, Any], wanted: DataType, policy: Policy) -> np.ndarray[Any, Any] | None:
    """The short way for plain numbers, None when it does not lead to the type."""
    if wanted not in _NUMBERS or unfit_numbers(values, DTYPES[wanted], policy) is not None:
        return None
    return values.astype(DTYPES[wanted])


def _convert_scalars(series: pd.Series[Any], wanted: DataType, required: bool, policy: Policy) -> pd.Series[Any]:  # noqa: FBT001
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    kind = kind_of_series(series)
    if series.isna().all():
        converted = _all_missing(series.index, wanted)
    elif kind is None:
        converted = _each(series, wanted, policy)
    elif _permitted(series, kind, wanted, policy):
        converted = _converted(series, kind, wanted, policy)
    else:
        _refuse(series, kind, wanted, policy)
    return _settled(converted, wanted, required=required, policy=policy)


def _converted(series: pd.Series[Any], kind: Kind, wanted: DataType, policy: Policy) -> pd.Series[Any]:
    whole = _WHOLE_COLUMNS.get((kind, wanted))
    converted = None if whole is None else whole(series, wanted, policy)
    return _each(series, wanted, policy) if converted is None else converted


def _permitted(series: pd.Series[Any], kind: Kind, wanted: DataType, policy: Policy) -> bool:
    return allows(policy, kind, wanted) and (policy != "strict" or is_exact(series, kind, wanted))


def _refuse(series: pd.Series[Any], kind: Kind, wanted: DataType, policy: Policy) -> NoReturn:
    """Raise the mismatch of a whole column, with an example."""
    row = int(series.notna().to_numpy().argmax())
    held = str(series.dtype) if series.dtype.kind in "biufM" else kind.value
    hint = conversion_hint(policy, kind, wanted)
    if policy == "strict" and allows(policy, kind, wanted):
        hint = f"give it as {DTYPES[wanted]}, or load the model with the policy 'safe'"
    raise Mismatch(f"it holds {held} such as {shown(_python(series.iloc[row]))}", row=row, hint=hint)


def _python(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def with_nan(values: ColumnValues, column: Column) -> ColumnValues:
    """Strings or booleans that came as Python objects, with NaN for None, as readers of files have it."""
    if column.type not in {DataType.STRING, DataType.BOOLEAN} or not is_object_dtype(values.dtype):
        return values
    series = _series(values)
    missing = series.isna()
    return series.mask(missing, np.nan) if missing.any() else series


def absent_column(index: pd.Index[Any], wanted: ColumnType) -> pd.Series[Any]:
    """The column for an optional one that is not there: every value is missing."""
    if not isinstance(wanted, DataType):
        return _of_objects([None] * len(index), index)
    return _settled(_all_missing(index, wanted), wanted, required=False, policy="safe")


def _all_missing(index: pd.Index[Any], wanted: DataType) -> pd.Series[Any]:
    if wanted is DataType.BINARY:
        return _of_objects([None] * len(index), index)
    missing: pd.Series[Any] = pd.Series(np.nan, index=index, dtype=_dtype(wanted))
    return missing


def _dtype(wanted: DataType) -> Any:
    """The dtype that can also miss values."""
    return NULLABLE_DTYPES.get(wanted, DTYPES[wanted])


def _settled(series: pd.Series[Any], wanted: DataType, *, required: bool, policy: Policy) -> pd.Series[Any]:
    """Integers and booleans as NumPy's dtype when nothing is missing; a mismatch when a required column has gaps.

    A column of pandas' `boolean` stays one, since the model may have been trained on it.
    """
    if wanted not in NULLABLE_DTYPES or series.dtype == DTYPES[wanted]:
        return series
    missing = series.isna().to_numpy()
    if not missing.any():
        return series if isinstance(series.dtype, pd.BooleanDtype) else series.astype(DTYPES[wanted])
    if required and policy != "lenient":
        raise Mismatch("there is no value", row=int(missing.argmax()), hint=_OPTIONAL_HINT)
    return series


def _to_number(series: pd.Series[Any], wanted: DataType, policy: Policy) -> pd.Series[Any] | None:
    missing = series.isna().to_numpy()
    values = _present_numbers(series, missing)
    if values is None or unfit_numbers(values, DTYPES[wanted], policy) is not None:
        return None
    typed = values.astype(DTYPES[wanted])
    if not missing.any():
        return pd.Series(typed, index=series.index, copy=False)
    if wanted in NULLABLE_DTYPES:
        return pd.Series(pd.arrays.IntegerArray(typed, missing), index=series.index, copy=False)
    typed[missing] = np.nan
    return pd.Series(typed, index=series.index, copy=False)


def _present_numbers(series: pd.Series[Any], missing: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
    """The numbers that are there, zero in place of those that are missing; None if some are too large for an array."""
    if not is_object_dtype(series.dtype):
        return series.fillna(0).to_numpy() if missing.any() else series.to_numpy()
    values = series.mask(missing, 0).to_numpy() if missing.any() else series.to_numpy()
    try:
        return values.astype("int64") if infer_dtype(values) == "integer" else _doubles(values)
    except OverflowError:
        return None


def _doubles(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
    """Integers and floats as doubles, None when one of the integers may not be exact."""
    doubles = values.astype("float64")
    return None if (np.abs(doubles) >= EXACT).any() else doubles


def _to_string(series: pd.Series[Any], _wanted: DataType, _policy: Policy) -> pd.Series[Any]:
    return _objects_with_nan(series) if is_object_dtype(STRING_DTYPE) else series.astype(DTYPES[DataType.STRING])


def _to_boolean(series: pd.Series[Any], _wanted: DataType, _policy: Policy) -> pd.Series[Any]:
    return series if isinstance(series.dtype, pd.BooleanDtype) else _objects_with_nan(series)


def _objects_with_nan(series: pd.Series[Any]) -> pd.Series[Any]:
    """A column as objects, with NaN where there is no value; one of objects as it is.

    What stands for no value in a caller's objects is theirs: scikit-learn's encoders tell None from NaN.
    """
    if is_object_dtype(series.dtype):
        return series
    values = series.to_numpy(dtype="object")
    return pd.Series(np.where(pd.isna(values), np.nan, values), index=series.index, dtype="object", copy=False)


def _to_binary(series: pd.Series[Any], _wanted: DataType, _policy: Policy) -> pd.Series[Any] | None:
    return series if is_object_dtype(series.dtype) else None


_WHOLE_COLUMNS: dict[tuple[Kind, DataType], Callable[[pd.Series[Any], DataType, Policy], pd.Series[Any] | None]] = {
    (Kind.BOOLEAN, DataType.BOOLEAN): _to_boolean,
    **{(kind, wanted): _to_number for kind in (Kind.INTEGER, Kind.FLOATING) for wanted in _NUMBERS},
    (Kind.STRING, DataType.STRING): _to_string,
    (Kind.BYTES, DataType.BINARY): _to_binary,
    (Kind.DATETIME, DataType.DATETIME): dates_of_dates,
    (Kind.DATE, DataType.DATETIME): dates_of_dates,
    (Kind.STRING, DataType.DATETIME): dates_of_text,
}
"""Conversions of a whole array. None from one of them means: look at each value, one is at fault or out of the way."""


def _each(series: pd.Series[Any], wanted: DataType, policy: Policy) -> pd.Series[Any]:
    values = _converted_values(series, wanted, policy)
    if wanted is DataType.DATETIME:
        return dates_of_values(values, series.index)
    if wanted is DataType.BINARY:
        return _of_objects(values, series.index)
    with_nan = [np.nan if value is None else value for value in values]
    converted: pd.Series[Any] = pd.Series(with_nan, index=series.index, dtype=_dtype(wanted))
    return converted


def _convert_nested(series: pd.Series[Any], column: Column, policy: Policy) -> pd.Series[Any]:
    if isinstance(column.type, AnyType):
        return series
    values = _converted_values(series, column.type, policy)
    _refuse_missing(values, column, policy)
    if is_object_dtype(series.dtype) and all(new is old for new, old in zip(values, series, strict=True)):
        return series
    return _of_objects(values, series.index)


def _refuse_missing(values: list[Any], column: Column, policy: Policy) -> None:
    row = next((row for row, value in enumerate(values) if value is None), None)
    if row is not None and column.required and policy != "lenient":
        raise Mismatch("there is no value", row=row, hint=_OPTIONAL_HINT)


def _of_objects(values: list[Any], index: pd.Index[Any]) -> pd.Series[Any]:
    array = np.empty(len(values), dtype="object")
    for row, value in enumerate(values):
        array[row] = value
    return pd.Series(array, index=index, dtype="object", copy=False)


def _converted_values(series: pd.Series[Any], wanted: ColumnType, policy: Policy) -> list[Any]:
    convert = converter(wanted, policy)
    values = []
    for row, value in enumerate(series):
        try:
            values.append(None if is_missing(value) else convert(value))
        except Mismatch as mismatch:
            raise mismatch.at(row) from None
    return values

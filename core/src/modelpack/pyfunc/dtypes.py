"""The pandas dtypes of the signature's types, and what a Series holds.

The dtype a model sees depends on the type, and on whether values are missing, never on the format the data came in.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype, is_object_dtype

from modelpack.pyfunc.policy import CONVERSIONS, Kind
from modelpack.schema.signature import DataType

STRING_DTYPE: Any = pd.Series(["text"]).dtype
"""What pandas makes of text: `str` since pandas 3, `object` before."""

DTYPES: dict[DataType, Any] = {
    DataType.BOOLEAN: np.dtype("bool"),
    DataType.INTEGER: np.dtype("int32"),
    DataType.LONG: np.dtype("int64"),
    DataType.FLOAT: np.dtype("float32"),
    DataType.DOUBLE: np.dtype("float64"),
    DataType.STRING: STRING_DTYPE,
    DataType.BINARY: np.dtype("object"),
    DataType.DATETIME: np.dtype("datetime64[ns]"),
}
"""The dtype of a column without missing values; doubles, strings, bytes and dates hold those as well."""

NULLABLE_DTYPES: dict[DataType, Any] = {
    DataType.BOOLEAN: np.dtype("object"),
    DataType.INTEGER: pd.Int32Dtype(),
    DataType.LONG: pd.Int64Dtype(),
}
"""The dtype of a column in which values are missing, where NumPy's has no place for that.

Booleans with gaps are objects beside NaN, as readers of CSV and JSON make them, since encoders of scikit-learn that
were fitted on such a column fail on pandas' `boolean`, while those fitted on that take objects.
"""

_NUMPY_KINDS = {
    "b": Kind.BOOLEAN,
    "i": Kind.INTEGER,
    "u": Kind.INTEGER,
    "f": Kind.FLOATING,
    "M": Kind.DATETIME,
    "U": Kind.STRING,
    "S": Kind.BYTES,
}
_INFERRED_KINDS = {
    "boolean": Kind.BOOLEAN,
    "integer": Kind.INTEGER,
    "floating": Kind.FLOATING,
    "mixed-integer-float": Kind.FLOATING,
    "decimal": Kind.DECIMAL,
    "string": Kind.STRING,
    "bytes": Kind.BYTES,
    "datetime": Kind.DATETIME,
    "datetime64": Kind.DATETIME,
    "date": Kind.DATE,
}


def fits(dtype: Any, wanted: DataType) -> bool:
    """Whether a column of this dtype is what a model should see, without a look at its values."""
    if isinstance(dtype, pd.CategoricalDtype):
        categories = dtype.categories
        return fits(categories.dtype, wanted) or (wanted is DataType.STRING and categories.inferred_type == "string")
    if isinstance(dtype, pd.SparseDtype):
        return fits(dtype.subtype, wanted)
    if isinstance(dtype, pd.DatetimeTZDtype):
        return wanted is DataType.DATETIME and dtype.unit == "ns"
    return not is_object_dtype(dtype) and bool(dtype == DTYPES[wanted])


def is_exact(series: pd.Series[Any], kind: Kind, wanted: DataType) -> bool:
    """Whether a Series is of the type itself, width included, whichever library stores it."""
    if wanted not in _WIDTHS:
        return CONVERSIONS[kind, wanted] == "strict"
    held = _PYTHON_WIDTHS.get(kind) if is_object_dtype(series.dtype) else str(series.dtype).partition("[")[0].lower()
    return held in _WIDTHS[wanted]


_PYTHON_WIDTHS = {Kind.INTEGER: "int64", Kind.FLOATING: "float64"}
_WIDTHS = {
    DataType.INTEGER: {"int32"},
    DataType.LONG: {"int64"},
    DataType.FLOAT: {"float32", "float"},
    DataType.DOUBLE: {"float64", "double"},
}


def kind_of_series(series: pd.Series[Any]) -> Kind | None:
    """What a Series holds, None when it is of no kind that a scalar type takes, such as a mixture."""
    dtype = series.dtype
    if isinstance(dtype, pd.StringDtype):
        return Kind.STRING
    if is_object_dtype(dtype):
        return _INFERRED_KINDS.get(infer_dtype(series, skipna=True))
    if isinstance(dtype, pd.ArrowDtype):
        return _kind_of_arrow(dtype)
    return _NUMPY_KINDS.get(getattr(dtype, "kind", "O"))


def _kind_of_arrow(dtype: pd.ArrowDtype) -> Kind | None:
    python_types = {"str": Kind.STRING, "bytes": Kind.BYTES, "Decimal": Kind.DECIMAL, "date": Kind.DATE}
    return python_types.get(dtype.type.__name__) or _NUMPY_KINDS.get(dtype.kind)

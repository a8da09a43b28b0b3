"""The types of NumPy's dtypes and of the dtypes that pandas builds on them; needs neither library itself."""

from __future__ import annotations

from typing import Any

from modelpack.errors import InvalidArgumentError
from modelpack.schema.signature import DataType

_BY_KIND_AND_SIZE = {
    ("i", 1): DataType.INTEGER,
    ("i", 2): DataType.INTEGER,
    ("i", 4): DataType.INTEGER,
    ("i", 8): DataType.LONG,
    ("u", 1): DataType.INTEGER,
    ("u", 2): DataType.INTEGER,
    ("u", 4): DataType.LONG,
    ("f", 2): DataType.FLOAT,
    ("f", 4): DataType.FLOAT,
    ("f", 8): DataType.DOUBLE,
}
_BY_KIND = {
    "b": DataType.BOOLEAN,
    "U": DataType.STRING,
    "T": DataType.STRING,
    "S": DataType.BINARY,
    "M": DataType.DATETIME,
}
_HINTS = {
    "u": "convert it to int64 when its values fit, or to float64",
    "f": "convert it to float64",
    "m": "convert it to seconds, for example with .dt.total_seconds()",
    "c": "split it into a real and an imaginary column",
}


def is_numpy(value: Any) -> bool:
    """Whether a value is an array or a scalar of NumPy, or of a class derived from these."""
    return any(base.__module__ == "numpy" and base.__name__ in {"ndarray", "generic"} for base in type(value).__mro__)


def dtype_type(dtype: Any, place: str) -> DataType:
    """The type of a column with this dtype.

    Unsigned integers take the next larger signed type; `uint64` has none and is refused, since half of its values would
    become others.

    Args:
        dtype: NumPy's, or one of pandas with `kind` and `itemsize`, but not `object`.
        place: Where it stands, for messages.

    Raises:
        InvalidArgumentError: No type of a signature holds it: 64 bits unsigned, durations, complex numbers, records.
    """
    kind = _BY_KIND.get(dtype.kind) or _BY_KIND_AND_SIZE.get((dtype.kind, dtype.itemsize))
    if kind is None:
        raise InvalidArgumentError(
            f"{place} has the dtype {dtype}, which no type of a signature describes", hint=_HINTS.get(dtype.kind)
        )
    return kind


def tensor_dtype(dtype: Any, place: str) -> str:
    """The name of a tensor's dtype, without the length of text and bytes, as MLflow writes it.

    Raises:
        InvalidArgumentError: It is a record.
    """
    if dtype.kind == "V":
        raise InvalidArgumentError(f"{place} is an array of records ({dtype})", hint="give a DataFrame instead")
    return {"U": "str", "T": "str", "S": "bytes"}.get(dtype.kind) or str(dtype.name)

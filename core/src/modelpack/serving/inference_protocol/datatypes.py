"""The protocol's datatypes, and NumPy's and the signature's beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modelpack.errors import DataFormatError
from modelpack.schema.signature import DataType

if TYPE_CHECKING:
    from modelpack.schema.signature import ColumnType

TEXT = "BYTES"
BOOLEAN = "BOOL"

DTYPES: dict[str, np.dtype[Any]] = {
    BOOLEAN: np.dtype("bool"),
    **{f"UINT{bits}": np.dtype(f"<u{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"INT{bits}": np.dtype(f"<i{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": np.dtype(f"<f{bits // 8}") for bits in (16, 32, 64)},
}
"""How the numbers of each datatype stand in a binary body; `BYTES` has its own form."""

_NAMES = {(dtype.kind, dtype.itemsize): name for name, dtype in DTYPES.items()}
_COLUMNS = {
    DataType.BOOLEAN: BOOLEAN,
    DataType.INTEGER: "INT32",
    DataType.LONG: "INT64",
    DataType.FLOAT: "FP32",
    DataType.DOUBLE: "FP64",
}
_CONTENT = {DataType.STRING: "str", DataType.BINARY: "base64", DataType.DATETIME: "datetime"}
_LARGEST = 8


def datatype_of(dtype: np.dtype[Any]) -> str:
    """What the protocol calls a NumPy type: `BYTES` for all that is neither number nor boolean."""
    if dtype.kind == "f" and dtype.itemsize > _LARGEST:
        return "FP64"
    return _NAMES.get((dtype.kind, dtype.itemsize), TEXT)


def datatype_of_column(kind: ColumnType) -> str:
    """The datatype of a column: `BYTES` for text, and for what is written as text."""
    return _COLUMNS.get(kind, TEXT) if isinstance(kind, DataType) else TEXT


def content_type_of_column(kind: ColumnType) -> str | None:
    """What the texts of a `BYTES` column are: str, base64, datetime or json; None for other datatypes."""
    if datatype_of_column(kind) != TEXT:
        return None
    return _CONTENT.get(kind, "json") if isinstance(kind, DataType) else "json"


def checked_datatype(name: object, tensor: str) -> str:
    """A datatype that the server can read.

    Raises:
        DataFormatError: There is no such datatype, or it is one that NumPy lacks.
    """
    if isinstance(name, str) and (name in DTYPES or name == TEXT):
        return name
    if name == "BF16":
        raise DataFormatError(f"tensor {tensor!r}: BF16 is not supported", hint="send FP32")
    raise DataFormatError(
        f"tensor {tensor!r}: there is no datatype {name!r}", hint=f"one of {', '.join(DTYPES)}, {TEXT}"
    )

"""One column of JSON values, as an array of the type that the signature gives.

What does not fit the type is left as it came: to convert or to refuse it is the enforcement's choice, by its policy.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import TYPE_CHECKING, Any

from modelpack.data.libraries import require
from modelpack.errors import SchemaError
from modelpack.schema.signature import DataType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modelpack.schema.signature import ColumnType

_NONE = type(None)
_FLOATS = {DataType.DOUBLE: "float64", DataType.FLOAT: "float32"}
_INTEGERS = {DataType.INTEGER: "int32", DataType.LONG: "int64"}
_ZONE = re.compile(r"[T ][0-9:.,]+ ?(?:[Zz]|[+-]\d\d(?::?\d\d)?)$")


def typed_column(values: Sequence[Any], wanted: ColumnType | None, name: object) -> Any:
    """The values as an array of the wanted type, or unchanged where they do not fit it.

    Raises:
        SchemaError: A number has more digits than its type, or a text is no date or no base64.
    """
    if not isinstance(wanted, DataType) or wanted not in _BUILDERS:
        return _natural(values)
    built = _BUILDERS[wanted](values, set(map(type, values)), wanted, name)
    return _natural(values) if built is None else built


def _natural(values: Sequence[Any]) -> Any:
    """A list for pandas to judge, but never one that it would take for several columns or for dates."""
    if any(isinstance(value, (list, dict, bytes)) for value in values):
        return as_objects(values)
    return list(values)


def as_objects(values: Sequence[Any]) -> Any:
    """A one-dimensional array of Python objects, lists among them left as lists."""
    array = require("numpy", "pandas").empty(len(values), dtype=object)
    for position, value in enumerate(values):
        array[position] = value
    return array


def _floats(values: Sequence[Any], kinds: set[type], wanted: DataType, name: object) -> Any:
    if not kinds <= {float, int, _NONE}:
        return None
    numpy = require("numpy", "pandas")
    array = numpy.array(values, dtype="float64")
    if wanted is DataType.FLOAT:
        return narrowed(array, name)
    return array


def narrowed(array: Any, name: object) -> Any:
    """Doubles as 32-bit floats.

    Raises:
        SchemaError: A finite number is beyond the range of 32 bits.
    """
    numpy = require("numpy", "pandas")
    with numpy.errstate(over="ignore"):
        narrow = array.astype("float32")
    if numpy.isinf(narrow).sum() != numpy.isinf(array).sum():
        raise SchemaError(f"column {name!r}: a number is beyond the range of a 32-bit float")
    return narrow


def _integers(values: Sequence[Any], kinds: set[type], wanted: DataType, name: object) -> Any:
    if not kinds <= {int, _NONE}:
        return None
    dtype = _INTEGERS[wanted]
    try:
        if _NONE in kinds:
            return require("pandas", "pandas").array(list(values), dtype=dtype.capitalize())
        return require("numpy", "pandas").array(values, dtype=dtype)
    except OverflowError:
        largest = max((value for value in values if value is not None), key=abs)
        raise SchemaError(f"column {name!r}: {largest} does not fit {wanted.value} ({dtype})") from None


def _booleans(values: Sequence[Any], kinds: set[type], wanted: DataType, name: object) -> Any:  # noqa: ARG001 - one signature for all
    if not kinds <= {bool, _NONE}:
        return None
    if _NONE in kinds:
        return booleans_with_gaps(values)
    return require("numpy", "pandas").array(values, dtype=bool)


def booleans_with_gaps(values: Sequence[Any]) -> Any:
    """Objects with NaN, as in the frames that models were trained on: encoders fitted on such know them again."""
    return as_objects([value if isinstance(value, bool) else math.nan for value in values])


def _dates(values: Sequence[Any], kinds: set[type], wanted: DataType, name: object) -> Any:  # noqa: ARG001 - one signature for all
    if kinds <= {int, _NONE} and int in kinds:
        return _dates_from_milliseconds(values, name)
    if not kinds <= {str, _NONE}:
        return None
    return dates_from_text(values, name)


def _dates_from_milliseconds(values: Sequence[int | None], name: object) -> Any:
    try:
        return require("pandas", "pandas").to_datetime(list(values), unit="ms").array
    except (ValueError, OverflowError) as error:
        raise SchemaError(
            f"column {name!r}: {_first_line(error)}", hint="send milliseconds since 1970, or ISO 8601"
        ) from error


def dates_from_text(values: Sequence[str | None], name: object) -> Any:
    """ISO 8601 dates, those with a zone in UTC.

    Raises:
        SchemaError: A text is no ISO 8601 date, or only some of the dates have a zone.
    """
    pandas = require("pandas", "pandas")
    texts = [value for value in values if isinstance(value, str)]
    zoned = sum(_ZONE.search(text) is not None for text in texts)
    if zoned not in {0, len(texts)}:
        raise SchemaError(f"column {name!r}: some dates have a zone and others have none")
    try:
        return pandas.to_datetime(pandas.Series(list(values), dtype=object), format="ISO8601", utc=zoned > 0).array
    except (ValueError, OverflowError) as error:
        raise SchemaError(f"column {name!r}: {_first_line(error)}", hint="send dates as ISO 8601") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].partition(". You might")[0]


def _binary(values: Sequence[Any], kinds: set[type], wanted: DataType, name: object) -> Any:  # noqa: ARG001 - one signature for all
    if not kinds <= {str, bytes, _NONE}:
        return None
    return as_objects([from_base64(value, name) if isinstance(value, str) else value for value in values])


def from_base64(text: str, name: object) -> bytes:
    """The bytes that a text stands for.

    Raises:
        SchemaError: The text is no base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SchemaError(f"column {name!r}: a value is no base64 ({error})") from error


_BUILDERS: dict[DataType, Callable[[Sequence[Any], set[type], DataType, object], Any]] = {
    DataType.DOUBLE: _floats,
    DataType.FLOAT: _floats,
    DataType.LONG: _integers,
    DataType.INTEGER: _integers,
    DataType.BOOLEAN: _booleans,
    DataType.DATETIME: _dates,
    DataType.BINARY: _binary,
}

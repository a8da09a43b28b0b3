"""Reading the attributes of an operator, of every generation of Bundle.ML, with errors that name the file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

from modelpack.errors import InvalidModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBERS = ("double", "float", "long", "int", "short", "byte")
_T = TypeVar("_T")
_REQUIRED: Any = object()


class Attributes:
    """What stands under `attributes` in a `model.json`.

    MLeap leaves out what is zero, false or empty, so an attribute without a value has that one. It writes null for
    NaN and for infinity.
    """

    def __init__(self, raw: Mapping[str, Any], place: str) -> None:
        """Take the decoded JSON, and the name of the file for errors."""
        self.raw = raw
        self.place = place

    def __contains__(self, name: str) -> bool:
        """Whether the attribute is there."""
        return self.raw.get(name) is not None

    def number(self, name: str, default: float = _REQUIRED) -> float:
        """A number."""
        return self._scalar(name, _NUMBERS, _number, default, 0.0)

    def whole(self, name: str, default: int = _REQUIRED) -> int:
        """A whole number."""
        return self._scalar(name, _NUMBERS, _whole, default, 0)

    def flag(self, name: str, default: bool = _REQUIRED) -> bool:  # noqa: FBT001 - what is read
        """A boolean."""
        return self._scalar(name, ("boolean",), _flag, default, False)  # noqa: FBT003 - the value of an empty one

    def text(self, name: str, default: str = _REQUIRED) -> str:
        """A string."""
        return self._scalar(name, ("string",), _text, default, "")

    def texts(self, name: str) -> list[str]:
        """A list of strings."""
        return self._items(name, ("string",), _text)

    def numbers(self, name: str) -> Any:
        """A list, or a tensor of any shape, as an array of one dimension."""
        import numpy as np

        value = self._value(name)
        if value.get("type") == "tensor":
            return self._array(name, value)[0]
        return np.array(self._items(name, _NUMBERS, _number), dtype=float)

    def wholes(self, name: str) -> list[int]:
        """A list of whole numbers."""
        return self._items(name, _NUMBERS, _whole)

    def tensor(self, name: str) -> tuple[Any, tuple[int, ...]]:
        """The numbers of a tensor in the order in which they stand, and its shape."""
        return self._array(name, self._value(name))

    def vectors(self, name: str) -> list[Any]:
        """A list of tensors."""
        found = self._value(name).get("tensor", [])
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise self.wrong(name, "no list of tensors")
        return [self._array(name, each)[0] for each in found]

    def widths(self, name: str) -> list[int | None]:
        """The shapes of columns: None for a scalar, the width of a vector; -1 when it does not say."""
        found = self._value(name).get("data_shape", [])
        if not isinstance(found, list):
            found = [found]
        try:
            return [_width(each) for each in found]
        except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
            raise self.wrong(name, "no list of shapes") from error

    def wrong(self, name: str, what: str) -> InvalidModelError:
        """The error for an attribute that cannot be used."""
        return InvalidModelError(f"{self.place}: the attribute {name!r} is {what}")

    def _value(self, name: str) -> Mapping[str, Any]:
        value = self.raw.get(name)
        if value is None:
            raise InvalidModelError(f"{self.place}: the attribute {name!r} is missing")
        if not isinstance(value, dict):
            raise self.wrong(name, f"{value!r:.60}, not an object")
        return value

    def _scalar(self, name: str, keys: tuple[str, ...], convert: Any, default: _T, empty: _T) -> _T:
        if default is not _REQUIRED and name not in self:
            return default
        value = self._value(name)
        found = next((value[key] for key in keys if key in value), empty)
        try:
            return convert(found)  # type: ignore[no-any-return]  # the converter of that type
        except (TypeError, ValueError, OverflowError) as error:
            raise self.wrong(name, f"{found!r:.60}, which is no {keys[0]}") from error

    def _items(self, name: str, keys: tuple[str, ...], convert: Any) -> list[Any]:
        value = self._value(name)
        found: Any = next((value[key] for key in keys if key in value), [])
        if not isinstance(found, list):
            raise self.wrong(name, f"{found!r:.60}, not a list")
        try:
            return [convert(each) for each in found]
        except (TypeError, ValueError, OverflowError) as error:
            raise self.wrong(name, f"a list with something that is no {keys[0]}") from error

    def _array(self, name: str, value: Mapping[str, Any]) -> tuple[Any, tuple[int, ...]]:
        import numpy as np

        try:
            dimensions = value.get("shape", {}).get("dimensions", [])
            sizes = tuple(_whole(each["size"]) for each in dimensions)
            found = [_number(each) for each in next((value[key] for key in _NUMBERS if key in value), [])]
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            raise self.wrong(name, "no tensor of numbers") from error
        array = np.array(found, dtype=float)
        if value.get("indices"):
            array = self._dense(name, array, sizes, value["indices"])
        sizes = sizes or (len(array),)
        if math.prod(sizes) != len(array):
            raise self.wrong(name, f"a tensor of shape {list(sizes)} with {len(array)} numbers")
        return array, sizes

    def _dense(self, name: str, values: Any, sizes: tuple[int, ...], indices: Any) -> Any:
        """A sparse tensor of one dimension, with every element."""
        import numpy as np

        if len(sizes) != 1 or sizes[0] > MAX_WIDTH or len(indices) != len(values):
            raise self.wrong(name, f"a sparse tensor of shape {list(sizes)}, which is not read")
        try:
            places = np.array(indices, dtype=np.intp).reshape(len(values))
            array = np.zeros(sizes[0])
            array[places] = values
        except (TypeError, ValueError, IndexError) as error:
            raise self.wrong(name, "a sparse tensor with wrong indices") from error
        return array


MAX_WIDTH = 1 << 26
"""No vector is wider: a bundle of a few bytes shall not ask for all the memory."""


def _number(value: Any) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise TypeError
    return int(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _width(shape: Any) -> int | None:
    base = shape["base"]
    if base == "scalar":
        return None
    if base not in {"tensor", "list"}:
        raise ValueError(base)
    dimensions = (shape.get("tensorShape") or {}).get("dimensions", [])
    return _whole(dimensions[0]["size"]) if dimensions else -1

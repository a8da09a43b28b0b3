"""Comparing predictions, and taking rows of whatever a model is given."""

from __future__ import annotations

from copy import deepcopy
from numbers import Real
from typing import Any

_KINDS = {
    "f": "real numbers",
    "i": "whole numbers",
    "u": "whole numbers",
    "b": "truths",
    "M": "dates",
    "m": "durations",
}


def rows(data: Any, start: int, stop: int | None = None) -> Any:
    """A copy of some rows of a DataFrame, Series, array, list or dict of those."""
    if isinstance(data, dict):
        return {name: rows(value, start, stop) for name, value in data.items()}
    return deepcopy(data.iloc[start:stop] if hasattr(data, "iloc") else data[start:stop])


def row_count(data: Any) -> int:
    """How many rows there are."""
    return row_count(next(iter(data.values()))) if isinstance(data, dict) else len(data)


def twice(data: Any) -> Any:
    """The rows, and then the same rows once more."""
    import numpy as np

    if isinstance(data, dict):
        return {name: twice(value) for name, value in data.items()}
    if hasattr(data, "iloc"):
        return data.iloc[[*range(len(data)), *range(len(data))]].reset_index(drop=True)
    return np.concatenate([data, data])


def difference(actual: Any, expected: Any, tolerance: float) -> str | None:
    """What tells two predictions apart, in words; None when nothing does.

    The kind of container is not compared: a column of a DataFrame equals an array with the same values, and a cell with
    an array equals one with a list.
    """
    import numpy as np

    if isinstance(expected, dict) or isinstance(actual, dict):
        return _dict_difference(actual, expected, tolerance)
    first, second = _values(actual), _values(expected)
    if first.shape != second.shape:
        return f"{first.size} values instead of {second.size}: {_short(actual)} instead of {_short(expected)}"
    if _is_text(first) != _is_text(second):
        return f"{_short(actual)} instead of {_short(expected)}"
    if first.dtype.kind == "O" or second.dtype.kind == "O":
        same = np.array([_same(one, other, tolerance) for one, other in zip(first, second, strict=True)], dtype=bool)
    elif first.dtype.kind in "fc" or second.dtype.kind in "fc":
        same = np.isclose(first.astype(float), second.astype(float), rtol=tolerance, atol=tolerance, equal_nan=True)
    else:
        same = first == second
    if np.all(same):
        return None
    place = int(np.flatnonzero(~same)[0])
    return f"value {place} is {first[place]!r} instead of {second[place]!r} (tolerance {tolerance})"


def kinds(predictions: Any) -> list[str]:
    """What predictions consist of: real numbers, whole numbers, truths, text, objects; by column where they differ."""
    if isinstance(predictions, dict):
        return [f"{name}: {kind}" for name, value in predictions.items() for kind in kinds(value)]
    columns = [column for _, column in predictions.items()] if hasattr(predictions, "columns") else [predictions]
    found = [_kind(_array(column)) for column in columns]
    return found[:1] if len(set(found)) == 1 else found


def _kind(array: Any) -> str:
    if _is_text(array):
        return "text"
    return _KINDS.get(array.dtype.kind, "objects")


def _is_text(array: Any) -> bool:
    return array.dtype.kind in "US" or (
        array.dtype.kind == "O" and any(isinstance(each, str) for each in array.ravel())
    )


def _values(value: Any) -> Any:
    """Every value in one vector, also those in arrays, lists and dicts that stand in cells; a dict's with its keys."""
    array = _array(value)
    return array.ravel() if array.dtype.kind != "O" else _values_of_cells(array.ravel())


def _array(value: Any) -> Any:
    import numpy as np

    try:
        return np.asarray(value)
    except ValueError:  # rows of several lengths
        return _cells(value)


def _cells(values: Any) -> Any:
    import numpy as np

    array = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        array[place] = value
    return array


def _values_of_cells(cells: Any) -> Any:
    found: list[Any] = []
    for cell in cells:
        if isinstance(cell, dict):
            found += [each for key, item in cell.items() for each in (key, *_values(item))]
        elif isinstance(cell, (list, tuple)) or hasattr(cell, "ravel"):
            found += _values(cell).tolist()
        else:
            found.append(cell)
    return _cells(found)


def _same(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two single values are equal, numbers within the tolerance, and None as NaN."""
    import numpy as np

    first, second = (np.nan if value is None else value for value in (one, other))
    if isinstance(first, Real) and isinstance(second, Real):
        return bool(np.isclose(float(first), float(second), rtol=tolerance, atol=tolerance, equal_nan=True))
    return bool(first == second)


def _dict_difference(actual: Any, expected: Any, tolerance: float) -> str | None:
    if not (isinstance(actual, dict) and isinstance(expected, dict) and set(actual) == set(expected)):
        return f"{_short(actual)} instead of {_short(expected)}"
    parts = ((name, difference(actual[name], expected[name], tolerance)) for name in expected)
    return next((f"{name}: {told}" for name, told in parts if told is not None), None)


def _short(value: Any) -> str:
    import reprlib

    return reprlib.repr(value)

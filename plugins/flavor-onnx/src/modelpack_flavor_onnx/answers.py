"""What a graph answers, as a frame for tables and as arrays by name for arrays."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from modelpack.errors import ModelFailureError

if TYPE_CHECKING:
    from collections.abc import Sequence


def as_arrays(names: Sequence[str], outputs: Sequence[Any]) -> dict[str, Any]:
    """Each output as an array, by name; those of rows that are maps, such as ZipMap's, as an array of dicts."""
    return {name: _array(value) for name, value in zip(names, outputs, strict=True)}


def as_frame(names: Sequence[str], outputs: Sequence[Any], index: Any) -> Any:
    """A column for each output: the number of a row, or its list of numbers, or its dict.

    Args:
        names: What the outputs are called.
        outputs: The outputs.
        index: The index of the rows.

    Raises:
        ModelFailureError: An output has not one entry for each row.
    """
    import pandas as pd

    columns = [_column(name, _array(value), len(index)) for name, value in zip(names, outputs, strict=True)]
    if len(columns) == 1 and columns[0].dtype.kind != "O":
        return pd.DataFrame(columns[0].reshape(-1, 1), index, _index(names[0]), copy=False)  # the quickest way
    return pd.DataFrame(dict(zip(names, columns, strict=True)), index, copy=False)


def joined(parts: Sequence[Sequence[Any]]) -> list[Any]:
    """The outputs for many rows, from those for one row each."""
    import numpy as np

    return [np.concatenate([_array(part) for part in each]) for each in zip(*parts, strict=True)]


def _array(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        return _objects(value if isinstance(value, list) else [value])
    return value


def _objects(values: list[Any]) -> Any:
    """An array of dicts, whose keys become texts as JSON and signatures have them, or of arrays."""
    import numpy as np

    array = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        array[place] = {str(key): item for key, item in value.items()} if isinstance(value, dict) else value
    return array


def _column(name: str, array: Any, rows: int) -> Any:
    if array.ndim == 0 or len(array) != rows:
        raise ModelFailureError(
            f"the output {name!r} has the shape {array.shape}, which is no column for {rows} rows",
            hint="give the data as arrays (or the model a tensor signature); outputs are then answered as they are",
        )
    return array.reshape(-1) if array.size == rows else _objects(list(array))


@lru_cache(maxsize=16)
def _index(name: str) -> Any:
    import pandas as pd

    return pd.Index([name])

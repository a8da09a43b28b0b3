"""What reading data has to know of a signature, worked out once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from modelpack.data.arrays import ArrayMaker
from modelpack.data.libraries import require
from modelpack.data.number_text import NumberReader
from modelpack.schema.signature import ColumnSchema, DataType, TensorSchema

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from modelpack.schema.signature import ColumnType, ModelSignature, Schema, Tensor

_UNIFORM = {
    DataType.DOUBLE: "float64",
    DataType.FLOAT: "float32",
    DataType.LONG: "int64",
    DataType.INTEGER: "int32",
}

_SIMPLE = frozenset((*_UNIFORM, DataType.BOOLEAN))
"""The types that a field of a CSV text says by itself."""


def uniform_dtype(schema: Schema | None) -> str | None:
    """NumPy's name of the number type that all columns share, when they have a name each: a table that is one array."""
    if not isinstance(schema, ColumnSchema) or None in schema.names or len(set(schema.names)) != len(schema.names):
        return None
    types = [each.type for each in schema.columns if isinstance(each.type, DataType)]
    alone = len(types) == len(schema.columns) and len(set(types)) == 1
    return _UNIFORM.get(types[0]) if alone else None


class InputPlan:
    """The input half of a signature, arranged for reading.

    Attributes:
        names: The columns' names in order; empty for tensors, unnamed columns or no signature.
        types: The type of each named column.
        tensors: The tensors of a tensor signature.
        uniform: NumPy's name of the type that all columns share, when they share a number type.
        arrays: Whether data that is just what the signature says becomes one array instead of a frame.
        single: The type of the only column, when there is one only.
        largest: The most bytes that Arrow and Parquet may take once they are read; None for no limit.
        texts: The columns beside the signature's that are texts wherever the format has no types; None for all.
        others: Whether columns that are neither are wanted at all.
    """

    def __init__(
        self,
        signature: ModelSignature | None,
        *,
        arrays: bool = False,
        largest: int | None = None,
        texts: Collection[str] | None = (),
        others: bool = True,
    ) -> None:
        """Arrange the inputs of a signature; without one, data is read as its format gives it.

        Args:
            signature: What the model takes.
            arrays: Whether whoever gets the data takes one array where all columns share a number type.
            largest: The most bytes that compressed tables may take once they are read; None for no limit.
            texts: The columns beside the signature's that are texts wherever the format has no types; None for all.
            others: Whether columns that are neither are wanted; a format that can leave them out does it where the
                signature names its columns.
        """
        schema = signature.inputs if signature is not None else None
        columns = schema.columns if isinstance(schema, ColumnSchema) else ()
        self.tensors: tuple[Tensor, ...] = schema.tensors if isinstance(schema, TensorSchema) else ()
        self.types: dict[Any, ColumnType] = {each.name: each.type for each in columns if each.name is not None}
        self.names: list[str | int] = list(self.types)
        self.single: ColumnType | None = columns[0].type if len(columns) == 1 else None
        self.tabular = bool(columns)
        self.uniform = uniform_dtype(schema)
        self.largest = largest
        self.texts = texts
        self.others = others or not self.names
        self.arrays = arrays and self.uniform is not None
        self._renamed = {str(name): name for name in self.names if not isinstance(name, str)}

    @cached_property
    def index(self) -> pd.Index[Any]:
        """The columns' names as the index that every frame shares."""
        index: pd.Index[Any] = require("pandas", "pandas").Index(self.names)
        return index

    @cached_property
    def maker(self) -> ArrayMaker | None:
        """What makes one array of a table; None where the columns share no number type."""
        return None if self.uniform is None else ArrayMaker(self.names, self.uniform)

    @cached_property
    def number_reader(self) -> NumberReader:
        """What reads a JSON body that is full of numbers faster."""
        return NumberReader(self)

    def is_text(self, name: str | int) -> bool:
        """Whether a column is read as text where the format has no types, to be kept as it is or converted."""
        if name in self.types:
            return self.types[name] not in _SIMPLE
        return self.texts is None or name in self.texts

    def unwanted(self, names: list[str | int]) -> list[str | int]:
        """Those columns of a text that need not be read; none while one is missing that they may be meant for."""
        if self.others or not self.types.keys() <= set(names):
            return []
        return [name for name in names if name not in self.types and not self.is_text(name)]

    def column_names(self, names: list[Any]) -> list[Any]:
        """The names that came, integers again where an old signature has integers and the format only text."""
        return [self._renamed.get(name, name) for name in names] if self._renamed else names

"""The signature of a model: what it takes, what it answers, and which params it knows.

The types mirror MLflow's, so every signature that MLflow has written can be held and written back. They say nothing of
JSON (`signature_json`), of how a signature is inferred from data (`inference`) or enforced (`modelpack.pyfunc`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias


class DataType(Enum):
    """A scalar type of a column, property or param, by MLflow's name."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    """Signed, 32 bits."""
    LONG = "long"
    """Signed, 64 bits."""
    FLOAT = "float"
    """32 bits."""
    DOUBLE = "double"
    """64 bits."""
    STRING = "string"
    BINARY = "binary"
    DATETIME = "datetime"
    """A point in time with nanoseconds; without a zone unless the data has one."""


@dataclass(frozen=True, slots=True)
class AnyType:
    """A value of any JSON type (MLflow's `any`)."""


@dataclass(frozen=True, slots=True)
class SparkMLVector:
    """A Spark ML vector (MLflow's `sparkml_vector`), an array of doubles outside Spark."""


@dataclass(frozen=True, slots=True)
class Array:
    """A list whose items share one type."""

    items: ColumnType


@dataclass(frozen=True, slots=True)
class Map:
    """A mapping from strings to values that share one type."""

    values: ColumnType


@dataclass(frozen=True, slots=True)
class Property:
    """One named value of an `Object`."""

    name: str
    type: ColumnType
    required: bool = True


@dataclass(frozen=True, slots=True)
class Object:
    """A mapping with known keys."""

    properties: tuple[Property, ...]


ColumnType: TypeAlias = DataType | Array | Object | Map | AnyType | SparkMLVector


@dataclass(frozen=True, slots=True)
class Column:
    """One column of tabular data.

    Attributes:
        type: The type of each value.
        name: The column's name; None when the model takes a single unnamed column. Old files hold integers too.
        required: Whether the column has to be there. One that is not may be absent, and may hold nulls.
    """

    type: ColumnType
    name: str | int | None = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor.

    Attributes:
        dtype: NumPy's name of the element type, such as `float32`; `str` and `object` occur.
        shape: The extent of each axis, -1 where it varies.
        name: The key in a dict of tensors, sometimes a whole number; None for a single unnamed tensor.
        required: Whether it has to be there.
    """

    dtype: str
    shape: tuple[int, ...]
    name: str | int | None = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class Param:
    """One param of `predict`.

    Attributes:
        name: Its name.
        type: Its type.
        default: The value when the caller gives none.
        shape: None for a scalar, `(-1,)` for a list.
    """

    name: str
    type: DataType | Object | Map | AnyType
    default: Any = None
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class ColumnSchema:
    """Tabular data: columns in order."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str | int | None, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True)
class TensorSchema:
    """One unnamed tensor, or several named ones."""

    tensors: tuple[Tensor, ...]

    @property
    def names(self) -> tuple[str | int | None, ...]:
        """The tensors' names, in order."""
        return tuple(tensor.name for tensor in self.tensors)


Schema: TypeAlias = ColumnSchema | TensorSchema


@dataclass(frozen=True, slots=True)
class ModelSignature:
    """What a model takes, what it answers, and which params it knows; any part may be unknown."""

    inputs: Schema | None = None
    outputs: Schema | None = None
    params: tuple[Param, ...] | None = None

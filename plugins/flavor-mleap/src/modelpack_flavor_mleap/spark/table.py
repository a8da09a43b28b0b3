"""What is known of the columns while a pipeline is written: their types, and what Spark notes of their elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack_flavor_mleap.errors import MLeapSerializationException
from modelpack_flavor_mleap.schema import Field, Schema

if TYPE_CHECKING:
    from collections.abc import Iterable

_BASES = {
    "boolean": "boolean",
    "byte": "byte",
    "short": "short",
    "integer": "integer",
    "long": "long",
    "float": "float",
    "double": "double",
    "decimal": "double",
    "string": "string",
}


class Table:
    """The sample, taken through the stages one after the other; Spark computes nothing of it."""

    def __init__(self, sample: Any) -> None:
        """Begin with a Spark DataFrame."""
        self._frame = sample

    def advance(self, stage: Any) -> None:
        """Go on to the columns that a stage makes."""
        self._frame = stage.transform(self._frame)

    @property
    def jvm(self) -> Any:
        """Java's classes."""
        return self._frame.sparkSession._jvm  # noqa: SLF001 - Spark has no public name for it

    def kind(self, column: str) -> str:
        """The name of the column's type."""
        return str(self._field(column).dataType.typeName())

    def width(self, column: str) -> int | None:
        """How wide the column's vectors are; None for numbers and texts."""
        if self.kind(column) != "vectorudt":
            return None
        told = self._attributes(column)
        if "num_attrs" in told:
            return int(told["num_attrs"])
        row = self._frame.select(column).dropna().first()
        if row is None:
            raise MLeapSerializationException(
                f"the width of the vectors in {column!r} is not known, for the sample has no row with one"
            )
        return len(row[0])

    def labels(self, column: str) -> list[str]:
        """The labels that stand for the column's numbers.

        Raises:
            MLeapSerializationException: Spark has noted none.
        """
        found = self._attributes(column).get("vals")
        if not found:
            raise MLeapSerializationException(f"Spark has noted no labels for the column {column!r}")
        return [str(label) for label in found]

    def categories(self, column: str) -> list[int]:
        """How many categories each element of the column has, and 1 for numbers."""
        told = self._attributes(column)
        if self.kind(column) != "vectorudt":
            return [_category_count(told)]
        if "attrs" not in told:
            raise MLeapSerializationException(f"Spark has noted nothing of the elements of {column!r}")
        elements = {int(each["idx"]): each for each in _elements(told)}
        nominal = {int(each["idx"]) for each in told["attrs"].get("nominal", [])}
        return [_category_count({**elements[at], "type": "nominal"}) if at in nominal else 1 for at in sorted(elements)]

    def places(self, column: str, names: Iterable[str]) -> list[int]:
        """Where the elements of these names are."""
        known = {each.get("name"): int(each["idx"]) for each in _elements(self._attributes(column))}
        missing = [name for name in names if name not in known]
        if missing:
            raise MLeapSerializationException(f"the column {column!r} has no elements called {', '.join(missing)}")
        return [known[name] for name in names]

    def schema(self, columns: Iterable[str]) -> Schema:
        """The schema of some of the columns, in the order of the sample.

        Raises:
            MLeapSerializationException: A column is not there, or of a type that MLeap does not have.
        """
        wanted = list(columns)
        missing = [name for name in wanted if name not in self._frame.columns]
        if missing:
            raise MLeapSerializationException(f"the sample lacks the columns {', '.join(missing)}")
        return Schema(tuple(self._described(name) for name in self._frame.columns if name in wanted))

    def _described(self, column: str) -> Field:
        kind = self.kind(column)
        if kind == "vectorudt":
            return Field(column, "double", "tensor", self.width(column))
        form = "scalar"
        if kind == "array":
            form, kind = "list", self._field(column).dataType.elementType.typeName()
        if kind not in _BASES:
            raise MLeapSerializationException(f"the column {column!r} is of the type {kind}, which MLeap does not have")
        return Field(column, _BASES[kind], form)

    def _field(self, column: str) -> Any:
        if column not in self._frame.columns:
            raise MLeapSerializationException(f"there is no column {column!r}; the sample lacks it")
        return self._frame.schema[column]

    def _attributes(self, column: str) -> dict[str, Any]:
        return dict(self._field(column).metadata.get("ml_attr", {}))


def _elements(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for kind in told.get("attrs", {}).values() for each in kind]


def _category_count(told: dict[str, Any]) -> int:
    if told.get("type") != "nominal":
        return 1
    count = len(told["vals"]) if "vals" in told else int(told.get("num_vals", 0))
    if not count:
        raise MLeapSerializationException("Spark has not noted how many categories there are")
    return max(count, 1)

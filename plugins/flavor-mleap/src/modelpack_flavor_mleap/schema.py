"""`schema.json`: the columns that a bundle takes, as MLeap writes a schema."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack_flavor_mleap.files import Files

_BASES = frozenset({"boolean", "byte", "short", "integer", "long", "float", "double", "string", "byte_string"})


@dataclass(frozen=True, slots=True)
class Field:
    """A column.

    Attributes:
        name: Its name.
        base: The type of a number or text.
        form: `scalar`, `list` or `tensor`.
        width: The width of a tensor, where it is known.
    """

    name: str
    base: str = "double"
    form: str = "scalar"
    width: int | None = None

    def encoded(self) -> dict[str, Any]:
        """As the file has it."""
        if self.form == "scalar":
            return {"name": self.name, "type": self.base}
        told: dict[str, Any] = {"type": self.form, "base": self.base}
        if self.width is not None:
            told["dimensions"] = [self.width]
        return {"name": self.name, "type": told}


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns, in order."""

    fields: tuple[Field, ...]

    @property
    def names(self) -> list[str]:
        """What they are called."""
        return [field.name for field in self.fields]

    def write(self, path: Path) -> None:
        """Write the file, four spaces deep as MLflow does (S97)."""
        text = json.dumps({"fields": [field.encoded() for field in self.fields]}, indent=4, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8", newline="\n")


def read(files: Files, name: str) -> Schema:
    """Read the file.

    Raises:
        InvalidModelError: It is damaged.
    """
    fields = files.json(name).get("fields")
    if not isinstance(fields, list):
        raise InvalidModelError(f"{name}: it has no list of fields")
    return Schema(tuple(_field(each, name) for each in fields))


def _field(told: Any, place: str) -> Field:
    try:
        name, kind = told["name"], told["type"]
        if isinstance(kind, str):
            kind = {"type": "basic", "base": kind}
        form = {"basic": "scalar"}.get(kind["type"], kind["type"])
        dimensions = kind.get("dimensions") or [None]
        field = Field(name, kind["base"], form, dimensions[0])
    except (TypeError, KeyError, AttributeError) as error:
        raise InvalidModelError(f"{place}: {told!r:.80} is no field") from error
    if not isinstance(name, str) or field.base not in _BASES or form not in {"scalar", "list", "tensor"}:
        raise InvalidModelError(
            f"{place}: the field {name!r:.40} has the type {told['type']!r:.60}, which is not known"
        )
    return field

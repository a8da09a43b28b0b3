"""What does not fit, and the words for it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from modelpack.errors import SchemaError
from modelpack.schema.signature import AnyType, Array, DataType, Map, Object

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modelpack.schema.signature import ColumnType

_LONGEST_VALUE = 60
_MOST_NAMES = 10


class Mismatch(Exception):  # noqa: N818 - an answer to the enforcer, which makes a SchemaError of it
    """A value or column that does not fit; inside enforcement only.

    Attributes:
        problem: What is wrong, to be read after "… should be long, but".
        row: The row it is in, counting from 0, where one row is at fault.
        path: Where inside the value, such as `[0].content`.
        hint: What the caller can do.
    """

    def __init__(self, problem: str, *, row: int | None = None, path: str = "", hint: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.row = row
        self.path = path
        self.hint = hint

    def inside(self, step: str) -> Mismatch:
        """The same mismatch, seen from one level further out."""
        return Mismatch(self.problem, row=self.row, path=step + self.path, hint=self.hint)

    def at(self, row: int) -> Mismatch:
        """The same mismatch, in a row."""
        return Mismatch(self.problem, row=row, path=self.path, hint=self.hint)

    def describe(self, subject: str, wanted: str) -> str:
        """The whole sentence."""
        place = "" if self.row is None else f" in row {self.row}"
        inside = f" at {self.path.removeprefix('.')}" if self.path else ""
        return f"{subject} should be {wanted}, but {self.problem}{inside}{place}"


def schema_error(complaints: Sequence[tuple[str, str | None]]) -> SchemaError:
    """One error for all that does not fit: sentences, each with a hint or none."""
    sentences = [sentence for sentence, _ in complaints[:_MOST_NAMES]]
    if len(complaints) > _MOST_NAMES:
        sentences.append(f"and {len(complaints) - _MOST_NAMES} more")
    hint = next((hint for _, hint in complaints if hint), None)
    return SchemaError("; ".join(sentences), hint=hint)


def shown(value: Any) -> str:
    """A value for an error message, shortened."""
    try:
        text = repr(value)
    except RecursionError:
        return f"a {type(value).__name__} that is nested too deeply to be shown"
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def listed(names: Iterable[object]) -> str:
    """Names for an error message, the first ten of them."""
    all_names = [repr(name) for name in names]
    rest = len(all_names) - _MOST_NAMES
    return ", ".join(all_names[:_MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def nearest(name: object, candidates: Iterable[object]) -> str | None:
    """The candidate that was probably meant, if one is near; letter case and surrounding space do not count."""
    folded = {str(candidate).strip().casefold(): str(candidate) for candidate in candidates}
    matches = get_close_matches(str(name).strip().casefold(), folded, n=1, cutoff=0.75)
    return folded[matches[0]] if matches else None


def missing_and_unexpected(what: str, missing: Sequence[object], unexpected: Sequence[object]) -> SchemaError:
    """The error for names that are not there, with those that nobody asked for.

    Args:
        what: The plural of the thing, such as `columns`.
        missing: Names of the signature that the data lacks.
        unexpected: Names of the data that the signature lacks.
    """
    parts = []
    if missing:
        parts.append(f"missing {what}: {listed(missing)}")
    if unexpected:
        parts.append(f"unexpected {what}: {listed(unexpected)}")
    near = [(name, nearest(name, unexpected)) for name in missing]
    renames = [f"{found!r} to {str(name)!r}" for name, found in near if found is not None]
    hint = f"perhaps rename {', '.join(renames[:_MOST_NAMES])}" if renames else None
    return SchemaError("; ".join(parts), hint=hint)


def type_name(wanted: ColumnType) -> str:
    """A type in words, such as `list of double`."""
    if isinstance(wanted, DataType):
        return wanted.value
    if isinstance(wanted, Array):
        return f"list of {type_name(wanted.items)}"
    if isinstance(wanted, Map):
        return f"map of {type_name(wanted.values)}"
    if isinstance(wanted, Object):
        return f"object with {', '.join(item.name for item in wanted.properties)}"
    return "any value" if isinstance(wanted, AnyType) else "vector of double"

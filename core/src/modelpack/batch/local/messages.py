"""What the process that drives a job and its workers tell each other, through a pipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelpack import errors
from modelpack.errors import ModelpackError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelpack.batch.records import OutputFormat
    from modelpack.pyfunc.source import ModelSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What all workers do.

    Attributes:
        model: Where the model comes from.
        params: Params for every call of `predict`.
        content_type: The input's format; None to tell it by the suffixes.
        names: The prediction columns' names where the predictions have none.
        partition_by: The columns whose values become directories.
        format: The output's format.
        directory: Where the output goes.
        chunk_rows: About how many rows are scored at a time.
        threads: How many threads a worker's libraries should use.
    """

    model: ModelSource
    params: Mapping[str, Any] | None
    content_type: str | None
    names: tuple[str, ...]
    partition_by: tuple[str, ...]
    format: OutputFormat
    directory: Path
    chunk_rows: int
    threads: int


@dataclass(frozen=True, slots=True)
class Scored:
    """So many rows of the item are scored by now."""

    rows: int


@dataclass(frozen=True, slots=True)
class Agree:
    """The schema that a worker's output has, or that all parts shall have; as Arrow writes it."""

    schema: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """The item is scored, and its part is written."""

    rows: int


@dataclass(frozen=True, slots=True)
class Failed:
    """An item, or with `fatal` everything that could follow it, failed."""

    error_code: str
    message: str
    hint: str | None
    fatal: bool = False

    @classmethod
    def of(cls, error: BaseException, *, fatal: bool = False) -> Failed:
        """Tell of an error."""
        if not isinstance(error, ModelpackError):
            return cls(ModelpackError.error_code, f"{type(error).__name__}: {error}", None, fatal)
        return cls(error.error_code, error.message, error.hint, fatal)

    def error(self) -> ModelpackError:
        """The error again, of the class that has its code."""
        return _CLASSES.get(self.error_code, ModelpackError)(self.message, hint=self.hint)


_CLASSES: dict[str, type[ModelpackError]] = {
    each.error_code: each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, ModelpackError) and "error_code" in vars(each)
}

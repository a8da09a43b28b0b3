"""What an engine is asked, what it finds, and what it answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelpack.pyfunc.source import ModelSource

OptionsT = TypeVar("OptionsT")

OutputFormat: TypeAlias = Literal["parquet", "csv", "json", "arrow"]
"""`json` has an object on each line."""
OnError: TypeAlias = Literal["fail", "skip"]

CHUNK_ROWS = 20_000
"""Few enough for the columns of a usual table to stay in the caches of a processor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequest(Generic[OptionsT]):
    """What the caller wants.

    Attributes:
        engine: The engine's name.
        options: The engine's own options, validated as its `options_type`.
        model: Where the model comes from; it can be pickled, and `load()` answers the same model in another process.
        source: What to score, as the caller named it: a file, directory, pattern, URI, or what the engine knows.
        destination: Where the output goes, as the caller named it.
        content_type: The input's format, a media type or a short name such as `csv`; None to tell it by the suffixes.
        format: The output's format.
        params: Params for every call of `predict`.
        keep: Columns of the input that stand beside the predictions.
        keep_all: Whether every column does.
        partition_by: The columns, of the input or of the predictions, whose values become directories.
        workers: How many processes score; None for as many as there are CPUs, or as the engine has it.
        chunk_rows: About how many rows are scored at a time.
        on_error: Whether a part of the input that cannot be scored ends the job, or is left out and reported.
        overwrite: Whether an output that is there is replaced.
    """

    engine: str
    options: OptionsT
    model: ModelSource
    source: str
    destination: str
    content_type: str | None = None
    format: OutputFormat = "parquet"
    params: Mapping[str, Any] | None = None
    keep: tuple[str, ...] = ()
    keep_all: bool = False
    partition_by: tuple[str, ...] = ()
    workers: int | None = None
    chunk_rows: int = CHUNK_ROWS
    on_error: OnError = "fail"
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file to score.

    Attributes:
        path: Its path, or its URI where it is remote.
        size: Its bytes.
        keep: The columns of it that go to the output: those to keep, and those to partition by.
        columns: The columns that have to be read; None where that is not known, or all.
    """

    path: str
    size: int
    keep: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far a batch is.

    Attributes:
        rows: Rows scored.
        done: How much of the input is done, such as bytes or files; None when it cannot be told.
        of: How much there is, in the same unit; None when it cannot be told.
    """

    rows: int
    done: int | None = None
    of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPart:
    """A part of the input that was left out.

    Attributes:
        file: The file, or what else the part belongs to.
        rows: The first and the last row of the part, counted from 1; None when they are not known.
        error_code: What kind of error it was, as `ModelpackError.error_code`.
        message: What was wrong, and in which rows.
        hint: What to do about it.
    """

    file: str
    rows: tuple[int, int] | None
    error_code: str
    message: str
    hint: str | None = None

    def content(self) -> dict[str, Any]:
        """The part as `_errors.json` has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What came of a batch.

    Attributes:
        rows: Rows scored.
        failed: The parts of the input that were left out; core writes them to `_errors.json` in the output.
    """

    rows: int
    failed: tuple[FailedPart, ...] = ()

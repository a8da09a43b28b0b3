"""Looking at every file of an input before a job starts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modelpack.batch.records import FailedPart, InputFile
from modelpack.batch.scoring import input_codec
from modelpack.batch.streams import opened_source
from modelpack.data.arrow_errors import refused
from modelpack.data.arrow_streams import FILE_MAGIC
from modelpack.data.codecs import PARQUET
from modelpack.data.libraries import require
from modelpack.data.plan import InputPlan
from modelpack.errors import DataFormatError, ModelpackError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelpack.batch.columns import ColumnCheck
    from modelpack.batch.records import BatchRequest

_MOST_SHOWN = 10
_FIRST_ROWS = 100


def checked_files(
    files: Sequence[InputFile], request: BatchRequest[Any], check: ColumnCheck
) -> tuple[tuple[InputFile, ...], tuple[FailedPart, ...]]:
    """The files that can be scored, with the columns that are needed of each.

    Returns:
        These, and those that cannot be where the request says to leave them out.

    Raises:
        SchemaError: Files do not fit; the message names each with what is wrong.
        DataFormatError: Files cannot be read.
    """
    inspector = _Inspector(request, check)
    good, bad = list[InputFile](), list[tuple[InputFile, ModelpackError]]()
    for file in files:
        try:
            good.append(inspector.inspected(file))
        except ModelpackError as error:
            bad.append((file, error))
    if bad and (request.on_error == "fail" or not good):
        raise _all_problems(bad, len(files))
    return tuple(good), tuple(_left_out(file, error) for file, error in bad)


class _Inspector:
    def __init__(self, request: BatchRequest[Any], check: ColumnCheck) -> None:
        self._content_type = request.content_type
        self._check = check
        texts = None if request.keep_all else (*request.keep, *request.partition_by)
        self._plan = InputPlan(check.signature, texts=texts)

    def inspected(self, file: InputFile) -> InputFile:
        codec, media_type = input_codec(file.path, self._content_type)
        with opened_source(file.path) as stream:
            if codec.tables is not None:
                with refused(f"this is no {codec.name}"):
                    schema = _schema(stream, parquet=codec is PARQUET)
                return self._fitting(file, schema.names, list(self._check.schema_problems(file.path, schema)))
            first = next(codec.read(stream, media_type, self._plan, _FIRST_ROWS), None)
        if first is None or not hasattr(first.data, "columns"):
            return replace(file, keep=self._check.kept(()))
        names = list(map(str, first.data.columns))
        return replace(self._fitting(file, names, list(self._check.frame_problems(first.data))), columns=None)

    def _fitting(self, file: InputFile, names: Sequence[str], problems: list[str]) -> InputFile:
        if problems:
            raise SchemaError("; ".join(problems))
        return replace(file, keep=self._check.kept(names), columns=self._check.needed(names))


def _schema(stream: Any, *, parquet: bool) -> Any:
    """The Arrow schema of a file or stream, from its footer or its start."""
    if parquet:
        return require("pyarrow.parquet", "arrow").read_schema(stream)
    ipc = require("pyarrow.ipc", "arrow")
    is_file = stream.read(len(FILE_MAGIC)) == FILE_MAGIC
    stream.seek(0)
    reader = ipc.open_file(stream) if is_file else ipc.open_stream(stream)
    return reader.schema


def _all_problems(bad: Sequence[tuple[InputFile, ModelpackError]], total: int) -> ModelpackError:
    shown = [f"{file.path}: {error.message}" for file, error in bad[:_MOST_SHOWN]]
    if len(bad) > _MOST_SHOWN:
        shown.append(f"and {len(bad) - _MOST_SHOWN} more")
    kind = SchemaError if all(isinstance(error, SchemaError) for _, error in bad) else DataFormatError
    error = bad[0][1] if len(bad) == 1 else None
    count = "" if total == 1 else f"{len(bad)} of {total} files cannot be scored: "
    return (kind if error is None else type(error))(count + "; ".join(shown), hint=bad[0][1].hint)


def _left_out(file: InputFile, error: ModelpackError) -> FailedPart:
    return FailedPart(
        file=file.path, rows=None, error_code=error.error_code, message=f"{file.path}: {error.message}", hint=error.hint
    )

"""The input of a batch as a Spark DataFrame."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError, NotFoundError
from modelpack.schema.signature import ColumnSchema

if TYPE_CHECKING:
    from modelpack import BatchContext

FILE = "__modelpack_file__"
"""A column with the file that each row is from, for messages."""

_FORMATS = {"parquet": "parquet", "csv": "csv", "json": "json", "jsonl": "json", "ndjson": "json"}
_PATTERN = re.compile(r"([\\*?\[\]{},])")


def source_frame(session: Any, context: BatchContext[Any]) -> Any:
    """Every row of the input, not read yet; with the column `FILE` where the input is files.

    Raises:
        NotFoundError: There is no such path or table.
        InvalidArgumentError: The files have a format that Spark does not read.
    """
    from pyspark.errors import AnalysisException

    request = context.request
    try:
        if context.files:
            paths = [_plain(file.path) for file in context.files]
            return _with_file(_reader(session, context, paths[0]).load(paths))
        if ":/" in request.source:
            return _with_file(_reader(session, context, request.source).load(request.source))
        return session.table(request.source)
    except AnalysisException as error:
        message = str(error).splitlines()[0]
        raise NotFoundError(f"Spark cannot read {request.source}: {message}") from error


def place_of(context: BatchContext[Any]) -> str:
    """What the input is called in messages."""
    source = context.request.source
    return source if context.files or ":/" in source else f"table {source}"


def _reader(session: Any, context: BatchContext[Any], path: str) -> Any:
    kind = _format(context.request.content_type, path)
    reader = session.read.format(kind)
    if kind != "csv":
        return reader
    inputs = None if context.signature is None else context.signature.inputs
    typed = isinstance(inputs, ColumnSchema)  # then the types are the signature's, and text is converted by it
    return reader.options(header=True, enforceSchema=False, inferSchema=not typed)


def _format(content_type: str | None, path: str) -> str:
    named = (content_type or path.rpartition(".")[2]).lower()
    found = next((kind for name, kind in _FORMATS.items() if named.endswith(name)), None)
    if found is None:
        raise InvalidArgumentError(
            f"it cannot be told in which format {path} is",
            hint="the engine 'spark' reads parquet, csv and json (an object on each line); name it as content type",
        )
    return found


def _plain(path: str) -> str:
    """A path of this machine as a URI, none of its characters taken for a pattern."""
    return path if ":/" in path else "file://" + _PATTERN.sub(r"\\\1", path)


def _with_file(frame: Any) -> Any:
    from pyspark.sql.functions import col

    return frame.select("*", col("_metadata.file_path").alias(FILE))

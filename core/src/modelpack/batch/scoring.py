"""Score a file or stream of any size in memory that does not grow with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from modelpack.batch.chunks import score_chunks, table_beside
from modelpack.batch.reading import ChunkReader
from modelpack.batch.records import CHUNK_ROWS, BatchProgress
from modelpack.batch.streams import STANDARD, opened_destination, opened_source, size_of
from modelpack.data.arrow_tables import frame_from_arrow
from modelpack.data.codecs import CSV, codec_for_file, named_codec
from modelpack.data.libraries import require
from modelpack.data.media_types import MediaType
from modelpack.data.tables import output_names
from modelpack.data.writers import WriteOptions
from modelpack.errors import InvalidArgumentError, UnsupportedMediaTypeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from modelpack.batch.reading import Chunk
    from modelpack.data.codecs import Codec
    from modelpack.data.writers import Writer
    from modelpack.pyfunc.model import PyFuncModel


def score_file(  # noqa: PLR0913 - each is one thing that a caller may choose
    model: PyFuncModel,
    source: str | Path,
    destination: str | Path,
    *,
    params: Mapping[str, Any] | None = None,
    content_type: str | None = None,
    output_type: str | None = None,
    chunk_rows: int = CHUNK_ROWS,
    header: bool = True,
    keep: Sequence[str] | None = (),
    progress: Callable[[BatchProgress], None] | None = None,
) -> int:
    """Score every row of a file, a chunk at a time.

    Args:
        model: The loaded model.
        source: A file, a URI that fsspec opens, or `-` for standard input.
        destination: A file, which appears complete or not at all, or `-` for standard output.
        params: Params for every call of `predict`; they go before those in the input.
        content_type: The input's format, a media type or a short name such as `csv`; by the file's suffix if absent.
        output_type: The output's format, likewise; for standard output CSV if absent.
        chunk_rows: About how many rows are scored at a time; exactly so many below a thousand.
        header: Whether CSV output begins with the columns' names.
        keep: Columns of the input that stand before the predictions; None for all.
        progress: Called after each chunk.

    Returns:
        The number of rows scored.

    Raises:
        NotFoundError: There is no such input.
        UnsupportedMediaTypeError: The input's or output's format is not known.
        DataFormatError: The input is not in its format.
        SchemaError: Rows do not fit the signature; the message names their range.
        ModelFailureError: The model failed; the message names the rows.
    """
    if chunk_rows < 1:
        raise InvalidArgumentError(f"chunk rows must be at least 1; it is {chunk_rows}")
    codec, media_type = input_codec(source, content_type)
    target = _output_codec(destination, output_type)
    options = WriteOptions(header=header, names=output_names(model.signature))
    told = progress or (lambda _: None)
    reader = ChunkReader(model, keep, rows=chunk_rows)
    with opened_source(source) as stream, opened_destination(destination) as output:
        writer = _Beside(target.writer(output, options), options.names, tables=target.tables is not None)
        rows = score_chunks(
            model,
            reader.read(stream, codec, media_type),
            writer.write,
            params=params,
            progress=lambda rows: told(BatchProgress(rows, *_position(stream))),
        )
        writer.close()
    return rows


def input_codec(path: str | Path, named: str | None) -> tuple[Codec, MediaType]:
    """The format of an input, by its name or the file's suffix.

    Raises:
        UnsupportedMediaTypeError: It is not known.
    """
    if named is not None:
        return named_codec(named)
    if path == STANDARD:
        raise UnsupportedMediaTypeError("standard input has no suffix", hint="name its content type, such as csv")
    codec = codec_for_file(path)
    return codec, MediaType(codec.media_types[0])


def _output_codec(path: str | Path, named: str | None) -> Codec:
    if named is not None:
        return named_codec(named)[0]
    return CSV if path == STANDARD else codec_for_file(path)


def _position(stream: BinaryIO) -> tuple[int, int] | tuple[()]:
    """How far a file is read, and how long it is."""
    if not stream.seekable():
        return ()
    return stream.tell(), size_of(stream)


class _Beside:
    """Writes predictions, with the kept columns before them where there are any."""

    def __init__(self, writer: Writer, names: Sequence[str], *, tables: bool) -> None:
        self._writer = writer
        self._names = names
        self._tables = tables
        self._written = False

    def write(self, predictions: Any, chunk: Chunk) -> None:
        if chunk.kept is not None:
            table = table_beside(predictions, chunk.kept, self._names)
            predictions = table if self._tables else frame_from_arrow(table, table.column_names)
        self._writer.write(predictions)
        self._written = True

    def close(self) -> None:
        if not self._written:
            self._writer.write(require("pandas", "pandas").DataFrame(columns=list(self._names) or ["prediction"]))
        self._writer.close()

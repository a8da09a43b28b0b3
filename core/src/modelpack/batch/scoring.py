"""Score a file or stream of any size in memory that does not grow with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from modelpack.batch.streams import STANDARD, opened_destination, opened_source
from modelpack.data.codecs import CSV, codec_for_file, named_codec
from modelpack.data.libraries import require
from modelpack.data.media_types import MediaType
from modelpack.data.plan import InputPlan
from modelpack.data.tables import output_names
from modelpack.data.writers import WriteOptions
from modelpack.errors import InvalidArgumentError, ModelpackError, UnsupportedMediaTypeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from modelpack.data.codecs import Codec
    from modelpack.data.payload import Payload
    from modelpack.data.writers import Writer
    from modelpack.pyfunc.model import PyFuncModel

CHUNK_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is.

    Attributes:
        rows: Rows scored.
        read: Bytes of the input read; None when it cannot be told.
    """

    rows: int
    read: int | None


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
    progress: Callable[[Progress], None] | None = None,
) -> int:
    """Score every row of a file, a chunk at a time.

    Args:
        model: The loaded model.
        source: A file, or `-` for standard input.
        destination: A file, which appears complete or not at all, or `-` for standard output.
        params: Params for every call of `predict`; they go before those in the input.
        content_type: The input's format, a media type or a short name such as `csv`; by the file's suffix if absent.
        output_type: The output's format, likewise; for standard output CSV if absent.
        chunk_rows: About how many rows are scored at a time; exactly so many below a thousand.
        header: Whether CSV output begins with the columns' names.
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
    codec, media_type = _codec(source, content_type, None)
    target, _ = _codec(destination, output_type, CSV)
    plan = InputPlan(model.signature)
    options = WriteOptions(header=header, names=output_names(model.signature))
    with opened_source(source) as stream, opened_destination(destination) as output:
        writer = target.writer(output, options)
        scoring = _Scoring(model, params, writer, progress or (lambda _: None), stream)
        rows = scoring.run(codec.read(stream, media_type, plan, chunk_rows))
        if not scoring.written:
            writer.write(require("pandas", "pandas").DataFrame(columns=list(options.names) or ["prediction"]))
        writer.close()
    return rows


def _codec(path: str | Path, named: str | None, otherwise: Codec | None) -> tuple[Codec, MediaType]:
    if named is not None:
        return named_codec(named)
    if path != STANDARD:
        codec = codec_for_file(path)
        return codec, MediaType(codec.media_types[0])
    if otherwise is None:
        raise UnsupportedMediaTypeError("standard input has no suffix", hint="name its content type, such as csv")
    return otherwise, MediaType(otherwise.media_types[0])


class _Scoring:
    """One run over the chunks of an input."""

    def __init__(
        self,
        model: PyFuncModel,
        params: Mapping[str, Any] | None,
        writer: Writer,
        progress: Callable[[Progress], None],
        stream: BinaryIO,
    ) -> None:
        self._model = model
        self._params = params
        self._writer = writer
        self._progress = progress
        self._stream = stream
        self._rows = 0
        self.written = False

    def run(self, chunks: Iterator[Payload]) -> int:
        while True:
            try:
                payload = next(chunks, None)
            except ModelpackError as error:
                raise _placed(error, f"after row {self._rows}") from error
            if payload is None:
                return self._rows
            self._score(payload)

    def _score(self, payload: Payload) -> None:
        count = _row_count(payload.data)
        if count == 0:
            return
        try:
            self._writer.write(self._model.predict(payload.data, self._params or payload.params))
        except ModelpackError as error:
            raise _placed(error, f"rows {self._rows + 1} to {self._rows + count}") from error
        self.written = True
        self._rows += count
        self._progress(Progress(self._rows, self._position()))

    def _position(self) -> int | None:
        return self._stream.tell() if self._stream.seekable() else None


def _row_count(data: Any) -> int:
    if isinstance(data, dict):
        return min((_row_count(values) for values in data.values()), default=0)
    return len(data) if getattr(data, "ndim", 1) else 1


def _placed(error: ModelpackError, place: str) -> ModelpackError:
    return type(error)(f"{place}: {error.message}", hint=error.hint)

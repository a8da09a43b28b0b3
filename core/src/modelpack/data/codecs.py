"""The one table of formats: by media type for requests, by suffix for files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO

from modelpack.data import arrow_streams, csv_input, csv_output, json_input, json_streams, parquet_files
from modelpack.data.media_types import MediaType
from modelpack.data.plan import InputPlan
from modelpack.data.writers import WriteOptions, Writer
from modelpack.errors import UnsupportedMediaTypeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelpack.data.payload import Dialect, Payload
    from modelpack.schema.signature import ModelSignature


@dataclass(frozen=True, slots=True)
class Codec:
    """One format.

    Attributes:
        name: What it is called.
        media_types: Its media types, the one to write first.
        suffixes: The suffixes of its files, the usual one first.
        decode: Reads a whole body.
        encode: Writes predictions as a whole body.
        read: Reads a stream in chunks of so many rows.
        writer: Opens a writer on a stream.
        tables: Reads a stream, or the row groups or record batches of a file, as Arrow tables; None where a format has
            no such.
    """

    name: str
    media_types: tuple[str, ...]
    suffixes: tuple[str, ...]
    decode: Callable[[bytes, MediaType, InputPlan], Payload]
    encode: Callable[[Any, WriteOptions], bytes]
    read: Callable[[BinaryIO, MediaType, InputPlan, int], Iterator[Payload]]
    writer: Callable[[BinaryIO, WriteOptions], Writer]
    tables: Callable[..., Iterator[Any]] | None = None


JSON = Codec(
    "JSON",
    ("application/json",),
    (".json",),
    json_input.decode,
    json_streams.encode_document,
    json_streams.read_document,
    json_streams.DocumentWriter,
)
JSON_LINES = Codec(
    "JSON Lines",
    ("application/jsonl", "application/x-ndjson", "application/x-jsonlines", "application/jsonlines"),
    (".jsonl", ".ndjson"),
    json_streams.decode_lines,
    json_streams.encode_lines,
    json_streams.read_lines,
    json_streams.LinesWriter,
)
CSV = Codec(
    "CSV",
    ("text/csv", "application/csv"),
    (".csv",),
    csv_input.decode,
    csv_output.encode,
    csv_input.read,
    csv_output.CsvWriter,
)
ARROW_STREAM = Codec(
    "Arrow stream",
    ("application/vnd.apache.arrow.stream",),
    (".arrows",),
    arrow_streams.decode,
    arrow_streams.encode_stream,
    arrow_streams.read,
    arrow_streams.StreamWriter,
    arrow_streams.tables,
)
ARROW_FILE = Codec(
    "Arrow file",
    ("application/vnd.apache.arrow.file",),
    (".arrow", ".feather"),
    arrow_streams.decode,
    arrow_streams.encode_file,
    arrow_streams.read,
    arrow_streams.FileWriter,
    arrow_streams.tables,
)
PARQUET = Codec(
    "Parquet",
    ("application/vnd.apache.parquet", "application/x-parquet"),
    (".parquet", ".pq"),
    parquet_files.decode,
    parquet_files.encode,
    parquet_files.read,
    parquet_files.ParquetWriter,
    parquet_files.tables,
)
CODECS = (JSON, CSV, JSON_LINES, ARROW_STREAM, ARROW_FILE, PARQUET)

_BY_MEDIA_TYPE = {media_type: codec for codec in CODECS for media_type in codec.media_types}
_BY_SUFFIX = {suffix: codec for codec in CODECS for suffix in codec.suffixes}
_BY_NAME = {suffix.removeprefix("."): codec for suffix, codec in _BY_SUFFIX.items()}


def codec_for_media_type(name: str) -> Codec:
    """The codec of a media type, without its parameters.

    Raises:
        UnsupportedMediaTypeError: None reads it; the hint lists those that are read.
    """
    codec = _BY_MEDIA_TYPE.get(name)
    if codec is None:
        known = ", ".join(codec.media_types[0] for codec in CODECS)
        raise UnsupportedMediaTypeError(f"media type {name!r} is not supported", hint=f"supported: {known}")
    return codec


def codec_for_file(path: str | PurePath) -> Codec:
    """The codec of a file, by its suffix.

    Raises:
        UnsupportedMediaTypeError: No codec has the suffix; the hint lists those that have one.
    """
    suffix = PurePath(path).suffix.lower()
    codec = _BY_SUFFIX.get(suffix)
    if codec is None:
        raise UnsupportedMediaTypeError(
            f"{path}: no format has the suffix {suffix!r}", hint=f"name a content type, or use {', '.join(_BY_SUFFIX)}"
        )
    return codec


def named_codec(text: str) -> tuple[Codec, MediaType]:
    """The codec that a person names: by media type, with or without parameters, or shortly as `csv`.

    Raises:
        UnsupportedMediaTypeError: No codec has the name.
    """
    if text.lower() in _BY_NAME:
        codec = _BY_NAME[text.lower()]
        return codec, MediaType(codec.media_types[0])
    media_type = MediaType.parse(text)
    return codec_for_media_type(media_type.name), media_type


class Decoder:
    """Reads bodies for one signature, which is arranged for that once."""

    def __init__(self, signature: ModelSignature | None, *, arrays: bool = False, largest: int | None = None) -> None:
        """Prepare for a signature; without one, formats give what they give.

        Args:
            signature: What the model takes.
            arrays: Whether a table becomes an array of two axes where all columns of the signature share a number type
                and the data is just what it says: `PyFuncModel.takes_arrays` of the model it goes to.
            largest: The most bytes that Arrow and Parquet may take once they are read; None for no limit.
        """
        self.plan = InputPlan(signature, arrays=arrays, largest=largest)

    def decode(self, body: bytes, content_type: str | None) -> Payload:
        """Read a body.

        Raises:
            DataFormatError: The body is not in its format.
            UnsupportedMediaTypeError: No codec reads the type, or none was given.
            SchemaError: A value cannot be of the type that the signature gives it.
        """
        codec, media_type = request_codec(content_type)
        return codec.decode(body, media_type, self.plan)


@lru_cache(maxsize=256)
def request_codec(content_type: str | None) -> tuple[Codec, MediaType]:
    """The codec of a `Content-Type` header, and the media type in it.

    Raises:
        UnsupportedMediaTypeError: No codec reads the type, or none was given.
    """
    if not content_type:
        raise UnsupportedMediaTypeError(
            "the request has no Content-Type", hint="for JSON send Content-Type: application/json"
        )
    media_type = MediaType.parse(content_type)
    return codec_for_media_type(media_type.name), media_type


def decode(body: bytes, content_type: str | None, *, signature: ModelSignature | None) -> Payload:
    """Read one body; see `Decoder` for reading many."""
    return Decoder(signature).decode(body, content_type)


def encode(predictions: Any, media_type: str, *, dialect: Dialect = "wrapped") -> bytes:
    """Write predictions in a media type.

    Raises:
        UnsupportedMediaTypeError: No codec writes the type.
        ModelFailureError: The predictions cannot be written in it.
    """
    return codec_for_media_type(MediaType.parse(media_type).name).encode(predictions, WriteOptions(dialect=dialect))

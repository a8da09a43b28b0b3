from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from modelpack.data.codecs import JSON, JSON_LINES, decode, encode
from modelpack.data.media_types import MediaType
from modelpack.data.plan import InputPlan
from modelpack.data.writers import WriteOptions
from modelpack.errors import DataFormatError
from modelpack.schema.signature import DataType

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.data.codecs import Codec
    from modelpack.schema.signature import ModelSignature

LINES = "application/jsonl"


def test_lines_are_records(columns: Callable[..., ModelSignature]) -> None:
    """Blank lines and a byte order mark are passed over."""
    body = b'\xef\xbb\xbf{"a": 1}\n\n{"a": null}\r\n'
    assert decode(body, LINES, signature=columns(a=DataType.LONG)).data["a"].dtype == "Int64"


@pytest.mark.parametrize(
    ("body", "message"),
    [(b"", "empty"), (b'{"a": 1}\n{"a"\n', "line 1"), (b'{"a": 1}, {"a": 2}\n', "line 0"), (b"[1]\n", "record 0")],
)
def test_a_line_that_is_no_object_is_named(body: bytes, message: str) -> None:
    """The error says which line."""
    with pytest.raises(DataFormatError, match=message):
        decode(body, LINES, signature=None)


@pytest.mark.parametrize(
    ("predictions", "lines"),
    [
        (np.array([1.5, np.nan]), "1.5\nnull\n"),
        (np.array([[1, 2]]), "[1,2]\n"),
        (pd.DataFrame({"a": [1, 2]}), '{"a":1}\n{"a":2}\n'),
        ({"a": np.array([1, 2])}, '{"a":1}\n{"a":2}\n'),
        ("text", '"text"\n'),
    ],
)
def test_each_prediction_is_a_line(predictions: Any, lines: str) -> None:
    """A line is a JSON document of its own."""
    assert encode(predictions, LINES).decode() == lines


@pytest.mark.parametrize(
    ("codec", "body"),
    [(JSON_LINES, b'{"a":1}\n{"a":2}\n{"a":3}\n'), (JSON, b'{"columns":["a"],"data":[[1],[2],[3]]}')],
    ids=["lines", "document"],
)
def test_streams_are_read_in_chunks(codec: Codec, body: bytes) -> None:
    """Both forms are handed on in chunks of the size asked for."""
    chunks = list(codec.read(io.BytesIO(body), MediaType(codec.media_types[0]), InputPlan(None), 2))
    assert [chunk.data["a"].tolist() for chunk in chunks] == [[1, 2], [3]]


@pytest.mark.parametrize(
    ("chunks", "text"),
    [
        ([np.array([1.5]), [2, None]], '{"predictions":[1.5,2,null]}\n'),
        ([pd.DataFrame({"a": [1]}), np.array([])], '{"predictions":[{"a":1}]}\n'),
        ([], '{"predictions":[]}\n'),
    ],
)
def test_a_document_is_written_chunk_by_chunk(chunks: list[Any], text: str) -> None:
    """The chunks are one list in the end."""
    sink = io.BytesIO()
    writer = JSON.writer(sink, WriteOptions())
    for chunk in chunks:
        writer.write(chunk)
    writer.close()
    assert sink.getvalue().decode() == text

from __future__ import annotations

import pytest

from modelpack.data.codecs import CODECS, CSV, JSON, codec_for_file, codec_for_media_type, decode, encode, named_codec
from modelpack.errors import UnsupportedMediaTypeError


def test_the_table_has_each_type_and_suffix_once() -> None:
    """No two formats claim the same name."""
    types = [media_type for codec in CODECS for media_type in codec.media_types]
    suffixes = [suffix for codec in CODECS for suffix in codec.suffixes]
    assert len(types) == len(set(types))
    assert len(suffixes) == len(set(suffixes))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("data.csv", "CSV"),
        ("DATA.JSON", "JSON"),
        ("a.b.jsonl", "JSON Lines"),
        ("x.ndjson", "JSON Lines"),
        ("x.parquet", "Parquet"),
        ("x.arrow", "Arrow file"),
        ("x.feather", "Arrow file"),
        ("x.arrows", "Arrow stream"),
    ],
)
def test_a_suffix_names_the_format(path: str, name: str) -> None:
    """In whatever case."""
    assert codec_for_file(path).name == name


def test_an_unknown_suffix_lists_the_known_ones() -> None:
    """The hint helps to name a type instead."""
    with pytest.raises(UnsupportedMediaTypeError, match=r"data\.txt: no format has the suffix '\.txt'") as caught:
        codec_for_file("data.txt")
    assert ".csv" in str(caught.value.hint)


def test_an_unknown_media_type_lists_the_known_ones() -> None:
    """S109: it names the supported types and the one that came."""
    with pytest.raises(UnsupportedMediaTypeError, match="'text/html' is not supported") as caught:
        codec_for_media_type("text/html")
    assert all(codec.media_types[0] in str(caught.value.hint) for codec in CODECS)


def test_pickles_are_never_read() -> None:
    """No media type stands for one."""
    for name in ("application/python-pickle", "application/octet-stream", "application/x-pickle"):
        with pytest.raises(UnsupportedMediaTypeError):
            decode(b"cos\nsystem\n", name, signature=None)


def test_no_media_type_is_an_error() -> None:
    """A body is not guessed at."""
    with pytest.raises(UnsupportedMediaTypeError, match="no Content-Type"):
        decode(b"{}", None, signature=None)


def test_people_name_formats_shortly_or_by_media_type() -> None:
    """`csv`, `CSV` and `text/csv; header=absent` are all names."""
    assert named_codec("csv")[0] is CSV
    assert named_codec("JSON")[0] is JSON
    codec, media_type = named_codec("text/csv; header=absent")
    assert codec is CSV
    assert media_type.parameter("header") == "absent"
    with pytest.raises(UnsupportedMediaTypeError):
        named_codec("exe")


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_every_format_holds_predictions_and_reads_them_back(codec: object) -> None:
    """What one modelpack writes, another reads."""
    pytest.importorskip("pyarrow")
    media_type = codec.media_types[0]  # type: ignore[attr-defined]
    body = encode([{"a": 1.5}, {"a": 2.5}], media_type, dialect="bare")
    assert decode(body, media_type, signature=None).data["a"].tolist() == [1.5, 2.5]

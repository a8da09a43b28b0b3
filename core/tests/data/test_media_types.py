from __future__ import annotations

import pytest

from modelpack.data.media_types import MediaType, negotiate
from modelpack.errors import UnsupportedMediaTypeError

JSON = MediaType("application/json")
RECORDS = MediaType("application/json", (("format", "pandas-records"),))
CSV = MediaType("text/csv")
OFFERS = [JSON, RECORDS, CSV]


@pytest.mark.parametrize(
    "text",
    [
        "application/json; format=pandas-records",
        "Application/JSON;FORMAT=pandas-records",
        'application/json ; format="pandas-records"',
        "application/json;; format=pandas-records;",
        '  application/json; format="pandas\\-records"',
    ],
)
def test_case_spaces_and_quotes_make_no_difference(text: str) -> None:
    """A media type is parsed and not compared (S108)."""
    assert MediaType.parse(text) == RECORDS


@pytest.mark.parametrize("text", ["", "json", "application/", "a b/c", "text/csv, text/html", 'text/csv; x="open'])
def test_what_is_no_media_type_is_refused(text: str) -> None:
    """The error shows the header that came."""
    with pytest.raises(UnsupportedMediaTypeError, match="is no media type"):
        MediaType.parse(text)


@pytest.mark.parametrize(
    ("charset", "encoding"), [("UTF-8", "utf-8-sig"), ("iso-8859-1", "iso-8859-1"), ("utf-16", "utf-16")]
)
def test_charsets_that_data_comes_in_are_known(charset: str, encoding: str) -> None:
    """Text in older encodings can be read."""
    assert MediaType.parse(f'text/csv; charset="{charset}"').encoding == encoding


@pytest.mark.parametrize("charset", ["zlib", "idna", "klingon"])
def test_other_codecs_of_python_are_no_charsets(charset: str) -> None:
    """A request cannot choose any codec that Python has."""
    with pytest.raises(UnsupportedMediaTypeError, match=charset):
        _ = MediaType.parse(f"text/csv; charset={charset}").encoding


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("text/csv", CSV),
        ("TEXT/*", CSV),
        ("application/json", JSON),
        ("application/json; charset=utf-8", JSON),
        ("application/json; format=pandas-records", RECORDS),
        ("text/csv;q=0.5, application/json;q=0.4", CSV),
        ("text/html, */*;q=0.1", JSON),
        ("application/json;q=0, */*", CSV),
        ("text/csv, application/json", JSON),
        ("text/html", None),
        ("*/*;q=0", None),
        ("nonsense, text/csv", CSV),
        ("nonsense", JSON),
        ("text/csv;q=high", JSON),
    ],
)
def test_accept_chooses_by_quality_then_by_order(accept: str | None, chosen: MediaType | None) -> None:
    """The most specific range gives an offer's quality; what cannot be read is passed over."""
    assert negotiate(accept, OFFERS) == chosen

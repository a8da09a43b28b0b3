from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelpack.data.media_types import MediaType, negotiate
from modelpack.errors import UnsupportedMediaTypeError

JSON = MediaType("application/json")
HOSTILE = {
    "a quote that stays open": '"' + '\\"' * 32_000,
    "many quotes": '"a' * 21_000,
    "many ranges": "a/b," * 16_000,
    "many parameters": "a/b" + ";a=b" * 16_000,
    "many spaces": "a/b" + " " * 60_000,
}
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
        ("application/json;q=nan, text/csv;q=0.1", CSV),
        ("application/json;q=2, text/csv;q=0.1", CSV),
        ("application/json;q=-1, text/csv;q=0.1", CSV),
        ("text/csv;Q=0.001", CSV),
        ("text/csv;q=0.000", None),
        ("text/csv;q=1.000, application/json;q=0.999", CSV),
        ("text/csv; q=.3; level=1, application/json; q=.2", CSV),
        ("text/csv; header=present", CSV),
        ("text/csv; header=absent", None),
        ("application/json; indent=4", None),
        (" , ,text/csv,", CSV),
        ('text/html; title="a, b, application/json", text/csv', CSV),
        ('application/json; format="pandas-records"', RECORDS),
        ("application/*;q=0.2, application/json;q=0.1, */*;q=0.9", CSV),
        ("application/json; format=pandas-records; q=0, application/json", JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", JSON),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", JSON),
        ('text/csv; x="open, application/json', JSON),
    ],
)
def test_accept_chooses_by_quality_then_by_order(accept: str | None, chosen: MediaType | None) -> None:
    """The most specific range gives an offer's quality; what cannot be read is passed over."""
    assert negotiate(accept, OFFERS) == chosen


@pytest.mark.parametrize("header", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_header_takes_no_time(header: str) -> None:
    """The open quote took most of a minute when a pattern tried it from every place."""
    negotiate(header, OFFERS)
    with pytest.raises(UnsupportedMediaTypeError):
        MediaType.parse(header)


@given(st.text(max_size=200) | st.text(alphabet='a/b;=q01.,"\\ *', max_size=60))
def test_no_header_makes_it_fail(header: str) -> None:
    """Whatever stands in it, an offer or none is chosen."""
    assert negotiate(header, OFFERS) in {None, *OFFERS}
    with contextlib.suppress(UnsupportedMediaTypeError):
        MediaType.parse(header)

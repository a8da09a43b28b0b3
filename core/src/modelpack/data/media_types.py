"""Media types as RFC 9110 writes them, and the choice that an `Accept` header leaves to the server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from modelpack.errors import UnsupportedMediaTypeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TYPE = re.compile(rf"\s*({_WORD})/({_WORD})\s*")
_PARAMETER = re.compile(rf';\s*(?:({_WORD})\s*=\s*({_WORD}|"(?:[^"\\]|\\.)*"))?\s*')
_ELEMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*+(?:"|\\?$))++', re.DOTALL)
"""One of a list's elements; a quote that stays open runs to the end, lest a long header take time by its square."""
_ESCAPE = re.compile(r"\\(.)")
_QUALITY = re.compile(r"0(\.\d*)?|1(\.0*)?|\.\d+")
"""RFC 9110 wants a digit before the point; Java's own client leaves it out."""
_MOST_RANGES = 64
_LONGEST = 1_000
"""Characters in a media type."""
_CHARSETS = {
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
    "us-ascii": "utf-8-sig",
    "iso-8859-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "windows-1252": "windows-1252",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}


@dataclass(frozen=True, slots=True)
class MediaType:
    """One media type, or one range of an `Accept` header.

    Attributes:
        name: Type and subtype in lower case, such as `text/csv` or `text/*`.
        parameters: Names in lower case with their values, quotes removed, in the order given.
    """

    name: str
    parameters: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> MediaType:
        """Read a `Content-Type`, whatever its case, spacing and quoting.

        Raises:
            UnsupportedMediaTypeError: It is no media type.
        """
        match = _TYPE.match(text) if len(text) <= _LONGEST else None
        position = match.end() if match else 0
        parameters = []
        while match and position < len(text):
            match = _PARAMETER.match(text, position)
            if match is None:
                break
            position = match.end()
            if match[1]:
                parameters.append((match[1].lower(), _unquoted(match[2])))
        if match is None:
            raise UnsupportedMediaTypeError(f"{text[:100]!r} is no media type", hint="for example: application/json")
        return cls(text[: text.find(";")].strip().lower() if ";" in text else text.strip().lower(), tuple(parameters))

    def parameter(self, name: str) -> str | None:
        """The value of a parameter; None when it was not given. The first one counts."""
        return next((value for key, value in self.parameters if key == name), None)

    def __str__(self) -> str:
        return "; ".join((self.name, *(f"{name}={value}" for name, value in self.parameters)))

    @property
    def encoding(self) -> str:
        """Python's name of the `charset`; UTF-8, with or without a byte order mark, when none is given.

        Raises:
            UnsupportedMediaTypeError: The charset is not one of those that data comes in.
        """
        charset = self.parameter("charset")
        if charset is None:
            return "utf-8-sig"
        try:
            return _CHARSETS[charset.lower()]
        except KeyError:
            raise UnsupportedMediaTypeError(
                f"charset {charset!r} is not supported", hint="send UTF-8, which needs no charset"
            ) from None


def _unquoted(value: str) -> str:
    return _ESCAPE.sub(r"\1", value[1:-1]) if value.startswith('"') else value


def negotiate(accept: str | None, offers: Sequence[MediaType]) -> MediaType | None:
    """Choose what to answer in.

    Args:
        accept: The `Accept` header; without one, anything will do.
        offers: What can be answered, best first.

    Returns:
        The offer with the highest q-value, the first of these when several share it; None when none is acceptable.
    """
    ranges = list(_ranges(accept)) if accept else []
    if not ranges:
        return offers[0]
    best, quality = None, 0.0
    for offer in offers:
        offered = _quality(offer, ranges)
        if offered > quality:
            best, quality = offer, offered
    return best


def _ranges(accept: str) -> Iterator[tuple[MediaType, float]]:
    """The ranges that can be read; a malformed one is passed over, as RFC 9110 advises."""
    for element in islice(_ELEMENT.finditer(accept), _MOST_RANGES):
        try:
            media_type = MediaType.parse(element[0])
        except UnsupportedMediaTypeError:
            continue
        quality = media_type.parameter("q") or "1"
        if _QUALITY.fullmatch(quality):
            yield MediaType(media_type.name, tuple(_own(media_type))), float(quality)


def _own(wanted: MediaType) -> Iterator[tuple[str, str]]:
    """The parameters that tell one offer from another; what comes after `q` is no part of the type."""
    for name, value in wanted.parameters:
        if name == "q":
            return
        if not _goes_without_saying(name, value):
            yield name, value


def _goes_without_saying(name: str, value: str) -> bool:
    """Whether it tells no answer from another: all text is UTF-8, and all CSV has a header row."""
    return name == "charset" or (name, value) == ("header", "present")


def _quality(offer: MediaType, ranges: Sequence[tuple[MediaType, float]]) -> float:
    matching = [(_specificity(wanted), quality) for wanted, quality in ranges if _matches(wanted, offer)]
    return max(matching)[1] if matching else 0.0


def _specificity(wanted: MediaType) -> tuple[bool, bool, int]:
    return wanted.name != "*/*", not wanted.name.endswith("/*"), len(wanted.parameters)


def _matches(wanted: MediaType, offer: MediaType) -> bool:
    family = wanted.name.removesuffix("*")
    named = wanted.name in {offer.name, "*/*"} or (family.endswith("/") and offer.name.startswith(family))
    return named and all(offer.parameter(name) == value for name, value in wanted.parameters)

"""The room that NumPy takes for texts."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from modelpack.errors import DataFormatError

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BYTES = 1 << 28
"""The largest array of texts that is made."""
_BYTES_OF_A_CHARACTER = 4


def check_text_size(items: Sequence[Any]) -> None:
    """Refuse texts that would take much more room in an array than they came in.

    NumPy gives each item of an array the room of its longest text, numbers beside texts included, so that a body of a
    megabyte can stand for an array of many gigabytes.

    Args:
        items: The values of one tensor, in nested lists.

    Raises:
        DataFormatError: The array would be larger than 256 MB.
    """
    while items and all(kind is list for kind in set(map(type, items))):
        items = list(chain.from_iterable(items))
    longest = (
        max((len(item) for item in items if isinstance(item, (str, bytes))), default=0) if _has_texts(items) else 0
    )
    if longest * len(items) * _BYTES_OF_A_CHARACTER > MOST_BYTES:
        raise DataFormatError(
            f"an array of {len(items)} texts, the longest of {longest} characters, would be larger than "
            f"{MOST_BYTES >> 20} MB",
            hint="every text takes the room of the longest; send long ones in requests of their own",
        )


def _has_texts(items: Sequence[Any]) -> bool:
    return not {str, bytes}.isdisjoint(map(type, items))

"""Dividing requests so that the shares come out exactly, and the same every time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

_ChoiceT = TypeVar("_ChoiceT")


class Traffic(Generic[_ChoiceT]):
    """Chooses who gets the next request: of 10 requests with the shares 0.7 and 0.3, seven and three.

    It is the smooth weighted round-robin of nginx.
    """

    def __init__(self) -> None:
        self._credit: dict[_ChoiceT, float] = {}

    def next(self, shares: Mapping[_ChoiceT, float]) -> _ChoiceT:
        """The next one; the credit of those who are no longer there is forgotten."""
        self._credit = {each: self._credit.get(each, 0.0) + share for each, share in shares.items()}
        chosen = max(self._credit, key=lambda each: round(self._credit[each], 9))
        self._credit[chosen] -= sum(shares.values())
        return chosen

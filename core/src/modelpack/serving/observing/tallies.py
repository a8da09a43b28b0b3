"""What a process counts, and how the counts of many processes become one."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Series: TypeAlias = "tuple[str, tuple[str, ...]]"
"""The name of a metric and the values of its labels."""

Tallies: TypeAlias = "dict[Series, list[float]]"
"""The numbers of each series: one for a counter or gauge, the sum and the count of each bucket for a histogram."""


class Histogram:
    """Counts values by size.

    Attributes:
        bounds: The largest value of each bucket, rising; larger values have a bucket of their own.
        numbers: The sum of the values, then the count of each bucket.
    """

    __slots__ = ("bounds", "numbers")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """Begin with nothing counted."""
        self.bounds = bounds
        self.numbers: list[float] = [0.0, *(0 for _ in bounds), 0]

    def observe(self, value: float) -> None:
        """Count a value."""
        numbers = self.numbers
        numbers[0] += value
        numbers[bisect_left(self.bounds, value) + 1] += 1


def added(parts: Iterable[Tallies]) -> Tallies:
    """The tallies of several processes together."""
    total: Tallies = {}
    for part in parts:
        for series, numbers in part.items():
            known = total.get(series)
            total[series] = list(numbers) if known is None else [a + b for a, b in zip(known, numbers, strict=True)]
    return total


def to_json(tallies: Tallies) -> list[list[Any]]:
    """Tallies as JSON has them."""
    return [[name, list(labels), numbers] for (name, labels), numbers in tallies.items()]


def from_json(content: list[list[Any]]) -> Tallies:
    """The tallies that `to_json` wrote."""
    return {(name, tuple(labels)): numbers for name, labels, numbers in content}

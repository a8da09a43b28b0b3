from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from modelpack.serving.observing.tallies import Histogram, added, from_json, to_json

if TYPE_CHECKING:
    from modelpack.serving.observing.tallies import Tallies


@pytest.mark.parametrize(("value", "bucket"), [(0.0, 1), (1.0, 1), (1.5, 2), (2.0, 2), (99.0, 3)])
def test_a_value_counts_in_the_first_bucket_that_holds_it(value: float, bucket: int) -> None:
    """A bound belongs to its bucket; what is larger than every bound has a bucket of its own."""
    histogram = Histogram((1.0, 2.0))
    histogram.observe(value)
    expected = [value, 0, 0, 0]
    expected[bucket] = 1
    assert histogram.numbers == expected


def test_tallies_of_processes_are_added_series_by_series() -> None:
    """A series that only one of them has is kept as it is, and none of the parts is changed."""
    first: Tallies = {("seconds", ("/a",)): [1.0, 1, 0], ("rows", ()): [4.0]}
    second: Tallies = {("seconds", ("/a",)): [2.0, 0, 1], ("seconds", ("/b",)): [3.0, 0, 1]}
    assert added([first, second]) == {
        ("seconds", ("/a",)): [3.0, 1, 1],
        ("seconds", ("/b",)): [3.0, 0, 1],
        ("rows", ()): [4.0],
    }
    assert first[("rows", ())] == [4.0]


def test_tallies_pass_through_json() -> None:
    """What was written is read."""
    tallies = {("requests", ("/a", "POST", "200")): [3.0], ("rows", ()): [4.0]}
    assert from_json(orjson.loads(orjson.dumps(to_json(tallies)))) == tallies

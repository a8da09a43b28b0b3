"""What the verbs of one call share."""

from __future__ import annotations

import gc
from itertools import count

from modelpack.deployments.sharing import Shared
from modelpack.interfaces import PluginOptions


class Options(PluginOptions):
    """Options of a target."""

    region: str = "here"


def test_one_object_of_options_has_one_of_it() -> None:
    """Equal options of another call have another."""
    numbers = count(1)
    shared = Shared[Options, int](lambda _: next(numbers))
    first, second = Options(), Options()
    assert [shared.of(first), shared.of(second), shared.of(first)] == [1, 2, 1]


def test_it_is_made_of_the_options() -> None:
    """Of those that are given."""
    shared = Shared[Options, str](lambda options: options.region)
    assert shared.of(Options(region="there")) == "there"


def test_it_is_forgotten_with_the_options() -> None:
    """Other options that happen to lie in the same place get their own."""
    shared = Shared[Options, list[str]](lambda options: [options.region])
    for region in map(str, range(100)):
        options = Options(region=region)
        assert shared.of(options) == [region]
        del options
        gc.collect()

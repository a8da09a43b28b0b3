"""The guide tells of every check of the kit, in its own words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modelpack.testing import FlavorTests

GUIDE = Path(__file__).parents[3] / "docs" / "writing-a-flavor.md"
ROW = re.compile(r"^\| `(test_\w+)` \| (.+) \|$", re.MULTILINE)


def checks() -> dict[str, str]:
    """Every check, with its docstring."""
    kinds = [kind for kind in reversed(FlavorTests.__mro__) if kind.__module__.startswith("modelpack.testing")]
    return {name: value.__doc__ for kind in kinds for name, value in vars(kind).items() if name.startswith("test_")}


def test_guide_lists_every_check() -> None:
    """Its table has the checks, and the first sentence of each."""
    text = GUIDE.read_text(encoding="utf-8")
    assert f"these {len(checks())} checks" in text
    told = dict(ROW.findall(text))
    assert told == {name: text.splitlines()[0] for name, text in checks().items()}


def test_there_are_enough_checks() -> None:
    """The kit asks more than a plugin's author would think of."""
    assert len(checks()) >= 50


@pytest.mark.parametrize("name", checks())
def test_check_says_what_to_do(name: str) -> None:
    """A failed check helps: its docstring ends with what to mend."""
    sentence, _, advice = checks()[name].partition("If this fails: ")
    assert sentence.splitlines()[0].endswith(".")
    assert advice.strip().endswith(".")

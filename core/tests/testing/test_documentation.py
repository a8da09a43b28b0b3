"""The guides tell of every check of the kits, in the checks' own words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modelpack.testing import FlavorTests, TargetTests

GUIDES = Path(__file__).parents[3] / "docs"
KITS: dict[str, type] = {"writing-a-flavor.md": FlavorTests, "writing-a-target.md": TargetTests}
ROW = re.compile(r"^\| `(test_\w+)` \| (.+) \|$", re.MULTILINE)


def checks(kit: type) -> dict[str, str]:
    """Every check, with its docstring."""
    kinds = [kind for kind in reversed(kit.__mro__) if kind.__module__.startswith("modelpack.testing")]
    return {name: value.__doc__ for kind in kinds for name, value in vars(kind).items() if name.startswith("test_")}


@pytest.mark.parametrize("guide", KITS)
def test_guide_lists_every_check(guide: str) -> None:
    """Its table has the checks, and the first sentence of each."""
    text, expected = (GUIDES / guide).read_text(encoding="utf-8"), checks(KITS[guide])
    assert f"these {len(expected)} checks" in text
    told = dict(ROW.findall(text))
    assert told == {name: text.splitlines()[0] for name, text in expected.items()}


@pytest.mark.parametrize("kit", KITS.values())
def test_there_are_enough_checks(kit: type) -> None:
    """The kit asks more than a plugin's author would think of."""
    assert len(checks(kit)) >= 50


@pytest.mark.parametrize(("kit", "name"), [(kit, name) for kit in KITS.values() for name in checks(kit)])
def test_check_says_what_to_do(kit: type, name: str) -> None:
    """A failed check helps: its docstring ends with what to mend."""
    sentence, _, advice = checks(kit)[name].partition("If this fails: ")
    assert sentence.splitlines()[0].endswith(".")
    assert advice.strip().endswith(".")

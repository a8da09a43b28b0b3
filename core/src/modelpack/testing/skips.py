"""Leaving out a check where it asks nothing, with the reason in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def needed(make: Callable[[], T], told_by: str) -> T:
    """Make what a check needs, or skip the check when another one tells why that cannot be made."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - told in full by the other check
        pytest.skip(f"not reached: {told_by} tells why ({type(error).__name__})")


def declared(capability: bool, name: str) -> None:  # noqa: FBT001 - a declaration
    """Skip a check of something that the plugin declares not to do."""
    if not capability:
        pytest.skip(f"not declared: {name}")


def applicable(condition: bool, reason: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Skip a check that asks nothing here."""
    if not condition:
        pytest.skip(f"does not apply: {reason}")

"""The licences that a new plugin can be given."""

from __future__ import annotations

from typing import Literal, TypeAlias

Licence: TypeAlias = Literal["Apache-2.0", "MIT", "BSD-3-Clause", "none"]


def licence_fields(licence: Licence) -> str:
    """The lines of `[project]` that name it."""
    return "" if licence == "none" else f'license = "{licence}"\nlicense-files = ["LICENSE"]\n'


def private_classifier(licence: Licence) -> str:
    """The classifier, on a line of its own, with which an index refuses what is nobody else's to use."""
    return '\n  "Private :: Do Not Upload",' if licence == "none" else ""

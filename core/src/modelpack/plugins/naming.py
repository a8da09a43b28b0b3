"""How plugins are named, and what to say to somebody who misspelt or did not install one."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIXES = {
    "flavor": "modelpack-flavor-",
    "target": "modelpack-deploy-",
    "engine": "modelpack-flavor-",
    "command": "modelpack-deploy-",
}
"""An engine comes with the flavor of its library, and a command with the target that it is about."""

_SAFE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


def normalized(distribution: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that somebody who wrote `name` most likely meant."""
    return next(iter(get_close_matches(name, list(known), n=1)), None)


def pip_line(kind: str, name: str) -> str | None:
    """The command that installs a plugin by its name.

    Returns:
        None for a name that no distribution can have, so that nothing from a model file is ever offered to a shell.
    """
    if kind not in PREFIXES or not _SAFE.fullmatch(name):
        return None
    return f"pip install {PREFIXES[kind]}{name.replace('_', '-').lower()}"


def listing(names: Iterable[str]) -> str:
    """The names for a message, or `none`."""
    return ", ".join(sorted(set(names))) or "none"

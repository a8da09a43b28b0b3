"""Installed distributions and their versions, read once a call."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_VERSION = re.compile(r"^Version:[ \t]*(\S+)", re.MULTILINE | re.IGNORECASE)


def installed_version(name: str) -> str | None:
    """The version of an installed distribution; None when it is not installed.

    `importlib.metadata.version` parses all of the metadata, which takes milliseconds where a licence is part of it.
    """
    try:
        distribution = metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError):
        return None
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    found = _VERSION.search(text)
    return found[1] if found else distribution.version


def distributions_of(modules: Iterable[str]) -> list[str]:
    """The installed distributions that provide top-level modules, in alphabetical order.

    Modules of the standard library and modules that no distribution provides are left out. Where a distribution has the
    module's own name, it is the one; for the others the file lists of everything that is installed are read, which
    takes a fifth of a second.
    """
    wanted = set(modules) - sys.stdlib_module_names
    named = {module: _distribution_named(module) for module in wanted}
    found = {name for name in named.values() if name is not None}
    if None in named.values():
        providers = metadata.packages_distributions()
        found.update(name for module in wanted if named[module] is None for name in providers.get(module, ()))
    return sorted(found, key=str.lower)


def _distribution_named(module: str) -> str | None:
    try:
        return metadata.distribution(module).name
    except metadata.PackageNotFoundError:
        return None

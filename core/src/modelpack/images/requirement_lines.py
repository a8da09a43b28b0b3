"""Requirement lines as an image takes them: parsed, and refused where another machine could not install them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

_HASH = re.compile(r"\s--hash[= ][a-z0-9]+:[0-9a-f]+")
_HASH_MODE = "--require-hashes"
_WITH_ADDRESS = frozenset({"-i", "--index-url", "--extra-index-url", "-f", "--find-links"})
_WEB = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class ImageRequirement:
    """One line of a requirements file.

    Attributes:
        line: What pip and uv read; without hashes, since not every line has one.
        name: The canonical name of the distribution; empty for an index option.
        extras: The distribution's extras.
        marker: The environment marker, or nothing.
        hashed: Whether the line had hashes.
    """

    line: str
    name: str = ""
    extras: frozenset[str] = frozenset()
    marker: str = ""
    hashed: bool = False


def parsed_lines(lines: Iterable[str]) -> tuple[ImageRequirement, ...]:
    """Parse lines that `read_requirements` has checked.

    Raises:
        InvalidArgumentError: One is an address that a build on another machine does not reach: a file of the machine
            that wrote it, or a repository, for which the image would need the tools.
    """
    kept = (line for line in lines if line != _HASH_MODE)
    return tuple(_option(line) if line.startswith("-") else _requirement(line) for line in kept)


def _option(line: str) -> ImageRequirement:
    name, _, value = line.partition("=") if line.startswith("--") and "=" in line else line.partition(" ")
    if name in _WITH_ADDRESS and not value.strip().startswith(_WEB):
        raise InvalidArgumentError(
            f"{line!r} names a place on the machine that wrote it",
            hint="give an index by its https:// address, or wheels with --extra-requirement FILE.whl",
        )
    return ImageRequirement(line)


def _requirement(line: str) -> ImageRequirement:
    bare = _HASH.sub("", line)
    parsed = Requirement(bare)
    if parsed.url is not None and not parsed.url.startswith(_WEB):
        raise InvalidArgumentError(
            f"{line!r} is installed from a repository or from the machine that wrote it, and an image is not",
            hint=f"build a wheel of it: --without-requirement {parsed.name} --extra-requirement FILE.whl",
        )
    return ImageRequirement(
        str(parsed), canonicalize_name(parsed.name), frozenset(parsed.extras), str(parsed.marker or ""), bare != line
    )

"""Filling the templates: folders of files, laid one over the other."""

from __future__ import annotations

from importlib import resources
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

SUFFIX = ".template"


def filled(folders: tuple[str, ...], values: Mapping[str, str]) -> dict[str, str]:
    """The text of each file of a package, by its POSIX path.

    Args:
        folders: Folders of templates; a file of a later one replaces that of an earlier one.
        values: What stands for each `$name` in a template. Upper-case names also stand for parts of paths.
    """
    files = {}
    for folder in folders:
        for path, text in _templates(_root() / folder, ()):
            place = "/".join(values.get(part, part) for part in path)
            files[place.removesuffix(SUFFIX)] = Template(text).substitute(values)
    return dict(sorted(files.items()))


def licence_text(licence: str, values: Mapping[str, str]) -> str:
    """The text of a licence."""
    return Template((_root() / "licences" / f"{licence}.txt").read_text(encoding="utf-8")).safe_substitute(values)


def _root() -> Traversable:
    return resources.files("modelpack.scaffolding") / "templates"


def _templates(folder: Traversable, parents: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for entry in folder.iterdir():
        path = (*parents, entry.name)
        if entry.is_dir():
            yield from _templates(entry, path)
        elif entry.name.endswith(SUFFIX):
            yield path, entry.read_text(encoding="utf-8")

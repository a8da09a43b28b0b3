"""The package of a new plugin: its files, written all or none."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.package.staging import staged
from modelpack.scaffolding.licences import licence_fields, private_classifier
from modelpack.scaffolding.rendering import filled, licence_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelpack.scaffolding.licences import Licence
    from modelpack.scaffolding.names import PluginName


@dataclass(frozen=True, slots=True)
class NewPackage:
    """What was written.

    Attributes:
        kind: `flavor` or `target`.
        name: The plugin's name.
        distribution: What `pip install` calls it.
        package: What `import` calls it.
        directory: Where it lies.
        files: Its files, relative to the directory.
        edit: The file to begin with.
    """

    kind: str
    name: str
    distribution: str
    package: str
    directory: str
    files: list[str]
    edit: str


def write_package(
    name: PluginName,
    directory: str | os.PathLike[str] | None,
    licence: Licence,
    folders: tuple[str, ...],
    values: Mapping[str, str],
) -> NewPackage:
    """Write the files of a plugin into a new directory.

    Args:
        name: The plugin's names.
        directory: The directory to make; one named as the distribution, here, if None.
        licence: What others may do with it.
        folders: The folders of templates.
        values: What stands for the names in them, beside those that all templates share.

    Raises:
        AlreadyExistsError: Something stands at the directory.
        InvalidArgumentError: Nothing can be written there.
    """
    place = Path(name.distribution if directory is None else directory)
    shared = {**_shared(name, licence), **values}
    files = filled(("shared", *folders), shared)
    if licence != "none":
        files["LICENSE"] = licence_text(licence, shared)
    with staged(place) as staging:
        for path, text in files.items():
            file = staging / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
    edit = f"src/{name.package}/{name.kind}.py"
    return NewPackage(
        name.kind, name.name, name.distribution, name.package, os.fspath(place.absolute()), sorted(files), edit
    )


def _shared(name: PluginName, licence: Licence) -> dict[str, str]:
    return {
        "PACKAGE": name.package,
        "name": name.name,
        "title": name.title,
        "distribution": name.distribution,
        "package": name.package,
        "core_versions": core_versions(),
        "licence_fields": licence_fields(licence),
        "private_classifier": private_classifier(licence),
    }


def core_versions() -> str:
    """The releases of core that a plugin made with this one works with: those of this minor version."""
    from modelpack import __version__

    major, minor = (int(part) for part in __version__.split(".")[:2])
    return f">={major}.{minor},<{major}.{minor + 1}"

"""Copies of a model that differ from it: damaged, or with another `MLmodel`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

CUT_OFF, MISSING = "cut off", "missing"
ABOVE, ABSOLUTE, LINKED = "moved above the model", "moved, with an absolute path", "moved, with a symbolic link"
MOVED = (ABOVE, ABSOLUTE, LINKED)


@dataclass(frozen=True)
class Damage:
    """What is wrong with a copy.

    Attributes:
        file: The file or folder.
        kind: What was done to it.
    """

    file: str
    kind: str

    @classmethod
    def of(cls, files: Sequence[str], named: Sequence[str]) -> list[Damage]:
        """All that is done to a model with these files, of which the conf names some, or their folders."""
        here = [cls(file, kind) for file in files for kind in (CUT_OFF, MISSING)]
        return here + [cls(path, kind) for path in named for kind in MOVED]

    def __str__(self) -> str:
        return f"{self.file} {self.kind}"


def rewritten(model: Path, copy: Path, edit: Callable[[dict[str, Any]], None]) -> Path:
    """Copy a model without its manifest, and change what its `MLmodel` says."""
    _copy(model, copy)
    _edit(copy, edit)
    return copy


def damaged(model: Path, copy: Path, damage: Damage, flavor: str) -> None:
    """Copy a model without its manifest, and damage it."""
    _copy(model, copy)
    place, outside = copy / damage.file, copy.parent / "outside"
    if damage.kind in MOVED:
        place.rename(outside)
    if damage.kind == LINKED:
        place.symlink_to(outside)
    elif damage.kind in MOVED:
        path = os.fspath(outside) if damage.kind == ABSOLUTE else "../outside"
        _edit(copy, lambda fields: _rename(fields["flavors"][flavor], damage.file, path))
    elif damage.kind == CUT_OFF:
        content = place.read_bytes()
        place.write_bytes(content[: len(content) // 2])
    else:
        place.unlink()


def _edit(model: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    from modelpack.schema.mlmodel import MLmodel

    fields: dict[str, Any] = MLmodel.load(model).to_dict()
    edit(fields)
    MLmodel.from_dict(fields).save(model)


def texts(value: object) -> Iterator[str]:
    """Every text in a conf, keys of mappings excepted."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)


def _copy(model: Path, copy: Path) -> None:
    shutil.copytree(model, copy)
    (copy / "MANIFEST.sha256").unlink()


def _rename(value: Any, old: str, new: str) -> None:
    """Replace a text wherever it stands in a conf."""
    for key, each in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if each == old:
            value[key] = new
        elif isinstance(each, dict | list):
            _rename(each, old, new)

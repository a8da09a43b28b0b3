"""The examples of plugins are what `modelpack plugins new` writes: they and the templates have one source."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from modelpack.plugins.manager import PluginManager
from modelpack.scaffolding.flavor import new_flavor
from modelpack.scaffolding.target import new_target

if TYPE_CHECKING:
    from pathlib import Path

NEW = {"flavor-toy": (new_flavor, "toy"), "deploy-shelf": (new_target, "shelf")}


@pytest.mark.parametrize("example", NEW)
def test_an_example_is_what_the_command_writes(
    example: str, root: Path, tracked_files: list[Path], tmp_path: Path
) -> None:
    """`modelpack plugins new` makes the example again; only the version goes with the release."""
    write, name = NEW[example]
    write(name, tmp_path / "new", plugins=PluginManager(entry_points=lambda _: ()))
    folder = root / "examples" / example
    written = {path.relative_to(tmp_path / "new"): text(path) for path in files_below(tmp_path / "new")}
    there = {path.relative_to(folder): text(path) for path in tracked_files if path.is_relative_to(folder)}
    assert there == written, f"modelpack plugins new {example.replace('-', ' ')} writes something else"


def files_below(folder: Path) -> list[Path]:
    """Every file, hidden ones too."""
    return [path for path in folder.rglob("*") if path.is_file()]


def text(path: Path) -> str:
    """What stands in a file, without the version."""
    return re.sub(r'(?m)^version = ".*"$', "", path.read_text(encoding="utf-8"))

"""The public names are listed once for Python and once for type checkers, and the lists agree."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import modelpack

if TYPE_CHECKING:
    from pathlib import Path


def type_checking_names(source: str) -> dict[str, str]:
    """Name and module of each import under `if TYPE_CHECKING:`."""
    blocks = [node for node in ast.parse(source).body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}


def test_the_lazy_table_and_the_type_checkers_see_the_same_names(root: Path) -> None:
    """A name that completes in an editor works, and the other way round."""
    source = (root / "core" / "src" / "modelpack" / "__init__.py").read_text()
    assert type_checking_names(source) == modelpack._MODULES


def test_the_lazy_table_is_sorted() -> None:
    """A reader finds a name at once."""
    assert list(modelpack._MODULES) == sorted(modelpack._MODULES)


def test_dir_shows_the_public_names() -> None:
    """`dir(modelpack)` helps in a REPL."""
    assert set(modelpack.__all__) <= set(dir(modelpack))

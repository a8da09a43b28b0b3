"""Copying a user's modules into a model, and finding out what they need."""

from __future__ import annotations

import ast
import os
import shutil
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError, ModelpackWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DIRECTORY = "code"
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "*.pyo", ".git", ".hg", ".svn", ".ipynb_checkpoints")


def checked_code_paths(code_paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None) -> list[Path]:
    """The files and directories that `code_paths` names.

    Raises:
        InvalidArgumentError: One is not there or has the base name of another, so that one would hide the other.
    """
    if code_paths is None:
        return []
    if isinstance(code_paths, (str, os.PathLike)):
        raise InvalidArgumentError(
            f"code_paths is {os.fspath(code_paths)!r}, but has to be a list",
            hint=f"code_paths=[{os.fspath(code_paths)!r}]",
        )
    paths = [Path(os.path.abspath(path)) for path in code_paths]  # noqa: PTH100 - a link keeps its own name
    by_name: dict[str, Path] = {}
    for path in paths:
        if not path.exists():
            raise InvalidArgumentError(
                f"code_paths names {str(path)!r}, which does not exist", hint="give files and directories with modules"
            )
        if (other := by_name.setdefault(path.name, path)) != path:
            raise InvalidArgumentError(
                f"code_paths names both {other} and {path}, and the model can hold only one {path.name!r}",
                hint="rename one of them, or give the directory that holds both",
            )
    for path in by_name.values():
        _warn_of_standard_name(path)
    return list(by_name.values())


def copy_code(paths: Iterable[Path], model: Path) -> None:
    """Copy modules to the model's `code` directory, without symbolic links, bytecode and version control."""
    target = model / DIRECTORY
    target.mkdir()
    for path in paths:
        if path.is_dir():
            shutil.copytree(path, target / path.name, ignore=_ignored, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(path, target / path.name)


def imported_modules(directory: Path) -> set[str]:
    """The top-level modules that Python files under a directory import, but for those that lie there themselves.

    Files that this Python cannot parse are passed over: they may be templates, or for another Python.
    """
    found = {name for file in directory.rglob("*.py") for name in _imports(file)}
    return found - {entry.name.removesuffix(".py") for entry in directory.iterdir()}


def _warn_of_standard_name(path: Path) -> None:
    is_module = path.suffix == ".py" or (path / "__init__.py").is_file()
    if is_module and path.stem in sys.stdlib_module_names:
        warnings.warn(
            f"code_paths names {path}, and `import {path.stem}` means the standard library's module when the model is "
            "loaded: rename it if the model needs it",
            ModelpackWarning,
            stacklevel=4,
        )


def _ignored(directory: str, names: list[str]) -> set[str]:
    links = {name for name in names if Path(directory, name).is_symlink()}
    return {*_LEFT_OUT(directory, names), *links}


def _imports(file: Path) -> Iterator[str]:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]

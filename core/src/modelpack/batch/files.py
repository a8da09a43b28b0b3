"""Finding the files of an input."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from modelpack.batch.records import InputFile
from modelpack.batch.streams import is_remote
from modelpack.errors import InvalidArgumentError, NotFoundError
from modelpack.stores.remote import filesystem_of, translated

if TYPE_CHECKING:
    from collections.abc import Iterator

_HIDDEN = ("_", ".")
"""How the names of what is no data begin, such as `_SUCCESS`."""


def is_here(source: str) -> bool:
    """Whether it names a file, a directory, or a pattern that matches something on this machine."""
    return not is_remote(source) and (Path(source).exists() or bool(_matches(source)))


def found_files(source: str) -> tuple[InputFile, ...]:
    """The files that a path, a pattern or a URI names, in the order of their names.

    Of a directory these are all files below it, but those whose name, or directory's name, begins with `_` or `.`.

    Raises:
        NotFoundError: There are none.
        InvalidArgumentError: Nothing opens such a URI.
    """
    if source.startswith("file://"):
        source = unquote(urlsplit(source).path)
    files = tuple(_remote(source) if is_remote(source) else map(_local, _paths(source)))
    if not files:
        raise NotFoundError(
            f"there are no files to score at {source}",
            hint="give a file, a directory, a pattern such as 'sales/*.parquet' in quotes, or a URI",
        )
    return files


def _paths(source: str) -> list[str]:
    path = Path(source)
    if path.is_dir():
        return sorted(os.fspath(each) for each in path.rglob("*") if each.is_file() and _shown(each.relative_to(path)))
    if path.exists():
        return [source]
    return sorted(each for each in _matches(source) if Path(each).is_file())


def _matches(source: str) -> list[str]:
    return glob.glob(source, recursive=True) if glob.has_magic(source) else []  # noqa: PTH207 - as the caller wrote it


def _shown(path: Path) -> bool:
    return not any(part.startswith(_HIDDEN) for part in path.parts)


def _local(path: str) -> InputFile:
    try:
        return InputFile(path, Path(path).stat().st_size)
    except OSError as error:
        raise InvalidArgumentError(f"{path} cannot be read: {error.strerror}") from error


def _remote(uri: str) -> Iterator[InputFile]:
    with translated(uri):
        filesystem, root = filesystem_of(uri)
        for path, facts in sorted(_listed(filesystem, root).items()):
            below = path.removeprefix(root.rstrip("/")).lstrip("/")
            if facts["type"] == "file" and _shown(Path(below)):
                yield InputFile(filesystem.unstrip_protocol(path), facts["size"])


def _listed(filesystem: Any, root: str) -> dict[str, Any]:
    find = filesystem.glob if glob.has_magic(root) else filesystem.find
    listed: dict[str, Any] = find(root, detail=True)
    return listed

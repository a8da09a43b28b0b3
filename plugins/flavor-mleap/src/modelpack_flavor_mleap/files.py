"""The files of a bundle, in a directory or in a zip archive; nothing is unpacked, and no path leads out."""

from __future__ import annotations

import json
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, Protocol

from modelpack.errors import InvalidModelError
from modelpack.paths import existing_path, relative_path

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1 << 30
"""All that is read of one bundle: a small archive can claim to hold any amount."""


class _Source(Protocol):
    def size(self, name: str) -> int: ...
    def read(self, name: str) -> bytes: ...


class Files:
    """Reads the files of one bundle by their paths in it, as much as one bundle may have."""

    def __init__(self, source: _Source) -> None:
        """Read from a directory or an archive."""
        self._source = source
        self._left = MAX_BYTES

    def text(self, name: str) -> str:
        """The text of a file.

        Raises:
            InvalidModelError: It is missing, too large, damaged, or no text.
        """
        relative_path(name)
        self._left -= self._source.size(name)
        if self._left < 0:
            raise InvalidModelError(f"{name}: the bundle is larger than {MAX_BYTES} bytes")
        try:
            return self._source.read(name).decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidModelError(f"{name}: this is no text in UTF-8") from error

    def json(self, name: str) -> dict[str, Any]:
        """The JSON object in a file.

        Raises:
            InvalidModelError: As `text`, or it holds something else.
        """
        try:
            value = json.loads(self.text(name))
        except (ValueError, RecursionError) as error:
            raise InvalidModelError(f"{name}: this is no JSON, or cut off: {error}") from error
        if not isinstance(value, dict):
            raise InvalidModelError(f"{name}: a JSON object was expected, not a {type(value).__name__}")
        return value


class Directory:
    """A bundle as a directory."""

    def __init__(self, root: Path) -> None:
        """Read below a directory."""
        self._root = root

    def size(self, name: str) -> int:
        """How large a file is."""
        path = existing_path(self._root, name)
        if not path.is_file():
            raise InvalidModelError(f"{name}: this is no file")
        return path.stat().st_size

    def read(self, name: str) -> bytes:
        """All of a file."""
        return existing_path(self._root, name).read_bytes()


class Archive:
    """A bundle as a zip archive."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Read from an open archive."""
        self._archive = archive

    def size(self, name: str) -> int:
        """How large a file is when it is unpacked; zipfile reads no more than that."""
        return self._member(name).file_size

    def read(self, name: str) -> bytes:
        """All of a file, its checksum compared."""
        try:
            return self._archive.read(self._member(name))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
            raise InvalidModelError(f"{name}: the archive is damaged: {error}") from error

    def _member(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._archive.getinfo(name)
        except KeyError as error:
            raise InvalidModelError(f"the bundle has no file {name!r}") from error

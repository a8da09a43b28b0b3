"""Tars that are the same bytes wherever and whenever they are written."""

from __future__ import annotations

import os
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, cast

from modelpack.errors import InvalidArgumentError
from modelpack.images.oci.blobs import CHUNK, Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FILE_MODE = 0o644
PROGRAM_MODE = 0o755
DIRECTORY_MODE = 0o755


@dataclass(frozen=True, slots=True)
class TarFile:
    """A file in a tar.

    Attributes:
        path: Absolute path in the image.
        content: Its content, or the file on this machine that has it.
        mode: Its permissions.
    """

    path: PurePosixPath
    content: bytes | Path
    mode: int = FILE_MODE


def write_tar(files: Iterable[TarFile], target: Writer) -> None:
    """Write a tar in one pass and bounded memory.

    Entries are sorted, with the directories above them, owned by root and dated 1970-01-01: no two tars differ by the
    clock, the user or the umask, and no `SOURCE_DATE_EPOCH` can be older. Only what needs it has an extended header.

    Raises:
        InvalidArgumentError: A path occurs twice.
    """
    with tarfile.open(fileobj=cast("IO[bytes]", target), mode="w|", format=tarfile.PAX_FORMAT, bufsize=CHUNK) as tar:
        for entry, content in _entries(files):
            tar.addfile(entry, content)


def directory_files(source: Path, target: PurePosixPath) -> Iterator[TarFile]:
    """Every file under a directory; of its permissions only whether it can be executed counts."""
    for directory, _, names in os.walk(source):
        for name in names:
            path = Path(directory, name)
            mode = PROGRAM_MODE if path.stat().st_mode & 0o100 else FILE_MODE
            yield TarFile(target / path.relative_to(source).as_posix(), path, mode)


def _entries(files: Iterable[TarFile]) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    made: set[PurePosixPath] = set()
    previous: TarFile | None = None
    for file in sorted(files, key=lambda file: file.path.parts):
        if previous is not None and previous.path in {file.path, *file.path.parents}:
            raise InvalidArgumentError(f"{file.path} cannot be in the image: {previous.path} is a file there")
        for parent in reversed(file.path.parents[:-1]):
            if parent not in made:
                made.add(parent)
                yield _entry(parent, tarfile.DIRTYPE, DIRECTORY_MODE, 0), None
        yield from _file_entry(file)
        previous = file


def _file_entry(file: TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    if isinstance(file.content, bytes):
        yield _entry(file.path, tarfile.REGTYPE, file.mode, len(file.content)), BytesIO(file.content)
        return
    with file.content.open("rb") as content:
        yield _entry(file.path, tarfile.REGTYPE, file.mode, os.fstat(content.fileno()).st_size), content


def _entry(path: PurePosixPath, kind: bytes, mode: int, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path.relative_to("/").as_posix())
    entry.type = kind
    entry.mode = mode
    entry.size = size
    return entry

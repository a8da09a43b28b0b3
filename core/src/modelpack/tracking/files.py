"""Files that several processes read and write at once."""

from __future__ import annotations

import sys
import uuid
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def replace_text(path: Path, text: str, *, beside: Path) -> None:
    """Write a text file so that a reader sees the old one or the new one, never a part.

    Args:
        path: The file.
        text: Its new content.
        beside: A directory of the same file system for the unfinished file, where a listing of `path`'s own directory
            does not show it.
    """
    unfinished = beside / f".writing-{uuid.uuid4().hex}"
    try:
        with unfinished.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that other processes and threads wait for; the system frees it when its holder dies."""
    with path.open("ab") as file:
        _lock(file)
        yield  # closing the file frees the lock


if sys.platform == "win32":

    def _lock(file: IO[bytes]) -> None:
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
else:

    def _lock(file: IO[bytes]) -> None:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)

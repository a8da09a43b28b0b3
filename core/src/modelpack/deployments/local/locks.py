"""Locks that the system frees when their holder is gone, however it went.

They tell a process that lives from one that is only remembered: whether it was killed, its number was given to another,
or the machine was restarted, nobody holds its lock any more. POSIX only.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ATTEMPTS = 5
_PAUSE = 0.02
"""Seconds until the next attempt: one who only looks whether a lock is held has it for a moment."""


def take(path: Path) -> int | None:
    """Take a lock, and answer the descriptor that holds it until it is closed; None when another process has it.

    Its directory is made where there is none, also when another process removes it at that moment.

    The descriptor may be inherited, and the lock then lasts until all that have it are gone.
    """
    attempts = _ATTEMPTS
    while attempts:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            _make(path.parent)
            continue
        if not _locked(descriptor, fcntl.LOCK_EX):
            attempts -= 1
            time.sleep(_PAUSE)
        elif is_at(descriptor, path):
            return descriptor
        os.close(descriptor)  # its last holder has removed the file, or it has one
    return None


@contextmanager
def taken(path: Path) -> Iterator[bool]:
    """Try to hold a lock for the block, and say whether it worked; the file is gone afterwards."""
    descriptor = take(path)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            path.unlink(missing_ok=True)
            os.close(descriptor)


def holder(path: Path) -> int | None:
    """The process id that the holder of a lock has written into it; None when nobody holds it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if _locked(descriptor, fcntl.LOCK_SH):
            return None
        text = os.read(descriptor, 32)
        return int(text) if text.isdigit() else 0
    finally:
        os.close(descriptor)


def sign(descriptor: int, pid: int) -> None:
    """Write a process id into a lock."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(pid).encode(), 0)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        if directory.is_symlink():  # to nowhere
            raise
        # it was there, and is gone again


def is_at(descriptor: int, path: Path) -> bool:
    """Whether a lock still is where others look for it."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False

"""Atomic directories: written aside, published by a rename, gone without a trace when anything fails."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.errors import AlreadyExistsError, InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = ".modelpack-"


@contextmanager
def staged(destination: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a directory so that others see all of it or nothing.

    The directory that is yielded lies beside the destination, under a hidden name, and only the user can enter it. When
    the block ends normally it gets the mode of any new directory and is renamed to the destination; when it does not
    (an error, an interrupt), it is removed, and so are parent directories that were made for it. Of several writers to
    one destination one wins.

    Args:
        destination: What to make. Nothing may stand there, not even an empty directory or a dangling link (S34).

    Yields:
        The directory to write to.

    Raises:
        AlreadyExistsError: The destination exists, or another writer was faster.
        InvalidArgumentError: Nothing can be written there.
    """
    final = Path(os.path.abspath(destination))  # noqa: PTH100 - a link in the path must not be resolved, `..` must
    require_absent(final)
    made = _missing_parents(final.parent)
    directory: Path | None = None
    published = False
    try:
        directory, mode = _make_private(final)
        yield directory
        _publish(directory, final, mode)
        published = True
    finally:
        if not published:
            if directory is not None:
                _remove(directory)
            _remove_empty(made)


def require_absent(destination: str | os.PathLike[str]) -> None:
    """Check that a destination is free.

    Raises:
        AlreadyExistsError: Something stands there, be it an empty directory or a dangling link (S34).
    """
    if os.path.lexists(destination):
        raise AlreadyExistsError(
            f"{os.fspath(destination)} exists already, and nothing is ever overwritten",
            hint="choose a free name, such as a new directory inside this one, or remove what stands there",
        )


def _missing_parents(parent: Path) -> list[Path]:
    """The directories, innermost first, that `mkdir` will have to make."""
    missing = []
    while not parent.exists() and parent != parent.parent:
        missing.append(parent)
        parent = parent.parent
    return missing


def _make_private(final: Path) -> tuple[Path, int]:
    """A directory for the user alone, and the mode that it would have had; to ask for the umask would change it."""
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        directory = final.parent / f"{PREFIX}{secrets.token_hex(8)}"
        directory.mkdir()
        mode = stat.S_IMODE(directory.stat().st_mode)
        directory.chmod(stat.S_IRWXU)
    except OSError as error:
        raise InvalidArgumentError(
            f"cannot save to {final}: {error.strerror or error}",
            hint=f"check that {final.parent} is a directory that you may write to",
        ) from error
    return directory, mode


def _publish(directory: Path, final: Path, mode: int) -> None:
    require_absent(final)
    directory.chmod(mode)
    try:
        directory.rename(final)  # fails where another writer was faster, unless that one made an empty directory
    except OSError as error:
        if os.path.lexists(final):
            raise AlreadyExistsError(
                f"{final} was made by someone else in the meantime", hint="choose another name, or use that one"
            ) from error
        raise


def _remove(directory: Path) -> None:
    try:
        shutil.rmtree(directory)
    except OSError:  # directories that were copied with their write protection
        for parent, names, _ in os.walk(directory):
            for name in names:
                path = Path(parent, name)
                if not path.is_symlink():
                    path.chmod(stat.S_IRWXU)
        shutil.rmtree(directory, ignore_errors=True)


def _remove_empty(directories: list[Path]) -> None:
    for directory in directories:
        try:
            directory.rmdir()
        except OSError:
            return

"""An output directory that appears complete or not at all."""

from __future__ import annotations

import ctypes
import errno
import glob
import os
import secrets
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.errors import AlreadyExistsError, InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

SUCCESS = "_SUCCESS"
_STAGING, _REPLACED = "staging", "replaced"
_AT_WORKING_DIRECTORY = -100
_EXCHANGE = 2


@contextmanager
def published(destination: Path, *, overwrite: bool) -> Iterator[Path]:
    """A directory beside the destination that takes its place when the block ends without an exception.

    Otherwise it is removed, and what was at the destination is as it was. Directories that jobs left behind which were
    killed are removed as well; those of jobs that run are told by a lock.

    Args:
        destination: The output.
        overwrite: Whether it replaces an output that is there.

    Raises:
        AlreadyExistsError: Something is there, and it is not to be replaced, or is no output of a batch.
        InvalidArgumentError: It cannot be written there.
    """
    destination = Path(os.path.abspath(destination))  # noqa: PTH100 - a symbolic link is replaced, not what it leads to
    check_destination(destination, overwrite=overwrite)
    _clear(destination)
    with _unwritable(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
        staging, lock = _locked_directory(destination)
    try:
        yield staging
        with _unwritable(destination):
            (staging / SUCCESS).touch()
            check_destination(destination, overwrite=overwrite)
            _put(staging, destination)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        os.close(lock)


def check_destination(destination: Path, *, overwrite: bool) -> None:
    """Refuse an output that would have to be replaced and must not be.

    Raises:
        AlreadyExistsError: Something is there, and it is not to be replaced, or is no output of a batch.
    """
    if not os.path.lexists(destination) or (destination.is_dir() and not any(destination.iterdir())):
        return
    if not overwrite:
        raise AlreadyExistsError(
            f"the output {destination} exists", hint="name another directory, or replace it with --overwrite"
        )
    if not (destination / SUCCESS).is_file():
        raise AlreadyExistsError(
            f"{destination} was not written by a batch: there is no {SUCCESS} in it",
            hint="only an earlier output is replaced; remove it yourself if it can go",
        )


def _locked_directory(destination: Path) -> tuple[Path, int]:
    """A new directory that was locked before it had its name, so that no other job takes it for an abandoned one."""
    made = Path(tempfile.mkdtemp(prefix=".modelpack-", dir=destination.parent))
    made.chmod(0o777 & ~_umask())
    lock = os.open(made, os.O_RDONLY)
    _lock(lock)
    return made.rename(_beside(destination, _STAGING)), lock


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _beside(destination: Path, purpose: str) -> Path:
    return destination.with_name(f".{destination.name}.{purpose}-{secrets.token_hex(4)}")


def _clear(destination: Path) -> None:
    """Undo what killed jobs left undone."""
    for replaced in _leftovers(destination, _REPLACED):
        if not os.path.lexists(destination):
            replaced.rename(destination)
        else:
            shutil.rmtree(replaced, ignore_errors=True)
    for staging in _leftovers(destination, _STAGING):
        if _is_abandoned(staging):
            shutil.rmtree(staging, ignore_errors=True)


def _leftovers(destination: Path, purpose: str) -> list[Path]:
    return list(destination.parent.glob(f".{glob.escape(destination.name)}.{purpose}-*"))


def _is_abandoned(staging: Path) -> bool:
    try:
        lock = os.open(staging, os.O_RDONLY)
    except OSError:
        return False
    try:
        return _lock(lock)
    finally:
        os.close(lock)


def _lock(descriptor: int) -> bool:
    """Lock a directory; False where another process has it locked. The lock ends with this process."""
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _put(staging: Path, destination: Path) -> None:
    if not os.path.lexists(destination):
        staging.rename(destination)
        return
    if _exchanged(staging, destination):
        return
    replaced = _beside(destination, _REPLACED)
    destination.rename(replaced)
    staging.rename(destination)
    shutil.rmtree(replaced, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Let two directories change names in one step, as Linux can on most of its file systems; False where it cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if os.name == "posix" else None
    if rename is None:
        return False
    names = (_AT_WORKING_DIRECTORY, os.fsencode(one), _AT_WORKING_DIRECTORY, os.fsencode(other))
    return bool(rename(*names, _EXCHANGE) == 0)


@contextmanager
def _unwritable(destination: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(destination, error) from error


def unwritable(destination: Path, error: OSError) -> InvalidArgumentError:
    """The error for an output that cannot be written."""
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    return InvalidArgumentError(
        f"the output {destination} cannot be written: {error.strerror or error}",
        hint="make room, or name a directory on another disk" if full else None,
    )

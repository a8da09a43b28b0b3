"""Paths inside a model directory: POSIX, relative, and never outside it."""

from __future__ import annotations

import ntpath
import os
from pathlib import Path, PurePosixPath

from modelpack.errors import InvalidModelError


def relative_path(text: str) -> PurePosixPath:
    """Check the form of a path as it may stand in a model.

    Args:
        text: For example `data/model.ubj`.

    Returns:
        The path, without `.` segments.

    Raises:
        InvalidModelError: It is empty, absolute, has a drive, a back-slash, a null character, or a `..` segment.
    """
    path = PurePosixPath(text)
    reason = None
    if not text:
        reason = "it is empty"
    elif "\0" in text or "\\" in text:
        reason = "it holds a back-slash or a null character"
    elif path.is_absolute() or ntpath.splitdrive(text)[0]:
        reason = "it is absolute"
    elif ".." in path.parts:
        reason = "it leaves the model directory"
    if reason is not None:
        raise InvalidModelError(
            f"the path {text!r} cannot stand in a model: {reason}",
            hint="paths in a model are relative to its directory, with / between the parts, as in data/model.bin",
        )
    return path


def confined_path(root: Path, text: str) -> Path:
    """Resolve a path of a model, symbolic links included, and check that it stays inside.

    Args:
        root: The model directory.
        text: Relative POSIX path; `.` is the directory itself.

    Raises:
        InvalidModelError: The form is wrong (see `relative_path`) or a symbolic link leads out.
    """
    base = os.path.realpath(root)
    resolved = os.path.realpath(os.path.join(base, relative_path(text)))  # noqa: PTH118 - texts, a third of the time
    if resolved != base and not resolved.startswith(base.rstrip(os.sep) + os.sep):
        raise InvalidModelError(f"the path {text!r} leads out of the model directory {root} through a symbolic link")
    return Path(resolved)


def existing_path(root: Path, text: str) -> Path:
    """Like `confined_path`, for a file or directory that has to be there.

    Raises:
        InvalidModelError: As `confined_path`, or nothing is there.
    """
    path = confined_path(root, text)
    if not path.exists():
        raise InvalidModelError(
            f"the model in {root} names {text!r}, which is not there",
            hint="the model directory is incomplete; copy or download it again",
        )
    return path

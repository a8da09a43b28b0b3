"""The manifest: a checksum for every file of a model, and the digest that names the whole."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.errors import IntegrityError, InvalidModelError
from modelpack.stores.checksums import format_checksums, hash_file, parse_checksums

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "MANIFEST.sha256"
_IGNORED = "__pycache__"
_SHOWN = 5


def write_manifest(directory: Path) -> str:
    """Write the manifest of a directory; `sha256sum -c MANIFEST.sha256` verifies it.

    Returns:
        The digest, `sha256:` and 64 hexadecimal digits.
    """
    text = format_checksums(_actual_sums(directory))
    (directory / NAME).write_bytes(text)
    return _digest(text)


def compute_digest(directory: Path) -> str:
    """The digest that the directory as it stands would have, whether it has a manifest or not.

    Raises:
        InvalidModelError: See `verify`.
    """
    return _digest(format_checksums(_actual_sums(directory)))


def verify(directory: Path) -> str:
    """Check every file against the manifest; without a manifest (MLflow writes none) compute the digest.

    Everything counts but `__pycache__`, which modelpack never reads. File contents are streamed.

    Returns:
        The digest.

    Raises:
        IntegrityError: Files were added, removed or changed; the message names them.
        InvalidModelError: The directory holds a special file or a symbolic link that leaves it or leads to a directory.
    """
    actual = _actual_sums(directory)
    try:
        text = (directory / NAME).read_bytes()
    except FileNotFoundError:
        return _digest(format_checksums(actual))
    expected = parse_checksums(text, source=str(directory / NAME))
    if actual != expected:
        raise IntegrityError(
            f"the model in {directory} is not what was saved: {_differences(expected, actual)}",
            hint="copy or download the model again; if the change was intended, save the model anew",
        )
    return _digest(text)


def files(directory: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every file of a model, with its POSIX path relative to the model; neither the manifest nor `__pycache__`.

    Raises:
        InvalidModelError: See `verify`.
    """
    for name, entry in _walk(str(directory), ""):
        if entry.is_symlink():
            _check_link(directory, name, entry)
        elif not entry.is_file(follow_symlinks=False):
            raise InvalidModelError(f"{entry.path} is neither a file nor a directory, and cannot be part of a model")
        if name != NAME:
            yield name, entry


def _actual_sums(directory: Path) -> dict[str, str]:
    return {name: hash_file(entry.path) for name, entry in files(directory)}


def _walk(directory: str, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != _IGNORED:
                    yield from _walk(entry.path, f"{prefix}{entry.name}/")
            else:
                yield prefix + entry.name, entry


def _check_link(directory: Path, name: str, entry: os.DirEntry[str]) -> None:
    target = Path(entry.path).resolve()
    if not target.is_relative_to(directory.resolve()):
        reason = "leads out of the model"
    elif not target.is_file():
        reason = "leads to no file"
    else:
        return
    raise InvalidModelError(
        f"the symbolic link {name!r} in the model {directory} {reason}",
        hint="a model holds its own files; replace the link by what it stands for",
    )


def _digest(text: bytes) -> str:
    return f"sha256:{hashlib.sha256(text).hexdigest()}"


def _differences(expected: dict[str, str], actual: dict[str, str]) -> str:
    changed = [name for name in expected if name in actual and expected[name] != actual[name]]
    kinds = {
        "changed": changed,
        "added": [name for name in actual if name not in expected],
        "removed": [name for name in expected if name not in actual],
    }
    return "; ".join(f"{kind} {_listed(sorted(names))}" for kind, names in kinds.items() if names)


def _listed(names: list[str]) -> str:
    shown = ", ".join(ascii(name) if not name.isprintable() else name for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"

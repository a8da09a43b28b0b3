"""Where batches come from and go to: files, pipes, standard input and output."""

from __future__ import annotations

import os
import re
import secrets
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from modelpack.errors import InvalidArgumentError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(//|:)")
STANDARD = "-"
"""What stands for standard input or output."""


@contextmanager
def opened_source(source: str | Path) -> Iterator[BinaryIO]:
    """Open a file, whatever fsspec opens by its URI, or standard input for `-`.

    Raises:
        NotFoundError: There is no such file.
        InvalidArgumentError: It cannot be read.
    """
    if source == STANDARD:
        yield sys.stdin.buffer
        return
    if is_remote(source):
        from modelpack.stores.remote import opened

        with opened(str(source)) as stream:
            yield stream
        return
    with _readable(Path(source)) as stream:
        yield stream


def is_remote(source: str | Path) -> bool:
    """Whether it is a URI and no path."""
    return isinstance(source, str) and _URI.match(source) is not None


def size_of(stream: BinaryIO) -> int:
    """How many bytes a file has that can be rewound; it stays where it is."""
    try:
        return os.fstat(stream.fileno()).st_size
    except OSError:
        place = stream.tell()
        end = stream.seek(0, os.SEEK_END)
        stream.seek(place)
        return end


def _readable(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}") from error
    except OSError as error:
        raise InvalidArgumentError(f"{path} cannot be read: {error.strerror}") from error


@contextmanager
def opened_destination(destination: str | Path) -> Iterator[BinaryIO]:
    """Open a file that appears when everything has been written, or standard output for `-`.

    The output is written beside the destination and renamed when the block ends without an exception; otherwise it
    is removed, and a file that was there before is as it was.

    Raises:
        InvalidArgumentError: It cannot be written.
    """
    if destination == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(destination)
    if path.exists() and not path.is_file():
        with _created(path, path, "wb") as stream:
            yield stream
        return
    path = path.resolve()
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    with _created(partial, path, "xb") as stream:
        try:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def _created(path: Path, asked: Path, mode: str) -> BinaryIO:
    try:
        return path.open(mode)  # type: ignore[return-value]  # both modes are binary
    except OSError as error:
        raise InvalidArgumentError(f"{asked} cannot be written: {error.strerror}") from error

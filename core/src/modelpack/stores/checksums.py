"""SHA-256 sums of files, in the format of the `sha256sum` program."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING

from modelpack.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SMALL = 1 << 16
_LINE = re.compile(rb"(\\?)([0-9a-f]{64}) [ *](.+)")
_TO_ESCAPE = re.compile(rb"[\\\n\r]")
_ESCAPED = re.compile(rb"\\(.?)", re.DOTALL)
_ESCAPES = {b"\\": b"\\\\", b"\n": b"\\n", b"\r": b"\\r"}
_UNESCAPES = {b"\\": b"\\", b"n": b"\n", b"r": b"\r"}


def hash_file(path: str | Path) -> str:
    """The SHA-256 of a file's content as hexadecimal text; memory does not grow with the file."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor, not a path
        first = os.read(descriptor, SMALL)
        if len(first) < SMALL:  # one read is five times faster than file_digest, and most files of a model are small
            return hashlib.sha256(first).hexdigest()
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()


def format_checksums(sums: Mapping[str, str]) -> bytes:
    """The text that `sha256sum` would print for these files, sorted by name.

    Args:
        sums: POSIX path of each file to its sum. A name with a back-slash or line end is escaped as `sha256sum` does.
    """
    names = {os.fsencode(name): value for name, value in sums.items()}
    return b"".join(_format_line(name, names[name]) for name in sorted(names))


def parse_checksums(text: bytes, *, source: str) -> dict[str, str]:
    """Read what `sha256sum` or `format_checksums` wrote.

    Args:
        text: The content of the file.
        source: What to call the file in an error.

    Raises:
        IntegrityError: A line has another form, or a name occurs twice.
    """
    sums: dict[str, str] = {}
    for number, line in enumerate(text.split(b"\n"), start=1):
        if not line:
            continue
        match = _LINE.fullmatch(line.removesuffix(b"\r"))
        if match is None:
            raise IntegrityError(f"line {number} of {source} is no checksum line")
        name = os.fsdecode(_unescape(match[3]) if match[1] else match[3])
        if name in sums:
            raise IntegrityError(f"{source} lists {name!r} twice")
        sums[name] = match[2].decode()
    return sums


def _format_line(name: bytes, value: str) -> bytes:
    escaped = _TO_ESCAPE.sub(lambda match: _ESCAPES[match[0]], name)
    mark = b"" if escaped == name else b"\\"
    return b"%s%s  %s\n" % (mark, value.encode(), escaped)


def _unescape(name: bytes) -> bytes:
    return _ESCAPED.sub(lambda match: _UNESCAPES.get(match[1], match[0]), name)

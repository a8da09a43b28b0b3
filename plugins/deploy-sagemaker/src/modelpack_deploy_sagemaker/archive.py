"""The model directory as the archive that SageMaker unpacks into `/opt/ml/model`."""

from __future__ import annotations

import gzip
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILE = 0o644
_DIRECTORY = 0o755


@contextmanager
def model_archive(directory: Path) -> Iterator[Path]:
    """The contents of a model directory as `model.tar.gz`, in a file that is removed afterwards.

    One model gives the same bytes everywhere: no times, no users of this machine, and the files in the order of their
    names.
    """
    with tempfile.TemporaryDirectory(prefix="modelpack-sagemaker-") as scratch:
        path = Path(scratch, "model.tar.gz")
        with path.open("wb") as file:
            write_archive(directory, file)
        yield path


def write_archive(directory: Path, file: BinaryIO) -> None:
    """Write the contents of a directory as tar.gz."""
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as packed,
        tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT, dereference=True) as archive,
    ):
        for path in sorted(directory.rglob("*"), key=lambda each: each.relative_to(directory).as_posix()):
            name = path.relative_to(directory).as_posix()
            archive.add(path, name, recursive=False, filter=_anonymous)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime, member.uid, member.gid, member.uname, member.gname = 0, 0, 0, "", ""
    member.mode = _DIRECTORY if member.isdir() or member.mode & 0o100 else _FILE
    member.pax_headers = {}
    return member

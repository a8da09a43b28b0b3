"""Content by its digest, in a directory that is laid out as in an OCI image layout."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from modelpack.errors import IntegrityError, NotFoundError
from modelpack.images.oci.documents import Descriptor

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 20


class BlobSource(Protocol):
    """Whatever has the content of descriptors."""

    def fetch(self, descriptor: Descriptor) -> Path:
        """A file on this machine with the content, which was checked when it came there."""
        ...


class Writer(Protocol):
    """What tars are written to."""

    def write(self, data: bytes, /) -> int:
        """Write all of it."""
        ...


class HashingWriter:
    """Writes to a file and knows size and digest of what went through."""

    def __init__(self, file: Writer) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes, /) -> int:
        """Write all of it."""
        self._hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Nothing: the file is flushed when it is closed."""

    @property
    def digest(self) -> str:
        """The digest so far."""
        return f"sha256:{self._hash.hexdigest()}"


@dataclass(frozen=True, slots=True)
class BlobStore:
    """The `blobs` directory of a layout, or a cache of the same shape; a blob appears when it is complete.

    Attributes:
        root: The directory that holds `blobs/sha256`.
    """

    root: Path

    def path(self, digest: str) -> Path:
        """Where a blob lies, or would."""
        return self.root / "blobs" / "sha256" / digest.removeprefix("sha256:")

    def __contains__(self, descriptor: Descriptor) -> bool:
        path = self.path(descriptor.digest)
        return path.is_file() and path.stat().st_size == descriptor.size

    def fetch(self, descriptor: Descriptor) -> Path:
        """The file of a blob that is there.

        Raises:
            NotFoundError: It is not, or not as large as the descriptor says.
        """
        if descriptor not in self:
            raise NotFoundError(f"{self.root} has no blob {descriptor.digest} of {descriptor.size} bytes")
        return self.path(descriptor.digest)

    @contextmanager
    def writer(self, expected: Descriptor | None = None) -> Iterator[HashingWriter]:
        """Write a blob; it is there, under its digest, when the block ends normally.

        Args:
            expected: What it has to be; None takes it as it comes.

        Raises:
            IntegrityError: It is something else; nothing is kept then.
        """
        directory = self.path("")
        directory.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".", dir=directory)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
                writer = HashingWriter(file)
                yield writer
            if expected is not None:
                _check(writer, expected)
            Path(name).chmod(0o644)
            Path(name).replace(self.path(writer.digest))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def add(self, content: bytes, media_type: str) -> Descriptor:
        """Write a small blob."""
        with self.writer() as writer:
            writer.write(content)
        return Descriptor(mediaType=media_type, digest=writer.digest, size=writer.size)

    def copy(self, descriptor: Descriptor, source: BlobSource) -> Path:
        """Have a blob here too, checked while it is copied.

        Raises:
            IntegrityError: The source's content has changed.
        """
        if descriptor not in self:
            with source.fetch(descriptor).open("rb") as file, self.writer(descriptor) as writer:
                copy(file, writer)
        return self.path(descriptor.digest)


def copy(source: IO[bytes], target: Writer) -> None:
    """Copy a stream in bounded memory."""
    while chunk := source.read(CHUNK):
        target.write(chunk)


def content_digest(content: bytes) -> str:
    """The digest of a small content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _check(writer: HashingWriter, expected: Descriptor) -> None:
    if (writer.digest, writer.size) != (expected.digest, expected.size):
        raise IntegrityError(
            f"a blob is not what its descriptor says: {writer.digest} of {writer.size} bytes "
            f"instead of {expected.digest} of {expected.size}",
            hint="it was damaged on its way or changed where it lies; fetch it again",
        )

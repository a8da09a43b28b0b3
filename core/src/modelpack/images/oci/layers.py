"""Layers: a tar, its compressed form and the digests of both."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from modelpack.errors import InvalidArgumentError
from modelpack.images.oci.blobs import BlobStore, HashingWriter
from modelpack.images.oci.documents import OCI_LAYER_GZIP, Descriptor
from modelpack.images.oci.tars import TarFile, write_tar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_COMPRESSION = 5
_WHITEOUT = ".wh."


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer that was written.

    Attributes:
        descriptor: Its compressed tar.
        diff_id: The digest of the tar itself.
        created_by: What made it, for the history of the image.
    """

    descriptor: Descriptor
    diff_id: str
    created_by: str


def write_layer(files: Iterable[TarFile], blobs: BlobStore, created_by: str) -> Layer:
    """Write a layer, the same bytes for the same files, in one pass and bounded memory.

    Raises:
        InvalidArgumentError: A name would delete files of the layers below (`.wh.…`), or a path occurs twice.
    """
    with blobs.writer() as compressed:
        target = cast("IO[bytes]", compressed)  # gzip calls nothing but write and flush
        with gzip.GzipFile(fileobj=target, mode="wb", filename="", mtime=0, compresslevel=_COMPRESSION) as zipped:
            plain = HashingWriter(zipped)
            write_tar(_without_whiteouts(files), plain)
    descriptor = Descriptor(mediaType=OCI_LAYER_GZIP, digest=compressed.digest, size=compressed.size)
    return Layer(descriptor, plain.digest, created_by)


def _without_whiteouts(files: Iterable[TarFile]) -> Iterator[TarFile]:
    for file in files:
        if any(part.startswith(_WHITEOUT) for part in file.path.parts):
            raise InvalidArgumentError(
                f"the file {file.path} cannot be in an image: names that begin with {_WHITEOUT} delete files there",
                hint="rename it",
            )
        yield file

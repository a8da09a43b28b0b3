"""What `docker save` wrote before version 25: a manifest of its own, and layers by path instead of digest."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from modelpack.errors import InvalidArgumentError, NotFoundError
from modelpack.images.oci.blobs import BlobStore, copy
from modelpack.images.oci.documents import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_LAYER_GZIP,
    OCI_MANIFEST,
    Descriptor,
    write_document,
)
from modelpack.images.oci.references import RegistryReference
from modelpack.images.oci.selection import LARGEST_DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.images.oci.references import LayoutReference

_GZIP = b"\x1f\x8b"


class _Saved(BaseModel):
    config: str = Field(alias="Config")
    names: list[str] | None = Field(alias="RepoTags", default=None)
    layers: list[str] = Field(alias="Layers")


_MANIFEST = TypeAdapter(list[_Saved])


def read_docker_archive(read: Callable[[str], IO[bytes]], reference: LayoutReference, blobs: BlobStore) -> Descriptor:
    """Put an image of such an archive into a store, with the OCI manifest that it would have.

    Args:
        read: Opens a member of the archive.
        reference: Which image.
        blobs: Where its documents and layers go; the layers stay uncompressed, as they are in the archive.

    Returns:
        The manifest.

    Raises:
        NotFoundError: There is no such image.
        InvalidArgumentError: It is no such archive, or has several images and the reference names none.
    """
    saved = _find(read("manifest.json").read(LARGEST_DOCUMENT), reference)
    config = blobs.add(read(saved.config).read(LARGEST_DOCUMENT), OCI_CONFIG)
    layers = [_add_layer(read(name), blobs) for name in saved.layers]
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": config.model_dump(by_alias=True, exclude_none=True),
        "layers": [layer.model_dump(by_alias=True, exclude_none=True) for layer in layers],
    }
    return blobs.add(write_document(manifest), OCI_MANIFEST)


def _add_layer(content: IO[bytes], blobs: BlobStore) -> Descriptor:
    start = content.read(len(_GZIP))
    with blobs.writer() as writer:
        writer.write(start)
        copy(content, writer)
    media_type = OCI_LAYER_GZIP if start == _GZIP else OCI_LAYER
    return Descriptor(mediaType=media_type, digest=writer.digest, size=writer.size)


def _find(content: bytes, reference: LayoutReference) -> _Saved:
    try:
        images = _MANIFEST.validate_json(content)
    except ValidationError as error:
        raise InvalidArgumentError(f"the manifest.json of {reference.path} is not one of docker save") from error
    if reference.name is not None:
        wanted = RegistryReference.parse(reference.name)
        images = [one for one in images if wanted in map(RegistryReference.parse, one.names or [])]
    if not images:
        raise NotFoundError(f"{reference} is not in the archive")
    if len(images) > 1:
        raise InvalidArgumentError(
            f"{reference.path} has several images", hint="add :NAME, as in docker-archive:FILE:NAME"
        )
    return images[0]

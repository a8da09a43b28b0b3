"""From what a name leads to, an index or a manifest, to the image for one platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.errors import IntegrityError, InvalidArgumentError, NotFoundError
from modelpack.images.oci.blobs import BlobSource, content_digest
from modelpack.images.oci.documents import INDEXES, MANIFESTS, Config, Descriptor, Index, Manifest, read_document
from modelpack.images.oci.images import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelpack.images.oci.platforms import Platform

LARGEST_DOCUMENT = 4 << 20
"""Registries accept no larger manifest, and no configuration is larger."""
_DEEPEST = 3


def read_image(root: Descriptor, platform: Platform, source: BlobSource, name: str) -> Image:
    """Read the documents of an image.

    Args:
        root: An index or a manifest.
        platform: Which image of an index.
        source: Who has them.
        name: What to call the image in errors.

    Raises:
        NotFoundError: There is none for that platform.
        InvalidArgumentError: It is no image, or one in the format that Docker had before 2016.
        IntegrityError: A document is not what its descriptor says.
    """
    for _ in range(_DEEPEST):
        if root.media_type not in INDEXES:
            break
        root = choose(read_document(Index, _content(root, source), name).manifests, platform, name)
    if root.media_type not in MANIFESTS:
        raise InvalidArgumentError(f"{name} is no image of a kind that is known: it is {root.media_type}")
    manifest = read_document(Manifest, _content(root, source), name)
    config = read_document(Config, _content(manifest.config, source), name)
    if not platform.runs(config.os, config.architecture, config.variant):
        raise NotFoundError(f"{name} is for {config.os}/{config.architecture}, not for {platform}", hint=_HINT)
    return Image(root, manifest, config, source)


def choose(manifests: Sequence[Descriptor], platform: Platform, name: str) -> Descriptor:
    """The image for a platform; one that does not say what it is for is taken when it is the only one.

    Raises:
        NotFoundError: There is none.
    """
    for descriptor in manifests:
        if (given := descriptor.platform) and platform.runs(given.os, given.architecture, given.variant):
            return descriptor
    if len(manifests) == 1 and manifests[0].platform is None:
        return manifests[0]
    known = sorted(
        {f"{given.os}/{given.architecture}" for one in manifests if (given := one.platform)} - {"unknown/unknown"}
    )
    there = (
        f"it has {', '.join(known)}" if known else f"it has {len(manifests)} images that do not say what they are for"
    )
    raise NotFoundError(f"{name} has no image for {platform}: {there}", hint=_HINT)


_HINT = "choose another --platform or another --base"


def _content(descriptor: Descriptor, source: BlobSource) -> bytes:
    if descriptor.size > LARGEST_DOCUMENT:
        raise InvalidArgumentError(
            f"{descriptor.digest} has {descriptor.size} bytes, too many for a document of an image"
        )
    content = source.fetch(descriptor).read_bytes()
    if content_digest(content) != descriptor.digest:
        raise IntegrityError(f"the content of {descriptor.digest} has another digest: {content_digest(content)}")
    return content

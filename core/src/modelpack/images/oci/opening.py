"""Opening the image that a reference means, wherever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.images.oci.archives import open_archive
from modelpack.images.oci.layouts import open_directory
from modelpack.images.oci.references import LayoutReference
from modelpack.images.oci.registry import open_remote

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.images.oci.blobs import BlobStore
    from modelpack.images.oci.images import Image
    from modelpack.images.oci.platforms import Platform
    from modelpack.images.oci.references import ImageReference, RegistryReference
    from modelpack.images.oci.registry import Registry


def open_image(
    reference: ImageReference, platform: Platform, blobs: BlobStore, connect: Callable[[RegistryReference], Registry]
) -> Image:
    """Read the documents of an image.

    Args:
        reference: Which.
        platform: What it has to run on.
        blobs: Where its layers are kept once they are fetched.
        connect: Answers the registry of a reference.

    Raises:
        NotFoundError: There is none of that name, or none for that platform.
        ModelpackError: It cannot be read.
    """
    if not isinstance(reference, LayoutReference):
        return open_remote(reference, platform, connect(reference), blobs)
    if reference.path.is_dir():
        return open_directory(reference, platform)
    return open_archive(reference, platform, blobs)

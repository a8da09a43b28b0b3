"""Image layouts in directories (OCI image specification 1.1, image-layout.md)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.errors import AlreadyExistsError, NotFoundError
from modelpack.images.oci import layout_documents
from modelpack.images.oci.blobs import BlobStore
from modelpack.images.oci.documents import Descriptor, Index, read_document
from modelpack.images.oci.selection import read_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.images.oci.images import Image
    from modelpack.images.oci.platforms import Platform
    from modelpack.images.oci.references import LayoutReference, RegistryReference


def open_directory(reference: LayoutReference, platform: Platform) -> Image:
    """Read an image of a layout in a directory.

    Raises:
        NotFoundError: There is no layout, or no such image for that platform in it.
    """
    path = reference.path / layout_documents.INDEX
    if not path.is_file():
        raise NotFoundError(
            f"there is no image layout in {reference.path}",
            hint=f"it has no {layout_documents.INDEX}; give a directory that skopeo, buildah or modelpack wrote",
        )
    listed = read_document(Index, path.read_bytes(), str(path)).manifests
    root = layout_documents.find(listed, reference, platform)
    return read_image(root, platform, BlobStore(reference.path), str(reference))


def write_directory(image: Image, directory: Path, name: RegistryReference, progress: Callable[[str], None]) -> None:
    """Add an image to a layout, which is made when there is none; an image of the same name gives it up.

    The index is written last and by a rename, so that the layout is complete at every moment.

    Raises:
        AlreadyExistsError: Something else stands there.
        IntegrityError: A layer changed since it was checked.
    """
    others = [one for one in _listed(directory) if not layout_documents.has_name(one, str(name))]
    blobs = BlobStore(directory)
    for descriptor in [*image.blobs, image.descriptor]:
        progress(f"writing {descriptor.digest[:19]} ({descriptor.size:,} bytes)")
        blobs.copy(descriptor, image)
    _replace(directory / layout_documents.MARK, layout_documents.MARK_CONTENT)
    _replace(directory / layout_documents.INDEX, layout_documents.index([*others, layout_documents.entry(image, name)]))


def _listed(directory: Path) -> list[Descriptor]:
    path = directory / layout_documents.INDEX
    if path.is_file():
        return read_document(Index, path.read_bytes(), str(path)).manifests
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise AlreadyExistsError(
            f"{directory} exists already and is no image layout",
            hint="choose a new directory, an empty one, or a layout to add the image to",
        )
    return []


def _replace(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".", dir=path.parent)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
        file.write(content)
    Path(name).chmod(0o644)
    Path(name).replace(path)

"""Images in tars: OCI layouts, and what `docker save` writes; ours are both at once."""

from __future__ import annotations

import json
import tarfile
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from modelpack.errors import InvalidArgumentError, NotFoundError
from modelpack.images.oci import layout_documents
from modelpack.images.oci.blobs import BlobStore, copy
from modelpack.images.oci.docker_archives import read_docker_archive
from modelpack.images.oci.documents import Descriptor, Index, read_document
from modelpack.images.oci.selection import LARGEST_DOCUMENT, read_image
from modelpack.images.oci.tars import TarFile, write_tar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.images.oci.images import Image
    from modelpack.images.oci.platforms import Platform
    from modelpack.images.oci.references import LayoutReference, RegistryReference

DOCKER_MANIFEST = "manifest.json"


class ArchivedBlobs:
    """The blobs of a layout in a tar, unpacked into a store when they are asked for."""

    def __init__(self, path: Path, blobs: BlobStore) -> None:
        self._path = path
        self._blobs = blobs

    def fetch(self, descriptor: Descriptor) -> Path:
        """A file with the content, checked.

        Raises:
            NotFoundError: The tar has no such blob.
            IntegrityError: It has another one in its place.
        """
        if descriptor not in self._blobs:
            with opened(self._path) as tar, self._blobs.writer(descriptor) as writer:
                copy(member(tar, f"blobs/sha256/{descriptor.hex}"), writer)
        return self._blobs.path(descriptor.digest)


def open_archive(reference: LayoutReference, platform: Platform, blobs: BlobStore) -> Image:
    """Read an image in a tar.

    Args:
        reference: Which.
        platform: What it has to run on.
        blobs: Where its layers are unpacked.

    Raises:
        NotFoundError: There is no such file, or no such image in it.
        InvalidArgumentError: It is no tar with images.
    """
    with opened(reference.path) as tar:
        names = {PurePosixPath(name) for name in tar.getnames()}
        if PurePosixPath(layout_documents.INDEX) in names:
            content = member(tar, layout_documents.INDEX).read(LARGEST_DOCUMENT)
            listed = read_document(Index, content, str(reference)).manifests
            root = layout_documents.find(listed, reference, platform)
            return read_image(root, platform, ArchivedBlobs(reference.path, blobs), str(reference))
        if PurePosixPath(DOCKER_MANIFEST) in names:
            return read_image(
                read_docker_archive(partial(member, tar), reference, blobs), platform, blobs, str(reference)
            )
    raise InvalidArgumentError(
        f"{reference.path} has neither {layout_documents.INDEX} nor {DOCKER_MANIFEST}", hint=_HINT
    )


def write_archive(image: Image, path: Path, name: RegistryReference) -> None:
    """Write an image into a tar of its own, replacing what was there once it is complete.

    It is an OCI layout that `docker load` takes too, by the same blobs: Docker reads layouts only since version 25.
    """
    with tempfile.NamedTemporaryFile(prefix=".", dir=path.parent, delete=False) as file:
        try:
            write_tar(_files(image, name), file)
            file.close()
            Path(file.name).chmod(0o644)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


@contextmanager
def opened(path: Path) -> Iterator[tarfile.TarFile]:
    """Open a tar, compressed or not.

    Raises:
        NotFoundError: There is no such file.
        InvalidArgumentError: It is no tar.
    """
    try:
        with tarfile.open(path) as tar:
            yield tar
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}", hint=_HINT) from error
    except (tarfile.TarError, EOFError) as error:
        raise InvalidArgumentError(f"{path} is no readable tar: {error}", hint=_HINT) from error


_HINT = "give a tar that docker save, podman save, skopeo or modelpack wrote, or the directory of a layout"


def member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    """The content of a member, whether its name begins with `./` or not.

    Raises:
        NotFoundError: There is none, or it is no file.
    """
    for spelling in (name, f"./{name}"):
        try:
            content = tar.extractfile(spelling)
        except KeyError:
            continue
        if content is not None:
            return content
    raise NotFoundError(f"{tar.name!s} has no {name}", hint="the archive is incomplete; write it again")


def _files(image: Image, name: RegistryReference) -> Iterator[TarFile]:
    blobs = {descriptor.digest: descriptor for descriptor in [*image.blobs, image.descriptor]}
    for descriptor in blobs.values():
        yield TarFile(_blob_path(descriptor), image.fetch(descriptor))
    documents = {
        layout_documents.MARK: layout_documents.MARK_CONTENT,
        layout_documents.INDEX: layout_documents.index([layout_documents.entry(image, name)]),
        DOCKER_MANIFEST: _docker_manifest(image, name),
    }
    for file, content in documents.items():
        yield TarFile(PurePosixPath("/", file), content)


def _docker_manifest(image: Image, name: RegistryReference) -> bytes:
    layers = [str(_blob_path(layer))[1:] for layer in image.manifest.layers]
    entry = {"Config": str(_blob_path(image.manifest.config))[1:], "RepoTags": [str(name)], "Layers": layers}
    return json.dumps([entry], separators=(",", ":")).encode()


def _blob_path(descriptor: Descriptor) -> PurePosixPath:
    return PurePosixPath("/blobs/sha256", descriptor.hex)

"""The documents at the top of an image layout, in a directory and in a tar alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError, NotFoundError
from modelpack.images.oci.documents import OCI_INDEX, OCI_MANIFEST, DescribedPlatform, Descriptor, write_document
from modelpack.images.oci.selection import choose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelpack.images.oci.images import Image
    from modelpack.images.oci.platforms import Platform
    from modelpack.images.oci.references import LayoutReference, RegistryReference

INDEX = "index.json"
MARK = "oci-layout"
MARK_CONTENT = b'{"imageLayoutVersion":"1.0.0"}'

_FULL_NAME = "io.containerd.image.name"
_TAG = "org.opencontainers.image.ref.name"


def entry(image: Image, name: RegistryReference) -> Descriptor:
    """How a layout lists an image: its tag by the specification's annotation, its name by the one that Docker reads."""
    return Descriptor(
        mediaType=OCI_MANIFEST,
        digest=image.descriptor.digest,
        size=image.descriptor.size,
        platform=DescribedPlatform(
            architecture=image.config.architecture, os=image.config.os, variant=image.config.variant
        ),
        annotations={_FULL_NAME: str(name), _TAG: name.version},
    )


def index(entries: Sequence[Descriptor]) -> bytes:
    """The index of a layout."""
    manifests = [one.model_dump(by_alias=True, exclude_none=True) for one in entries]
    return write_document({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests})


def has_name(descriptor: Descriptor, full_name: str) -> bool:
    """Whether a layout lists this under that name."""
    return (descriptor.annotations or {}).get(_FULL_NAME) == full_name


def find(manifests: Sequence[Descriptor], reference: LayoutReference, platform: Platform) -> Descriptor:
    """The image or nested index that a reference means.

    Raises:
        NotFoundError: None has that name, or none is for that platform.
        InvalidArgumentError: There are several, and the reference names none.
    """
    named = [one for one in manifests if reference.name in {None, *_names(one)}]
    if not named:
        raise NotFoundError(f"{reference} is not in the layout", hint=_known(manifests))
    if len({one.digest for one in named}) == 1:
        return named[0]
    if reference.name is None and len({name for one in named for name in _names(one)}) > 1:
        raise InvalidArgumentError(f"{reference} has several images", hint=f"add :NAME; {_known(manifests)}")
    return choose(named, platform, str(reference))


def _names(descriptor: Descriptor) -> set[str]:
    annotations = descriptor.annotations or {}
    return {annotations[key] for key in (_FULL_NAME, _TAG) if key in annotations}


def _known(manifests: Sequence[Descriptor]) -> str:
    return f"its names are {', '.join(sorted({name for one in manifests for name in _names(one)})) or 'none'}"

"""The JSON documents of an image: descriptors, manifests, indexes and configurations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_LAYER_GZIP = f"{OCI_LAYER}+gzip"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

MANIFESTS = (OCI_MANIFEST, DOCKER_MANIFEST)
INDEXES = (OCI_INDEX, DOCKER_INDEX)

_OCI_NAMES = {
    "application/vnd.docker.image.rootfs.diff.tar": OCI_LAYER,
    "application/vnd.docker.image.rootfs.diff.tar.gzip": OCI_LAYER_GZIP,
    "application/vnd.docker.image.rootfs.diff.tar.zstd": f"{OCI_LAYER}+zstd",
}
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class _Document(BaseModel):
    """Names as in the specification; what we do not know is kept."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)


class DescribedPlatform(_Document):
    """The platform of an image in an index."""

    architecture: str
    os: str
    variant: str | None = None


class Descriptor(_Document):
    """Content by its digest.

    Attributes:
        media_type: What it is.
        digest: SHA-256 of its bytes.
        size: How many bytes there are.
        platform: What it runs on, in an index.
        annotations: Such as the name of an image in a layout.
    """

    media_type: str = Field(alias="mediaType")
    digest: Digest
    size: int = Field(ge=0)
    platform: DescribedPlatform | None = None
    annotations: dict[str, str] | None = None

    @property
    def hex(self) -> str:
        """The digest without the name of its algorithm."""
        return self.digest.partition(":")[2]

    def in_oci_terms(self) -> Descriptor:
        """The same content under OCI's media type where Docker has one of its own for it (the bytes are the same)."""
        return self.model_copy(update={"media_type": _OCI_NAMES.get(self.media_type, self.media_type)})


class Manifest(_Document):
    """One image for one platform."""

    schema_version: Literal[2] = Field(alias="schemaVersion")
    config: Descriptor
    layers: list[Descriptor]


class Index(_Document):
    """Images for several platforms, or the images of a layout."""

    schema_version: Literal[2] = Field(alias="schemaVersion")
    manifests: list[Descriptor]


class RootFilesystem(_Document):
    """The layers of an image by the digests of their uncompressed tars."""

    type: Literal["layers"] = "layers"
    diff_ids: list[Digest]


class Config(_Document):
    """What runs in an image; of `config` we know what Docker and the OCI specification say."""

    architecture: str
    os: str
    variant: str | None = None
    config: dict[str, Any] | None = None
    rootfs: RootFilesystem
    history: list[dict[str, Any]] | None = None


_Kind = TypeVar("_Kind", bound=_Document)


def read_document(kind: type[_Kind], content: bytes, source: str) -> _Kind:
    """Read a document.

    Args:
        kind: Which.
        content: Its bytes.
        source: What to call it in an error.

    Raises:
        InvalidArgumentError: It is not what the specification says.
    """
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidArgumentError(
            f"{source} is no {kind.__name__.lower()} of an image: {place}: {first['msg']}"
        ) from error


def write_document(document: _Document | Mapping[str, Any]) -> bytes:
    """The bytes of a document: compact, its keys sorted, so that the same content has the same digest everywhere."""
    value = document.model_dump(by_alias=True, exclude_none=True) if isinstance(document, BaseModel) else dict(document)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

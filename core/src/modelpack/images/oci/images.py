"""An image as it is read from somewhere, and the image that grows on top of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError
from modelpack.images.oci.documents import OCI_CONFIG, OCI_MANIFEST, Config, Descriptor, Manifest, write_document
from modelpack.images.oci.references import RegistryReference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from modelpack.images.oci.blobs import BlobSource, BlobStore
    from modelpack.images.oci.layers import Layer
    from modelpack.images.oci.references import ImageReference

_BASE_DIGEST = "org.opencontainers.image.base.digest"
_BASE_NAME = "org.opencontainers.image.base.name"


@dataclass(frozen=True, slots=True)
class Image:
    """An image whose documents are known and whose layers can be fetched.

    Attributes:
        descriptor: Its manifest.
        manifest: What it is made of.
        config: What runs in it.
        source: Who has its layers.
    """

    descriptor: Descriptor
    manifest: Manifest
    config: Config
    source: BlobSource

    def fetch(self, descriptor: Descriptor) -> Path:
        """A file with the content of one of its layers."""
        return self.source.fetch(descriptor)

    @property
    def blobs(self) -> list[Descriptor]:
        """What has to be there before the manifest may be: the layers, bottom first, and the configuration."""
        return [*self.manifest.layers, self.manifest.config]


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """How an engine finds out whether a container is well.

    Attributes:
        command: What it runs.
        interval: Seconds from one run to the next.
        timeout: Seconds that a run may take.
        start: Seconds in which failures do not count yet.
    """

    command: Sequence[str]
    interval: int
    timeout: int
    start: int

    def document(self) -> dict[str, Any]:
        """The same as Docker's configuration says it, in nanoseconds."""
        times = {"Interval": self.interval, "Timeout": self.timeout, "StartPeriod": self.start}
        return {"Test": ["CMD", *self.command], **{name: seconds * 10**9 for name, seconds in times.items()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What an image says about the process that runs in it, and about itself.

    Attributes:
        entrypoint: What `docker run IMAGE` runs.
        command: Its default arguments.
        directory: Where it starts.
        environment: Variables, added to those of the base.
        user: `uid:gid`.
        ports: The TCP ports that it listens on.
        health_check: What tells whether it is well, as Docker's configuration has it; the OCI's knows the name alone.
        labels: Added to those of the base, and the annotations of the manifest.
        created: When it says that it was made.
    """

    entrypoint: Sequence[str]
    command: Sequence[str]
    directory: str
    environment: Mapping[str, str]
    user: str
    ports: Sequence[int]
    health_check: HealthCheck
    labels: Mapping[str, str]
    created: datetime


def extend(
    base: Image, name: ImageReference, layers: Sequence[Layer], execution: Execution, stores: Sequence[BlobStore]
) -> Image:
    """Put layers on top of an image; the manifest and the configuration of the result are written, too.

    Args:
        base: What is below.
        name: What it was called, for the annotations.
        layers: What comes on top, bottom first.
        execution: What runs in the result.
        stores: Where the layers are; the documents go to the first.

    Raises:
        InvalidArgumentError: The base contradicts itself.
    """
    blobs = stores[0]
    below = [layer.in_oci_terms() for layer in base.manifest.layers]
    if len(below) != len(base.config.rootfs.diff_ids):
        raise InvalidArgumentError(
            f"the image {name} has {len(below)} layers, and its configuration has {len(base.config.rootfs.diff_ids)}"
        )
    config = blobs.add(write_document(_config(base.config, layers, execution)), OCI_CONFIG)
    annotations = {**execution.labels, **_origin(base, name)}
    manifest = write_document(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _plain(config),
            "layers": [_plain(layer) for layer in [*below, *(layer.descriptor for layer in layers)]],
            "annotations": annotations,
        }
    )
    return Image(
        blobs.add(manifest, OCI_MANIFEST),
        Manifest.model_validate_json(manifest),
        Config.model_validate_json(blobs.path(config.digest).read_bytes()),
        _Stacked(stores, base),
    )


@dataclass(frozen=True, slots=True)
class _Stacked:
    """Our own blobs, and below them the base's."""

    stores: Sequence[BlobStore]
    base: Image

    def fetch(self, descriptor: Descriptor) -> Path:
        source = next((store for store in self.stores if descriptor in store), self.base)
        return source.fetch(descriptor)


def _config(base: Config, layers: Sequence[Layer], execution: Execution) -> dict[str, Any]:
    created = execution.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    history = [{"created": created, "created_by": layer.created_by, "comment": "modelpack"} for layer in layers]
    return {
        "created": created,
        "architecture": base.architecture,
        "os": base.os,
        **({"variant": base.variant} if base.variant else {}),
        "config": _process(base.config or {}, execution),
        "rootfs": {"type": "layers", "diff_ids": [*base.rootfs.diff_ids, *(layer.diff_id for layer in layers)]},
        "history": [*_history(base), *history],
    }


def _history(base: Config) -> list[dict[str, Any]]:
    """What is known of the base's layers; engines want one step for each, so that a base with none gets empty ones."""
    steps = base.history or []
    with_layer = [step for step in steps if not step.get("empty_layer")]
    return (
        steps if len(with_layer) == len(base.rootfs.diff_ids) else [{"comment": "base"} for _ in base.rootfs.diff_ids]
    )


def _process(base: Mapping[str, Any], execution: Execution) -> dict[str, Any]:
    """The base's environment, volumes and labels stay; how it starts, stops and is checked does not."""
    environment = dict(line.partition("=")[::2] for line in base.get("Env") or [])
    return {
        **({"Volumes": base["Volumes"]} if base.get("Volumes") else {}),
        "WorkingDir": execution.directory,
        "Env": [f"{name}={value}" for name, value in (environment | dict(execution.environment)).items()],
        "Entrypoint": list(execution.entrypoint),
        "Cmd": list(execution.command),
        "User": execution.user,
        "ExposedPorts": {f"{port}/tcp": {} for port in execution.ports},
        "Labels": {**(base.get("Labels") or {}), **execution.labels},
        "Healthcheck": execution.health_check.document(),
    }


def _plain(descriptor: Descriptor) -> dict[str, Any]:
    return {"mediaType": descriptor.media_type, "digest": descriptor.digest, "size": descriptor.size}


def _origin(base: Image, name: ImageReference) -> dict[str, str]:
    """The annotations that name the base; the path of a layout would differ from machine to machine."""
    named = {_BASE_NAME: str(name)} if isinstance(name, RegistryReference) else {}
    return {_BASE_DIGEST: base.descriptor.digest, **named}

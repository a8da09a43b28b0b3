"""Building an image without a container engine: its layers are written here, and the base's are taken as they are."""

from __future__ import annotations

import os
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError
from modelpack.images.contents import HEALTH_INTERVAL, HEALTH_START, HEALTH_TIMEOUT, MODEL, PACKAGES
from modelpack.images.describing import image_contents
from modelpack.images.oci.bases import find_python, require_packages
from modelpack.images.oci.blobs import BlobStore
from modelpack.images.oci.delivery import Delivery, NamedImage, deliver
from modelpack.images.oci.images import Execution, HealthCheck, extend
from modelpack.images.oci.layers import write_layer
from modelpack.images.oci.opening import open_image
from modelpack.images.oci.packages.installers import find_installer
from modelpack.images.oci.packages.layer import package_layer
from modelpack.images.oci.packages.request import PackageRequest
from modelpack.images.oci.platforms import Platform
from modelpack.images.oci.references import parse_reference
from modelpack.images.oci.tars import TarFile
from modelpack.images.oci.transport import Transport
from modelpack.package import manifest
from modelpack.stores.directories import cache_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from modelpack.images.contents import ImageContents
    from modelpack.images.oci.images import Image
    from modelpack.images.oci.layers import Layer
    from modelpack.images.oci.packages.layer import PackageLayer
    from modelpack.images.options import ImageOptions

_CREATED = "org.opencontainers.image.created"
_EPOCH = "SOURCE_DATE_EPOCH"
_DIRECTORY = "/tmp"  # noqa: S108 - of the container


@dataclass(frozen=True, slots=True)
class BuiltLayer:
    """A layer of an image that was built.

    Attributes:
        title: What is in it.
        digest: Its digest.
        size: Its size, compressed.
        reused: Whether it was there before the build.
    """

    title: str
    digest: str
    size: int
    reused: bool


@dataclass(frozen=True, slots=True)
class DaemonlessImage:
    """An image that was built.

    Attributes:
        name: What it is called.
        digest: The digest of its manifest, by which a registry has it.
        model_digest: The digest of the model that it trusts.
        layers: Its layers, bottom first.
        lock: Every distribution in it, pinned, with hashes.
    """

    name: str
    digest: str
    model_digest: str
    layers: tuple[BuiltLayer, ...]
    lock: tuple[str, ...]


def build_model_daemonless(
    model: str | os.PathLike[str],
    delivery: Delivery,
    *,
    options: ImageOptions | None = None,
    base: str | None = None,
    platform: str | None = None,
    assume_packages: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> DaemonlessImage:
    """Build the image of a model's scoring server without a container engine.

    Args:
        model: A model directory, or the URI of one.
        delivery: Where it goes.
        options: What is in the image, beyond what the model says.
        base: As for `build_daemonless`; by default Docker Hub's slim Python of the version that is needed.
        platform: As for `build_daemonless`.
        assume_packages: As for `build_daemonless`.
        progress: Told what takes long, and what whoever builds the image should know.

    Raises:
        ModelpackError: As `image_contents` and `build_daemonless`.
    """
    delivery.check()
    with tempfile.TemporaryDirectory(prefix="modelpack-build-") as scratch:
        contents = image_contents(model, options, wheels=Path(scratch))
        for note in contents.notes:
            progress(f"note: {note}")
        return build_daemonless(
            contents,
            delivery,
            base=base or f"python:{contents.python_version}-slim",
            platform=platform,
            assume_packages=assume_packages,
            progress=progress,
        )


def build_daemonless(
    contents: ImageContents,
    delivery: Delivery,
    *,
    base: str,
    platform: str | None = None,
    assume_packages: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> DaemonlessImage:
    """Build an image without a container engine.

    The same contents on the same base give the same digest, wherever and whenever: no layer holds a time or a user of
    this machine. The layer of dependencies is kept, so that the next version of a model adds one small layer.

    Args:
        contents: What is in it.
        delivery: Where it goes.
        base: The image below: `[registry/]repository[:tag][@digest]`, or `oci:DIRECTORY`, `oci-archive:FILE`,
            `docker-archive:FILE`.
        platform: `linux/amd64` or `linux/arm64`; None for the one of this machine.
        assume_packages: Whether the base has the Debian packages of the contents, or what takes their place in another
            distribution; else they are looked for in its layers.
        progress: Told what takes long.

    Returns:
        What was built.

    Raises:
        InvalidArgumentError: The base has another Python or lacks a Debian package, or a name is malformed.
        InstallationError: The dependencies cannot be met by wheels.
        RegistryError: A registry cannot be reached or refuses.
        ModelpackError: Something else that the message says.
    """
    delivery.check()
    wanted = Platform.local() if platform is None else Platform.parse(platform)
    with _stores() as (ours, cache), closing(Transport()) as transport:
        name = parse_reference(base)
        progress(f"reading {name}")
        below = open_image(name, wanted, cache, partial(delivery.connect, transport=transport))
        python = find_python(below, contents.python_version, str(name), cache)
        if not assume_packages:
            require_packages(below, contents.system_packages, str(name), cache)
        packages = package_layer(_request(contents, wanted), PACKAGES, find_installer(), cache, progress)
        own = _own_layers(contents, ours)
        execution = _execution(contents, python)
        image = extend(below, name, [packages.layer, *own.values()], execution, [ours, cache])
        deliver(image, NamedImage(name, below), delivery, transport, progress)
    return DaemonlessImage(
        name=str(delivery.reference),
        digest=image.descriptor.digest,
        model_digest=contents.digest,
        layers=_layers(below, packages, own),
        lock=packages.lock,
    )


@contextmanager
def _stores() -> Iterator[tuple[BlobStore, BlobStore]]:
    """A store for this image alone, and the one that is kept."""
    home = cache_directory(os.environ) / "images"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=home) as scratch:
        yield BlobStore(Path(scratch)), BlobStore(home)


def _request(contents: ImageContents, platform: Platform) -> PackageRequest:
    return PackageRequest(
        requirements=contents.requirements,
        constraints=contents.constraints,
        wheels=contents.wheels,
        python_version=contents.python_version,
        platform=platform,
    )


def _own_layers(contents: ImageContents, blobs: BlobStore) -> dict[str, Layer]:
    """The layers that differ from model to model, by what is in them."""
    files = {"model": [*_model_files(contents.model)], "files": [TarFile(*file) for file in contents.files.items()]}
    return {title: write_layer(each, blobs, f"modelpack: {title}") for title, each in files.items() if each}


def _model_files(model: Path | None) -> Iterator[TarFile]:
    if model is None:
        return
    for name, entry in manifest.files(model):
        yield TarFile(PurePosixPath(MODEL, name), Path(entry.path))
    if (model / manifest.NAME).is_file():
        yield TarFile(PurePosixPath(MODEL, manifest.NAME), model / manifest.NAME)


def _execution(contents: ImageContents, python: str) -> Execution:
    return Execution(
        entrypoint=_with_interpreter(contents.entrypoint, python),
        command=contents.command,
        environment=contents.environment,
        user=contents.user,
        directory=_DIRECTORY,
        ports=[contents.port],
        health_check=HealthCheck(
            command=_with_interpreter(contents.health_check, python),
            interval=HEALTH_INTERVAL,
            timeout=HEALTH_TIMEOUT,
            start=HEALTH_START,
        ),
        labels=contents.labels,
        created=_created(contents.labels.get(_CREATED), os.environ),
    )


def _with_interpreter(command: tuple[str, ...], python: str) -> list[str]:
    return [python if word == "python" and not place else word for place, word in enumerate(command)]


def _created(stated: str | None, environ: Mapping[str, str]) -> datetime:
    """What https://reproducible-builds.org/specs/source-date-epoch/ says, or else the time of the model."""
    try:
        if _EPOCH in environ:
            return datetime.fromtimestamp(int(environ[_EPOCH]), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidArgumentError(f"{_EPOCH} is no number of seconds: {environ[_EPOCH]!r}") from error
    time = datetime.fromtimestamp(0, UTC) if stated is None else datetime.fromisoformat(stated)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _layers(base: Image, packages: PackageLayer, own: Mapping[str, Layer]) -> tuple[BuiltLayer, ...]:
    return (
        *(BuiltLayer("base", layer.digest, layer.size, reused=True) for layer in base.manifest.layers),
        _described("dependencies", packages.layer, reused=packages.reused),
        *(_described(title, layer, reused=False) for title, layer in own.items()),
    )


def _described(title: str, layer: Layer, *, reused: bool) -> BuiltLayer:
    return BuiltLayer(title, layer.descriptor.digest, layer.descriptor.size, reused)

"""The layer with the packages, written once for the same packages."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from modelpack.images.oci.documents import Descriptor
from modelpack.images.oci.layers import Layer, write_layer
from modelpack.images.oci.packages.bytecode import find_compiler
from modelpack.images.oci.packages.trees import normalise
from modelpack.images.oci.tars import directory_files
from modelpack.stores.checksums import hash_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modelpack.images.oci.blobs import BlobStore
    from modelpack.images.oci.packages.bytecode import Compiler
    from modelpack.images.oci.packages.installers import Installer
    from modelpack.images.oci.packages.request import PackageRequest

_FORMAT = 1
"""Counts the ways in which the layer has been written; a cached one of another way is not taken."""


@dataclass(frozen=True, slots=True)
class PackageLayer:
    """The layer, and what is in it.

    Attributes:
        layer: The layer.
        lock: Every distribution in it, pinned, with hashes.
        reused: Whether it was written before.
    """

    layer: Layer
    lock: tuple[str, ...]
    reused: bool


def package_layer(
    request: PackageRequest, place: str, installer: Installer, cache: BlobStore, progress: Callable[[str], None]
) -> PackageLayer:
    """Install packages into a layer, or take the one that was written for the same packages before.

    Args:
        request: What, and for which machine.
        place: The directory in the image.
        installer: What fetches it.
        cache: Where layers are kept.
        progress: Told what takes long.

    Raises:
        InstallationError: The requirements cannot be met by wheels.
    """
    progress("resolving the dependencies")
    lock = installer.resolve(request)
    compiler = find_compiler(request.python_version)
    record = cache.root / "packages" / f"{_key(lock, request, place, compiler)}.json"
    layer = _known(record, cache)
    if layer is not None:
        return PackageLayer(layer, tuple(lock), reused=True)
    with tempfile.TemporaryDirectory(prefix=".packages-", dir=cache.root) as scratch:
        tree = Path(scratch, "packages")
        tree.mkdir()
        progress(f"fetching {len(lock)} distributions")
        installer.install(lock, request, tree)
        normalise(tree)
        if compiler is not None:
            progress("compiling them")
            compiler.compile(tree, place)
        progress("writing their layer")
        layer = write_layer(directory_files(tree, PurePosixPath(place)), cache, "modelpack: dependencies")
    _remember(record, layer)
    return PackageLayer(layer, tuple(lock), reused=False)


def _key(lock: Sequence[str], request: PackageRequest, place: str, compiler: Compiler | None) -> str:
    """What the content of the layer follows from; a wheel of this machine counts by its content, not by its path."""
    text = "\n".join(sorted(lock))
    for wheel in request.wheels:
        text = text.replace(wheel.resolve().as_uri(), hash_file(wheel))
    facts = [_FORMAT, text, request.python_version, str(request.platform), place, compiler and compiler.version]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _known(record: Path, cache: BlobStore) -> Layer | None:
    try:
        content = json.loads(record.read_bytes())
        layer = Layer(Descriptor.model_validate(content["descriptor"]), content["diff_id"], content["created_by"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return layer if layer.descriptor in cache else None


def _remember(record: Path, layer: Layer) -> None:
    record.parent.mkdir(parents=True, exist_ok=True)
    descriptor = layer.descriptor.model_dump(by_alias=True, exclude_none=True)
    content = {"descriptor": descriptor, "diff_id": layer.diff_id, "created_by": layer.created_by}
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=record.parent, delete=False) as file:
        json.dump(content, file)
    Path(file.name).replace(record)

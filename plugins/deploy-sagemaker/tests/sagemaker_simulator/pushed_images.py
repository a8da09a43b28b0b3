"""What is in an image that was pushed: its variables, and the model."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

from sagemaker_simulator.place import Image

if TYPE_CHECKING:
    from pathlib import Path

    from sagemaker_simulator.registry import Registry

_MODEL = "opt/ml/model"


class MissingBlobError(Exception):
    """A part of the image was never pushed."""


def read(registry: Registry, name: str, content: bytes, directory: Path) -> Image:
    """Read an image, and unpack the model in it.

    Args:
        registry: Where the blobs are.
        name: The repository.
        content: The manifest, or an index of several: the first of them is taken.
        directory: Where the model is put.

    Raises:
        MissingBlobError: A blob or a manifest is missing.
    """
    manifest = json.loads(content)
    if "manifests" in manifest:
        digest = manifest["manifests"][0]["digest"]
        if (name, digest) not in registry.manifests:
            raise MissingBlobError(digest)
        return read(registry, name, registry.manifests[name, digest][1], directory)
    config = json.loads(_blob(registry, manifest["config"]))
    for layer in manifest["layers"]:
        _unpack_model(_blob(registry, layer), directory)
    model = directory / _MODEL
    environment = dict(line.split("=", 1) for line in config.get("config", {}).get("Env") or ())
    return Image(model if model.is_dir() else None, _of_model_server(environment))


def _of_model_server(environment: dict[str, str]) -> dict[str, str]:
    """The variables that tell the server: those of the image's own file system would lead nowhere here."""
    prefixes = ("MODELPACK_", "SAGEMAKER_", "MODEL_SERVER_")
    return {name: value for name, value in environment.items() if name.startswith(prefixes)}


def _blob(registry: Registry, descriptor: dict[str, Any]) -> bytes:
    if descriptor["digest"] not in registry.blobs:
        raise MissingBlobError(descriptor["digest"])
    return registry.blobs[descriptor["digest"]]


def _unpack_model(layer: bytes, directory: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(layer), mode="r:*") as archive:
        for member in archive:
            if member.name.lstrip("./").startswith(_MODEL):
                archive.extract(member, directory, filter="data")

"""The rules of the OCI image specification 1.1 for a layout and what is in it."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tarfile
from datetime import datetime
from pathlib import Path
from typing import Any

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = re.compile(r"application/vnd\.oci\.image\.layer\.v1\.tar(\+gzip|\+zstd)?")
_TAG = re.compile(r"[A-Za-z0-9]+(?:[-._:@+/]+[A-Za-z0-9]+)*")
_CONFIG_TYPES: dict[str, type] = {
    "User": str,
    "ExposedPorts": dict,
    "Env": list,
    "Entrypoint": list,
    "Cmd": list,
    "Volumes": dict,
    "WorkingDir": str,
    "Labels": dict,
    "StopSignal": str,
}


def check_layout(directory: Path) -> list[dict[str, Any]]:
    """Assert what the specification says of a layout; answers the configurations of its images."""
    assert json.loads((directory / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    for blob in (directory / "blobs" / "sha256").iterdir():
        assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name, (
            "a blob lies under its digest (image-layout.md)"
        )
    index = json.loads((directory / "index.json").read_bytes())
    assert index["schemaVersion"] == 2
    assert index["mediaType"] == "application/vnd.oci.image.index.v1+json"
    return [_check_manifest(directory, descriptor) for descriptor in index["manifests"]]


def _check_manifest(directory: Path, descriptor: dict[str, Any]) -> dict[str, Any]:
    assert descriptor["mediaType"] == _MANIFEST
    assert _TAG.fullmatch(descriptor["annotations"]["org.opencontainers.image.ref.name"]), "annotations.md"
    manifest = json.loads(_content(directory, descriptor))
    assert manifest["schemaVersion"] == 2
    assert manifest["mediaType"] == _MANIFEST
    assert manifest["config"]["mediaType"] == _CONFIG
    assert all(isinstance(value, str) for value in manifest["annotations"].values())
    config: dict[str, Any] = json.loads(_content(directory, manifest["config"]))
    diff_ids = [_diff_id(directory, layer) for layer in manifest["layers"]]
    assert config["rootfs"] == {"type": "layers", "diff_ids": diff_ids}, "config.md"
    _check_config(config)
    platform = descriptor["platform"]
    assert (platform["architecture"], platform["os"]) == (config["architecture"], config["os"])
    return config


def _check_config(config: dict[str, Any]) -> None:
    assert datetime.fromisoformat(config["created"]).tzinfo is not None, "RFC 3339"
    steps = [step for step in config["history"] if not step.get("empty_layer")]
    assert len(steps) == len(config["rootfs"]["diff_ids"]), "one step of the history for each layer"
    process = config["config"]
    assert all(isinstance(process[name], kind) for name, kind in _CONFIG_TYPES.items() if name in process)
    assert all("=" in line for line in process["Env"])
    assert len({line.partition("=")[0] for line in process["Env"]}) == len(process["Env"])
    assert all(re.fullmatch(r"\d+(/(tcp|udp))?", port) for port in process["ExposedPorts"])


def _diff_id(directory: Path, descriptor: dict[str, Any]) -> str:
    assert _LAYER.fullmatch(descriptor["mediaType"]), "media-types.md"
    content = _content(directory, descriptor)
    plain = gzip.decompress(content) if descriptor["mediaType"].endswith("+gzip") else content
    with tarfile.open(directory / "blobs" / "sha256" / descriptor["digest"][7:]) as tar:
        names = [entry.name for entry in tar]
    assert len(names) == len(set(names)), "a layer must not have a path twice (layer.md)"
    return f"sha256:{hashlib.sha256(plain).hexdigest()}"


def _content(directory: Path, descriptor: dict[str, Any]) -> bytes:
    assert _DIGEST.fullmatch(descriptor["digest"])
    content: bytes = (directory / "blobs" / "sha256" / descriptor["digest"].partition(":")[2]).read_bytes()
    assert len(content) == descriptor["size"], "descriptor.md"
    return content

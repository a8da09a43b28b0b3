"""Small images, wheels and models, made where they are needed."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from modelpack.images.oci import layout_documents
from modelpack.images.oci.blobs import BlobStore
from modelpack.images.oci.documents import OCI_CONFIG, OCI_MANIFEST, Descriptor, write_document
from modelpack.images.oci.layers import Layer, write_layer
from modelpack.images.oci.tars import TarFile

PYTHON_FILES = {"usr/local/bin/python": b"", "usr/local/bin/python3.11": b"an interpreter"}
DPKG = b"Package: libgomp1\nStatus: install ok installed\n\nPackage: gone\nStatus: deinstall ok config-files\n"


def layer(blobs: BlobStore, files: Mapping[str, bytes]) -> Layer:
    """A layer with these files, by their paths without the first slash."""
    return write_layer([TarFile(PurePosixPath("/", path), content) for path, content in files.items()], blobs, "a test")


def small_layout(
    directory: Path,
    *layers: Mapping[str, bytes],
    config: Mapping[str, Any] | None = None,
    architecture: str = "amd64",
) -> Path:
    """Write the layout of an image; without layers it has a Python 3.11 and a Debian package."""
    blobs = BlobStore(directory)
    given = layers or (PYTHON_FILES | {"var/lib/dpkg/status": DPKG},)
    written = [layer(blobs, files) for files in given]
    manifest = small_manifest(blobs, written, config or {"Env": ["PATH=/usr/local/bin:/usr/bin"]}, architecture)
    (directory / layout_documents.MARK).write_bytes(layout_documents.MARK_CONTENT)
    (directory / layout_documents.INDEX).write_bytes(layout_documents.index([manifest]))
    return directory


def small_manifest(
    blobs: BlobStore, layers: Sequence[Layer], config: Mapping[str, Any], architecture: str = "amd64"
) -> Descriptor:
    """Write the documents of an image."""
    diff_ids = [each.diff_id for each in layers]
    document = {
        "architecture": architecture,
        "os": "linux",
        "config": dict(config),
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    }
    written = blobs.add(write_document(document), OCI_CONFIG)
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": plain(written),
        "layers": [plain(each.descriptor) for each in layers],
    }
    return blobs.add(write_document(manifest), OCI_MANIFEST)


def plain(descriptor: Descriptor) -> dict[str, Any]:
    """A descriptor as JSON has it."""
    return descriptor.model_dump(by_alias=True, exclude_none=True)


def small_wheel(directory: Path, name: str = "tiny", version: str = "1.0", tag: str = "py3-none-any") -> Path:
    """Build a wheel with a module, a command and a script, without a build tool."""
    information = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": f"VERSION = {version!r}\nNAMES = frozenset({{'a', 'b', 'c', 'd'}})\n",
        f"{name}/tests/test_it.py": "assert True\n",
        f"{name}-{version}.data/scripts/{name}-script": "#!python\nprint('hello')\n",
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{information}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{information}/entry_points.txt": f"[console_scripts]\n{name}-command = {name}:main\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{information}/RECORD"))
    directory.mkdir(parents=True, exist_ok=True)
    wheel = directory / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in (*files.items(), (f"{information}/RECORD", record)):
            archive.writestr(zipfile.ZipInfo(path), text)
    return wheel


def docker_archive(path: Path, layers: Sequence[Mapping[str, bytes]], names: Sequence[str]) -> Path:
    """Write what `docker save` wrote before version 25: uncompressed layers, each in a directory of its own."""
    members: dict[str, bytes] = {}
    scratch = BlobStore(path.parent / "scratch")
    diff_ids = []
    for number, files in enumerate(layers):
        made = layer(scratch, files)
        members[f"{number:064}/layer.tar"] = tar_of(files)
        diff_ids.append(made.diff_id)
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    members["config.json"] = json.dumps(config).encode()
    listed = [name for name in members if name.endswith(".tar")]
    members["manifest.json"] = json.dumps([{"Config": "config.json", "RepoTags": names, "Layers": listed}]).encode()
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """A tar with these files, as the layers that are written here have it."""
    from modelpack.images.oci.tars import write_tar

    content = io.BytesIO()
    write_tar([TarFile(PurePosixPath("/", path), data) for path, data in files.items()], content)
    return content.getvalue()

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
import tracemalloc
from pathlib import Path, PurePosixPath

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.images.oci.blobs import BlobStore
from modelpack.images.oci.documents import OCI_LAYER_GZIP
from modelpack.images.oci.layers import write_layer
from modelpack.images.oci.tars import TarFile, directory_files

TARGET = PurePosixPath("/opt/things")


def _tree(directory: Path, names: list[str]) -> Path:
    for name in names:
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"content of {name}")
    (directory / "run").write_text("a program")
    (directory / "run").chmod(0o700)
    return directory


def test_layer_depends_on_content_and_names_alone(tmp_path: Path, store: BlobStore) -> None:
    """Another directory, order, time and umask give the same bytes."""
    names = ["b/two", "a/one", "c", "a-b"]
    first = write_layer(directory_files(_tree(tmp_path / "x", names), TARGET), store, "a test")
    old = os.umask(0o077)
    try:
        other = _tree(tmp_path / "another/place", names[::-1])
    finally:
        os.umask(old)
    os.utime(other / "c", (1, 1))
    assert write_layer(reversed(list(directory_files(other, TARGET))), store, "a test") == first


def test_layer_is_a_plain_tar_of_root(tmp_path: Path, store: BlobStore) -> None:
    """Owned by root, dated 1970, directories before what is in them, permissions of two kinds, no extended header."""
    layer = write_layer(directory_files(_tree(tmp_path / "x", ["b/two", "a"]), TARGET), store, "a test")
    with tarfile.open(store.fetch(layer.descriptor)) as tar:
        entries = tar.getmembers()
    assert [entry.name for entry in entries] == [
        *("opt", "opt/things", "opt/things/a", "opt/things/b", "opt/things/b/two", "opt/things/run")
    ]
    assert {(entry.uid, entry.gid, entry.uname, entry.mtime) for entry in entries} == {(0, 0, "", 0)}
    assert [oct(entry.mode) for entry in entries] == ["0o755", "0o755", "0o644", "0o755", "0o644", "0o755"]
    assert all(not entry.pax_headers for entry in entries)


def test_digests_are_those_of_the_bytes(tmp_path: Path, store: BlobStore) -> None:
    """The descriptor has the digest and size of the compressed tar, `diff_id` is the digest of the tar itself."""
    layer = write_layer(directory_files(_tree(tmp_path / "x", ["a"]), TARGET), store, "a test")
    compressed = store.fetch(layer.descriptor).read_bytes()
    assert layer.descriptor.media_type == OCI_LAYER_GZIP
    assert (layer.descriptor.size, layer.descriptor.hex) == (len(compressed), hashlib.sha256(compressed).hexdigest())
    assert layer.diff_id == f"sha256:{hashlib.sha256(gzip.decompress(compressed)).hexdigest()}"


def test_long_and_foreign_names_survive(store: BlobStore) -> None:
    """A path too long for a plain header, and letters outside ASCII, come back as they were."""
    paths = [TARGET / ("x" * 90) / ("y" * 90) / ("z" * 90), TARGET / "Größe"]
    layer = write_layer([TarFile(path, b"") for path in paths], store, "a test")
    with tarfile.open(store.fetch(layer.descriptor)) as tar:
        names = tar.getnames()
    assert {str(path)[1:] for path in paths} < set(names)


def test_name_that_would_delete_files_is_refused(store: BlobStore) -> None:
    """A file called `.wh.passwd` would remove `passwd` of the base."""
    with pytest.raises(InvalidArgumentError, match=r"names that begin with \.wh\. delete files"):
        write_layer([TarFile(PurePosixPath("/etc/.wh.passwd"), b"")], store, "a test")
    assert not list(store.path("").iterdir())


@pytest.mark.parametrize("second", ["/a", "/a/b"])
def test_path_stands_once(store: BlobStore, second: str) -> None:
    """Neither the same path twice nor a file below a file can be unpacked."""
    with pytest.raises(InvalidArgumentError, match="/a is a file there"):
        write_layer([TarFile(PurePosixPath("/a"), b""), TarFile(PurePosixPath(second), b"")], store, "a test")


def test_memory_does_not_grow_with_a_file(tmp_path: Path, store: BlobStore) -> None:
    """A file of 64 MiB goes through a few."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(64 << 20)
    tracemalloc.start()
    try:
        write_layer([TarFile(TARGET / "large", large)], store, "a test")
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()

"""Downloads, and the cache they are kept in."""

from __future__ import annotations

import os
import stat
import tracemalloc
import zipfile
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from modelpack.errors import IntegrityError, InvalidArgumentError, InvalidModelError, NotFoundError
from modelpack.package.load import load_model, open_model
from modelpack.package.manifest import write_manifest
from modelpack.package.save import save_model
from modelpack.stores.resolve import fetch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URI = "memory://bucket/models/wine"


@pytest.fixture
def bucket() -> Iterator[Any]:
    """An object store in memory, empty before and after."""
    filesystem = fsspec.filesystem("memory")
    filesystem.store.clear()
    yield filesystem
    filesystem.store.clear()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Files with a manifest."""
    directory = tmp_path / "model"
    (directory / "data").mkdir(parents=True)
    (directory / "MLmodel").write_text("flavors: {}\n")
    (directory / "data" / "weights ü.bin").write_bytes(b"\1\2\3")
    write_manifest(directory)
    return directory


def _upload(filesystem: Any, directory: Path) -> None:
    for file in directory.rglob("*"):
        if file.is_file():
            filesystem.pipe_file(f"/bucket/models/wine/{file.relative_to(directory).as_posix()}", file.read_bytes())


def _names(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}


def test_a_model_is_downloaded_whole(bucket: Any, model: Path, modelpack_home: Path) -> None:
    """Into the user's cache, where nobody else can look."""
    _upload(bucket, model)
    local = fetch(URI)
    assert _names(local) == _names(model)
    assert local.is_relative_to(modelpack_home / "cache")
    assert open_model(URI).path == local
    if os.name != "nt":
        assert stat.S_IMODE(local.stat().st_mode) == stat.S_IMODE(local.parent.stat().st_mode) == 0o700


def test_a_saved_model_is_loaded_from_a_store(bucket: Any, toy_model: Any, tmp_path: Path, toy_plugins: Any) -> None:
    """The digest is that of the saved model, so its author's trust holds for the copy."""
    info = save_model(toy_model, tmp_path / "saved", plugins=toy_plugins)
    _upload(bucket, info.path)
    assert load_model(URI, plugins=toy_plugins) == toy_model
    assert open_model(URI).digest == info.digest


@pytest.mark.parametrize("with_manifest", [True, False], ids=["with a manifest", "without a manifest"])
def test_a_copy_is_used_again_until_the_original_changes(
    bucket: Any, model: Path, monkeypatch: pytest.MonkeyPatch, *, with_manifest: bool
) -> None:
    """Nothing is downloaded twice; a new version is downloaded beside the old one."""
    if not with_manifest:
        (model / "MANIFEST.sha256").unlink()
    _upload(bucket, model)
    first = fetch(URI)
    downloads: list[str] = []
    get_file = MemoryFileSystem.get_file

    def counted(filesystem: Any, path: str, *rest: Any) -> None:
        downloads.append(path)
        get_file(filesystem, path, *rest)

    monkeypatch.setattr(MemoryFileSystem, "get_file", counted)
    assert fetch(URI) == first
    assert downloads == []
    (model / "MLmodel").write_text("flavors: {a: {}}\n")
    if with_manifest:
        write_manifest(model)
    _upload(bucket, model)
    second = fetch(URI)
    assert second != first
    assert "a: {}" in (second / "MLmodel").read_text()
    assert "a: {}" not in (first / "MLmodel").read_text()


def test_a_single_file_is_downloaded_under_its_name(bucket: Any) -> None:
    """Artifacts may be files."""
    bucket.pipe_file("/bucket/weights.bin", b"123")
    assert fetch("memory://bucket/weights.bin").name == "weights.bin"
    assert fetch("memory://bucket/weights.bin").read_bytes() == b"123"


def test_a_model_in_an_archive_is_found(model: Path, tmp_path: Path) -> None:
    """Chained URIs of fsspec work."""
    with zipfile.ZipFile(tmp_path / "models.zip", "w") as archive:
        for name in _names(model):
            archive.write(model / name, f"wine/{name}")
    assert _names(fetch(f"zip://wine::file://{tmp_path}/models.zip")) == _names(model)


def test_nothing_at_the_address_is_an_error(bucket: Any) -> None:
    """The URI is shown, and the cache stays empty."""
    bucket.pipe_file("/bucket/other", b"")
    with pytest.raises(NotFoundError, match="there is nothing at memory://bucket/models/wine"):
        fetch(URI)


def test_a_password_is_not_shown() -> None:
    """Errors go to logs."""
    with pytest.raises(InvalidArgumentError) as caught:
        fetch("gopherx://me:secret@host/model")
    assert "secret" not in str(caught.value)


def test_a_file_that_is_not_what_the_manifest_says_is_named(bucket: Any, model: Path, modelpack_home: Path) -> None:
    """Nothing of it is kept, so the next attempt downloads again."""
    _upload(bucket, model)
    bucket.pipe_file("/bucket/models/wine/MLmodel", b"flavors: {x: {}}\n")
    with pytest.raises(IntegrityError, match="'MLmodel' of memory://bucket/models/wine"):
        fetch(URI)
    assert _names(modelpack_home) == set()
    _upload(bucket, model)
    assert fetch(URI).is_dir()


def test_a_file_that_was_not_uploaded_is_named(bucket: Any, model: Path) -> None:
    """The manifest lists it, and it is not there."""
    _upload(bucket, model)
    bucket.rm("/bucket/models/wine/data/weights ü.bin")
    with pytest.raises(NotFoundError, match=r"nothing at .*/data/weights ü\.bin"):
        fetch(URI)


def test_a_damaged_copy_is_to_be_removed(bucket: Any, model: Path) -> None:
    """The hint says that it is a copy, and where."""
    _upload(bucket, model)
    local = fetch(URI)
    (local / "MLmodel").write_text("damaged")
    with pytest.raises(IntegrityError, match="changed MLmodel") as caught:
        open_model(URI)
    assert f"remove {local}" in str(caught.value.hint)


def test_files_beside_the_manifest_are_not_downloaded(bucket: Any, model: Path) -> None:
    """What the manifest does not list is not part of the model."""
    _upload(bucket, model)
    bucket.pipe_file("/bucket/models/wine/extra.bin", b"")
    assert _names(fetch(URI)) == _names(model)


TRAVERSAL = [
    "../outside",
    "data/../../outside",
    "/etc/cron.d/x",
    "..\\outside",
    "C:\\x",
    "C:/x",
    "a/..",
    "a\0b",
]


@pytest.mark.parametrize("name", TRAVERSAL)
def test_a_manifest_cannot_name_files_elsewhere(bucket: Any, model: Path, modelpack_home: Path, name: str) -> None:
    """P15: traversal, absolute paths, drives, back-slashes and null characters (CVE-2023-1177 and its like)."""
    from modelpack.stores.checksums import format_checksums

    _upload(bucket, model)
    bucket.pipe_file("/bucket/models/wine/MANIFEST.sha256", format_checksums({name: "0" * 64}))
    with pytest.raises(InvalidModelError):
        fetch(URI)
    assert _names(modelpack_home) == set()


@pytest.mark.parametrize("name", ["../../outside", "..", "a\\..\\b", "C:/x"])
def test_a_store_cannot_list_files_elsewhere(
    bucket: Any, modelpack_home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A hostile store answers with names that lead out."""
    bucket.pipe_file("/bucket/models/wine/MLmodel", b"")
    listing = {f"/bucket/models/wine/{name}": {"size": 1}, "/bucket/models/wine/MLmodel": {"size": 1}}
    monkeypatch.setattr(MemoryFileSystem, "find", lambda *_, **__: listing)
    with pytest.raises(InvalidModelError):
        fetch(URI)
    assert _names(modelpack_home) == set()


def test_a_store_cannot_list_files_of_another_place(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is not below the address is refused."""
    bucket.pipe_file("/bucket/models/wine/MLmodel", b"")
    monkeypatch.setattr(MemoryFileSystem, "find", lambda *_, **__: {"/bucket/other/x": {}, "/bucket/y": {}})
    with pytest.raises(InvalidModelError, match="which is not in it"):
        fetch(URI)


def test_a_download_that_breaks_off_leaves_nothing(
    bucket: Any, model: Path, modelpack_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what happened, and the next attempt starts anew."""
    _upload(bucket, model)

    def break_off(*_: object, **__: object) -> None:
        raise ConnectionResetError("reset by peer")

    with monkeypatch.context() as patch:
        patch.setattr(MemoryFileSystem, "get_file", break_off)
        with pytest.raises(InvalidArgumentError, match="ConnectionResetError: reset by peer"):
            fetch(URI)
    assert _names(modelpack_home) == set()
    assert fetch(URI).is_dir()


def test_memory_does_not_grow_with_the_download(tmp_path: Path) -> None:
    """Files are copied as streams (P12)."""
    with (tmp_path / "weights").open("wb") as file:
        file.truncate(64 * 2**20)
    fetch(f"local://{tmp_path}/weights")
    tracemalloc.start()
    with (tmp_path / "weights").open("ab") as file:
        file.write(b"x")
    assert fetch(f"local://{tmp_path}/weights").stat().st_size == 64 * 2**20 + 1
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 2**20

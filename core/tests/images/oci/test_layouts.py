from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from small_images import docker_archive, layer, small_layout, small_manifest

from modelpack.errors import AlreadyExistsError, IntegrityError, InvalidArgumentError, NotFoundError
from modelpack.images.oci import layout_documents
from modelpack.images.oci.archives import open_archive, write_archive
from modelpack.images.oci.blobs import BlobStore
from modelpack.images.oci.documents import Descriptor
from modelpack.images.oci.images import Image
from modelpack.images.oci.layouts import open_directory, write_directory
from modelpack.images.oci.platforms import Platform
from modelpack.images.oci.references import LayoutReference, RegistryReference

AMD64 = Platform.parse("linux/amd64")


def _open(path: Path, name: str | None = None) -> Image:
    return open_directory(LayoutReference(path, name), AMD64)


def _write(image: Image, directory: Path, name: str) -> None:
    write_directory(image, directory, RegistryReference.parse(name), lambda _: None)


def test_image_goes_from_layout_to_layout(base: Path, tmp_path: Path) -> None:
    """The documents and every blob are there, under the same digests."""
    image = _open(base)
    _write(image, tmp_path / "copy", "team/model:1")
    copied = _open(tmp_path / "copy")
    assert copied.descriptor.digest == image.descriptor.digest
    assert [copied.fetch(blob).read_bytes() for blob in copied.blobs] == [
        image.fetch(blob).read_bytes() for blob in image.blobs
    ]


def test_layout_holds_several_images_by_name(base: Path, tmp_path: Path) -> None:
    """A second image is added, one of the same name replaces the first, and each is found by its tag or its name."""
    other = small_layout(tmp_path / "other", {"file": b"other"})
    target = tmp_path / "both"
    for image, name in ((_open(base), "m:1"), (_open(other), "m:2"), (_open(other), "m:1")):
        _write(image, target, name)
    listed = layout_documents.INDEX
    assert (target / listed).read_text().count('"digest"') == 2
    assert _open(target, "1").descriptor.digest == _open(other).descriptor.digest
    assert _open(target, "docker.io/library/m:2").descriptor.digest == _open(other).descriptor.digest
    with pytest.raises(NotFoundError) as caught:
        _open(target, "3")
    assert "docker.io/library/m:2" in str(caught.value.hint)


def test_image_of_several_has_to_be_named(base: Path, tmp_path: Path) -> None:
    """Which of two different images is meant is not guessed."""
    target = tmp_path / "both"
    _write(_open(base), target, "m:1")
    _write(_open(small_layout(tmp_path / "other", {"file": b"other"})), target, "m:2")
    with pytest.raises(InvalidArgumentError, match="has several images"):
        _open(target)


def test_image_is_chosen_by_platform(base: Path) -> None:
    """Of two images in one index the one for the platform is taken, and none other."""
    blobs = BlobStore(base)
    listed = []
    for architecture in ("amd64", "arm64"):
        one = small_manifest(blobs, [layer(blobs, {"file": architecture.encode()})], {}, architecture)
        listed.append(
            Descriptor.model_validate(
                {**one.model_dump(by_alias=True), "platform": {"os": "linux", "architecture": architecture}}
            )
        )
    (base / layout_documents.INDEX).write_bytes(layout_documents.index(listed))
    found = open_directory(LayoutReference(base), Platform.parse("linux/arm64"))
    assert (found.descriptor.digest, found.config.architecture) == (listed[1].digest, "arm64")


def test_other_platform_is_refused_though_the_index_does_not_say_it(tmp_path: Path) -> None:
    """The configuration of the image decides."""
    with pytest.raises(NotFoundError, match="is for linux/arm64, not for linux/amd64"):
        _open(small_layout(tmp_path / "arm", {"file": b""}, architecture="arm64"))


def test_damaged_layer_is_noticed_when_it_is_copied(base: Path, tmp_path: Path) -> None:
    """Nothing that has another digest than its name gets into a layout, and the layout stays without an image."""
    image = _open(base)
    blob = image.fetch(image.manifest.layers[0])
    blob.write_bytes(b"x" * blob.stat().st_size)
    with pytest.raises(IntegrityError, match="a blob is not what its descriptor says"):
        _write(image, tmp_path / "copy", "m:1")
    assert not (tmp_path / "copy" / layout_documents.INDEX).exists()


def test_damaged_document_is_noticed(base: Path) -> None:
    """A manifest that was changed is not read."""
    image = _open(base)
    path = BlobStore(base).path(image.descriptor.digest)
    path.write_bytes(path.read_bytes().replace(b'"schemaVersion":2', b'"schemaVersion":3'))
    with pytest.raises(IntegrityError, match="has another digest"):
        _open(base)


def test_directory_of_something_else_is_left_alone(base: Path, tmp_path: Path) -> None:
    """An image is never written among other files."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    with pytest.raises(AlreadyExistsError, match="is no image layout"):
        _write(_open(base), tmp_path / "mine", "m:1")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_directory_without_layout_says_what_is_missing(tmp_path: Path) -> None:
    """The error names the file that every layout has."""
    with pytest.raises(NotFoundError) as caught:
        _open(tmp_path)
    assert "index.json" in str(caught.value.hint)


def test_archive_is_a_layout_and_one_of_docker(base: Path, tmp_path: Path) -> None:
    """Written twice it is the same bytes; it has the documents of both kinds, and is read back as either."""
    image = _open(base)
    paths = [tmp_path / "one.tar", tmp_path / "two.tar"]
    for path in paths:
        write_archive(image, path, RegistryReference.parse("team/model:1"))
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with tarfile.open(paths[0]) as tar:
        assert {"oci-layout", "index.json", "manifest.json"} < set(tar.getnames())
    read = open_archive(LayoutReference(paths[0], "1"), AMD64, BlobStore(tmp_path / "unpacked"))
    assert read.descriptor.digest == image.descriptor.digest
    assert read.fetch(read.manifest.layers[0]).read_bytes() == image.fetch(image.manifest.layers[0]).read_bytes()


def test_archive_of_docker_save_is_read(tmp_path: Path, store: BlobStore) -> None:
    """Its layers are taken uncompressed, as they are, under the digests that its configuration names."""
    saved = docker_archive(tmp_path / "saved.tar", [{"a": b"1"}, {"b": b"2"}], ["team/model:1", "team/model:2"])
    image = open_archive(LayoutReference(saved, "docker.io/team/model:2"), AMD64, store)
    assert [each.digest for each in image.manifest.layers] == image.config.rootfs.diff_ids
    with tarfile.open(image.fetch(image.manifest.layers[1])) as tar:
        assert tar.getnames() == ["b"]
    with pytest.raises(NotFoundError, match="is not in the archive"):
        open_archive(LayoutReference(saved, "team/model:3"), AMD64, store)


def test_file_that_is_no_archive_is_refused(tmp_path: Path, store: BlobStore) -> None:
    """Neither a text nor a tar of something else is taken for an image."""
    text = tmp_path / "text.tar"
    text.write_text("hello")
    with pytest.raises(InvalidArgumentError, match="is no readable tar"):
        open_archive(LayoutReference(text), AMD64, store)
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.add(text, "text")
    with pytest.raises(InvalidArgumentError, match=r"has neither index\.json nor manifest\.json"):
        open_archive(LayoutReference(tmp_path / "other.tar"), AMD64, store)
    with pytest.raises(NotFoundError, match="there is no file"):
        open_archive(LayoutReference(tmp_path / "none.tar"), AMD64, store)

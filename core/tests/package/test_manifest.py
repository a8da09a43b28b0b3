"""Every file of a model is accounted for."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modelpack.errors import IntegrityError, InvalidModelError
from modelpack.package.manifest import NAME, compute_digest, verify, write_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

SHA256SUM = shutil.which("sha256sum")
NAMES = [
    "MLmodel",
    "with space",
    "ünïcode-模型",
    "data/deep/er.bin",
    "star*",
    "back\\slash",
    "new\nline",
    "return\rs",
    "-dash",
]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A directory with awkward names."""
    directory = tmp_path / "model"
    for name in NAMES:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
    return directory


def test_the_digest_is_the_sum_of_the_manifest(model: Path) -> None:
    """`sha256sum MANIFEST.sha256` prints the digest."""
    digest = write_manifest(model)
    assert digest == "sha256:" + hashlib.sha256((model / NAME).read_bytes()).hexdigest()
    assert verify(model) == digest


@pytest.mark.skipif(SHA256SUM is None, reason="coreutils are not here")
def test_sha256sum_verifies_a_manifest(model: Path) -> None:
    """The format is that of coreutils, awkward names included."""
    write_manifest(model)
    subprocess.run([str(SHA256SUM), "--check", "--strict", "--quiet", NAME], cwd=model, check=True)


@pytest.mark.skipif(SHA256SUM is None, reason="coreutils are not here")
def test_a_manifest_of_sha256sum_is_read(model: Path) -> None:
    """A manifest that a person made with coreutils, binary mode included, serves as well."""
    made = subprocess.run([str(SHA256SUM), "--binary", "--", *NAMES], cwd=model, check=True, capture_output=True)
    (model / NAME).write_bytes(made.stdout)
    assert verify(model).startswith("sha256:")


def test_a_model_without_a_manifest_has_the_digest_that_it_would_have(model: Path) -> None:
    """MLflow's models can be trusted by digest too."""
    computed = compute_digest(model)
    assert verify(model) == computed
    assert write_manifest(model) == computed == compute_digest(model)


def _flip(model: Path) -> None:
    content = bytearray((model / "data/deep/er.bin").read_bytes())
    content[3] ^= 1
    (model / "data/deep/er.bin").write_bytes(content)


@pytest.mark.parametrize(
    ("tamper", "message"),
    [
        (_flip, "changed data/deep/er.bin"),
        (lambda model: (model / "extra").write_text(""), "added extra"),
        (lambda model: (model / "with space").unlink(), "removed with space"),
        (lambda model: (model / "with space").rename(model / "renamed"), "added renamed; removed with space"),
        (lambda model: (model / "new\nline").write_text(""), r"changed 'new\nline'"),
    ],
    ids=["a flipped bit", "an added file", "a removed file", "a renamed file", "a name that would break the line"],
)
def test_a_difference_is_named(model: Path, tamper: Callable[[Path], object], message: str) -> None:
    """A file that was changed, added or removed makes verification fail, by name."""
    write_manifest(model)
    tamper(model)
    with pytest.raises(IntegrityError) as caught:
        verify(model)
    assert message in caught.value.message


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_file_is_covered(model: Path, name: str) -> None:
    """There is no file of a model whose change goes unnoticed."""
    write_manifest(model)
    with (model / name).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(IntegrityError, match="changed"):
        verify(model)


def test_bytecode_caches_do_not_count(model: Path) -> None:
    """Python may have run in a model directory; modelpack never reads what it left there."""
    digest = write_manifest(model)
    (model / "data" / "__pycache__").mkdir()
    (model / "data" / "__pycache__" / "module.pyc").write_bytes(b"x")
    assert verify(model) == digest


@pytest.mark.parametrize(
    ("line", "message"),
    [(b"nonsense\n", "is no checksum line"), (b"%s  MLmodel\n" % (b"0" * 64), "lists 'MLmodel' twice")],
    ids=["garbage", "a name twice"],
)
def test_a_malformed_manifest_is_refused(model: Path, line: bytes, message: str) -> None:
    """A manifest with a second opinion on a file, or that cannot be read, verifies nothing."""
    write_manifest(model)
    with (model / NAME).open("ab") as file:
        file.write(line)
    with pytest.raises(IntegrityError, match=message):
        verify(model)


@pytest.mark.parametrize(
    ("target", "message"),
    [("/etc/hostname", "leads out"), ("../outside", "leads out"), ("data", "leads to no file"), ("absent", "no file")],
    ids=["absolute", "relative", "a directory", "dangling"],
)
def test_links_that_lead_elsewhere_are_refused(model: Path, target: str, message: str) -> None:
    """A model holds its own files."""
    (model.parent / "outside").write_text("x")
    (model / "link").symlink_to(target)
    with pytest.raises(InvalidModelError, match=message):
        verify(model)


def test_a_link_within_the_model_counts_as_the_file_it_leads_to(model: Path) -> None:
    """Its content is checked under both names."""
    (model / "link").symlink_to("data/deep/er.bin")
    write_manifest(model)
    _flip(model)
    with pytest.raises(IntegrityError, match=r"changed data/deep/er.bin, link"):
        verify(model)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no pipes in the file system")
def test_special_files_are_refused(model: Path) -> None:
    """Reading a pipe would wait for ever."""
    os.mkfifo(model / "pipe")
    with pytest.raises(InvalidModelError, match="pipe is neither a file nor a directory"):
        verify(model)


def test_memory_does_not_grow_with_the_files(tmp_path: Path) -> None:
    """Files are hashed as streams (P12)."""
    with (tmp_path / "weights").open("wb") as file:
        file.truncate(64 * 2**20)
    tracemalloc.start()
    write_manifest(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * 2**20

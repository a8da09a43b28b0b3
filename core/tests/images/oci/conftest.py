"""What the tests of images without an engine share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "kit"))

from small_images import small_layout
from small_registry import SmallRegistry

from modelpack.images.oci.blobs import BlobStore


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    """An empty store of blobs."""
    return BlobStore(tmp_path / "store")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The layout of a small image with a Python in it, as far as that can be told without running it."""
    return small_layout(tmp_path / "base")


@pytest.fixture
def registry() -> Iterator[SmallRegistry]:
    """A registry over HTTP, whose faults a test chooses."""
    with SmallRegistry().serving() as served:
        yield served


@pytest.fixture(autouse=True)
def no_logins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the person who runs the tests is logged in to does not matter."""
    for name in ("REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-logins"))

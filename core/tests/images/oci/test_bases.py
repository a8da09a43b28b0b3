from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from small_images import DPKG, PYTHON_FILES, small_layout

from modelpack.errors import InvalidArgumentError
from modelpack.images.oci.bases import find_python, require_packages
from modelpack.images.oci.blobs import BlobStore
from modelpack.images.oci.images import Image
from modelpack.images.oci.layouts import open_directory
from modelpack.images.oci.platforms import Platform
from modelpack.images.oci.references import LayoutReference


def _image(path: Path, *layers: Mapping[str, bytes], config: Mapping[str, Any] | None = None) -> Image:
    return open_directory(LayoutReference(small_layout(path, *layers, config=config)), Platform.parse("linux/amd64"))


def test_official_image_says_its_version(tmp_path: Path, store: BlobStore) -> None:
    """`PYTHON_VERSION` is believed, and no layer is looked through."""
    image = _image(tmp_path / "base", {"file": b""}, config={"Env": ["PYTHON_VERSION=3.11.14"]})
    assert find_python(image, "3.11", "base", store) == "python"
    with pytest.raises(InvalidArgumentError, match=r"base has Python 3\.11\.14, and the model needs 3\.1\n"):
        find_python(image, "3.1", "base", store)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (PYTHON_FILES, "python"),
        ({"usr/bin/python3.11": b""}, "/usr/bin/python3.11"),
        ({"opt/venv/bin/python3.11": b"", "usr/bin/python3.11": b""}, "/opt/venv/bin/python3.11"),
    ],
    ids=["by the usual name", "by its version alone", "first on the path"],
)
def test_interpreter_is_found_in_the_layers(
    tmp_path: Path, store: BlobStore, files: Mapping[str, bytes], found: str
) -> None:
    """It is called `python` where it can be, by its path where it must be."""
    image = _image(tmp_path / "base", files, config={"Env": ["PATH=/opt/venv/bin:/usr/local/bin:/usr/bin"]})
    assert find_python(image, "3.11", "base", store) == found


@pytest.mark.parametrize(
    "files",
    [{"usr/bin/python3.12": b""}, {"home/me/bin/python3.11": b""}],
    ids=["another version", "not on the path"],
)
def test_base_without_the_interpreter_is_refused(tmp_path: Path, store: BlobStore, files: Mapping[str, bytes]) -> None:
    """The hint names a base that has it."""
    with pytest.raises(InvalidArgumentError, match=r"base has no python3\.11 on its PATH") as caught:
        find_python(_image(tmp_path / "base", files), "3.11", "base", store)
    assert caught.value.hint == "give a --base with Python 3.11, such as python:3.11-slim"


def test_packages_of_debian_are_looked_up(tmp_path: Path, store: BlobStore) -> None:
    """What is installed is found, what was removed is not, and the error names all that is missing."""
    image = _image(tmp_path / "base", {"var/lib/dpkg/status": DPKG})
    require_packages(image, ["libgomp1"], "base", store)
    with pytest.raises(InvalidArgumentError, match="base lacks the Debian packages gone, libicu72"):
        require_packages(image, ["libgomp1", "gone", "libicu72"], "base", store)


def test_packages_without_a_package_manager_are_found(tmp_path: Path, store: BlobStore) -> None:
    """Distroless images keep one file for each package."""
    image = _image(tmp_path / "base", {"var/lib/dpkg/status.d/libgomp1": b"Package: libgomp1\nVersion: 12\n"})
    require_packages(image, ["libgomp1"], "base", store)


def test_upper_layer_decides(tmp_path: Path, store: BlobStore) -> None:
    """A later list of packages takes the place of an earlier one."""
    image = _image(tmp_path / "base", {"var/lib/dpkg/status": DPKG}, {"var/lib/dpkg/status": b""})
    with pytest.raises(InvalidArgumentError, match="libgomp1"):
        require_packages(image, ["libgomp1"], "base", store)


def test_base_is_looked_through_once(tmp_path: Path, store: BlobStore) -> None:
    """What was found is remembered for the image's digest."""
    image = _image(tmp_path / "base", PYTHON_FILES)
    assert find_python(image, "3.11", "base", store) == "python"
    image.fetch(image.manifest.layers[0]).unlink()
    assert find_python(image, "3.11", "base", store) == "python"

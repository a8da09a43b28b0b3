from __future__ import annotations

import csv
import hashlib
import marshal
import shutil
import sys
import tarfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from small_images import small_wheel

from modelpack.errors import InvalidArgumentError
from modelpack.images.oci.blobs import BlobStore
from modelpack.images.oci.packages.bytecode import find_compiler
from modelpack.images.oci.packages.installers import InstallationError, Installer, Pip, Uv, find_installer
from modelpack.images.oci.packages.layer import PackageLayer, package_layer
from modelpack.images.oci.packages.request import PackageRequest
from modelpack.images.oci.platforms import Platform

PLACE = "/opt/packages"
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"


def _uv() -> Installer:
    program = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("there is no uv")
    return Uv(program)


def _pip() -> Installer:
    if find_spec("pip") is None:
        pytest.skip("there is no pip in this environment")
    return Pip()


@pytest.fixture(params=[_uv, _pip], ids=["uv", "pip"])
def installer(request: pytest.FixtureRequest) -> Installer:
    """Each of the installers that are there."""
    make: Callable[[], Installer] = request.param
    return make()


def _request(*wheels: Path, requirements: tuple[str, ...] = ("tiny==1.0",), python: str = RUNNING) -> PackageRequest:
    return PackageRequest(
        requirements=requirements, wheels=wheels, python_version=python, platform=Platform.parse("linux/amd64")
    )


def _build(request: PackageRequest, installer: Installer, cache: BlobStore) -> PackageLayer:
    cache.root.mkdir(exist_ok=True)
    return package_layer(request, PLACE, installer, cache, lambda _: None)


def _files(built: PackageLayer, cache: BlobStore) -> dict[str, bytes]:
    with tarfile.open(cache.fetch(built.layer.descriptor)) as tar:
        contents = {entry.name: tar.extractfile(entry) for entry in tar if entry.isfile()}
        return {name.removeprefix("opt/packages/"): file.read() for name, file in contents.items() if file is not None}


def test_layer_is_the_same_whoever_installs_and_wherever(tmp_path: Path) -> None:
    """Uv and pip, in two caches and with the wheel in two places, give one digest."""
    layers = set()
    for make in (_uv, _pip):
        cache = BlobStore(tmp_path / make.__name__)
        built = _build(_request(small_wheel(tmp_path / f"wheels{make.__name__}")), make(), cache)
        layers.add((built.layer.descriptor.digest, built.layer.diff_id))
    assert len(layers) == 1


def test_layer_has_the_packages_and_nothing_of_the_installer(
    installer: Installer, tmp_path: Path, store: BlobStore
) -> None:
    """Module, metadata, script and bytecode are there; no path, time or program of this machine is."""
    files = _files(_build(_request(small_wheel(tmp_path)), installer, store), store)
    assert set(files) == {
        "bin/tiny-script",
        "tiny-1.0.dist-info/METADATA",
        "tiny-1.0.dist-info/RECORD",
        "tiny-1.0.dist-info/WHEEL",
        "tiny-1.0.dist-info/entry_points.txt",
        "tiny/__init__.py",
        f"tiny/__pycache__/__init__.{sys.implementation.cache_tag}.pyc",
        "tiny/tests/test_it.py",
    }
    assert files["bin/tiny-script"] == b"#!/usr/bin/env python\nprint('hello')\n"
    assert not [name for name, content in files.items() if str(tmp_path).encode() in content]


def test_record_tells_what_is_there(installer: Installer, tmp_path: Path, store: BlobStore) -> None:
    """Every row is a file of the layer with its size, so that the packages can be audited in the image."""
    files = _files(_build(_request(small_wheel(tmp_path)), installer, store), store)
    rows = {row[0]: row[2] for row in csv.reader(files["tiny-1.0.dist-info/RECORD"].decode().splitlines())}
    assert rows.pop("tiny-1.0.dist-info/RECORD") == ""
    assert {name: str(len(files[name])) for name in rows} == rows
    assert "tiny/__init__.py" in rows


def test_bytecode_names_the_place_in_the_image_and_no_time(
    installer: Installer, tmp_path: Path, store: BlobStore
) -> None:
    """It is taken as it is (PEP 552, unchecked hash), and a traceback shows the path in the container."""
    files = _files(_build(_request(small_wheel(tmp_path)), installer, store), store)
    compiled = files[f"tiny/__pycache__/__init__.{sys.implementation.cache_tag}.pyc"]
    assert int.from_bytes(compiled[4:8], "little") == 0b01
    assert marshal.loads(compiled[16:]).co_filename == f"{PLACE}/tiny/__init__.py"  # noqa: S302 - what was compiled here


def test_layer_is_written_once(installer: Installer, tmp_path: Path, store: BlobStore) -> None:
    """A wheel of the same content, anywhere, finds the layer; one of another content does not."""
    first = _build(_request(small_wheel(tmp_path / "a")), installer, store)
    second = _build(_request(small_wheel(tmp_path / "b")), installer, store)
    assert (first.reused, second.reused) == (False, True)
    assert second.layer == first.layer
    other = _build(_request(small_wheel(tmp_path / "c", version="1.1"), requirements=("tiny",)), installer, store)
    assert (other.reused, other.layer == first.layer) == (False, False)


def test_layer_that_was_deleted_is_written_again(installer: Installer, tmp_path: Path, store: BlobStore) -> None:
    """The cache may be deleted at any time, in part too."""
    request = _request(small_wheel(tmp_path))
    first = _build(request, installer, store)
    store.path(first.layer.descriptor.digest).unlink()
    again = _build(request, installer, store)
    assert (again.reused, again.layer) == (False, first.layer)


def test_lock_pins_what_is_in_the_layer(installer: Installer, tmp_path: Path, store: BlobStore) -> None:
    """Every distribution is in it once, where it came from and with its hash as far as the installer knows it."""
    wheel = small_wheel(tmp_path)
    (line,) = _build(_request(wheel), installer, store).lock
    assert line.startswith(f"tiny @ {wheel.as_uri()}")
    if isinstance(installer, Pip):
        assert line.endswith(f"--hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}")


def test_wheel_for_another_machine_is_refused(installer: Installer, tmp_path: Path, store: BlobStore) -> None:
    """Wheels are for the machine of the image, not for this one."""
    wheel = small_wheel(tmp_path, tag=f"cp{RUNNING.replace('.', '')}-none-win_amd64")
    with pytest.raises(InstallationError) as caught:
        _build(_request(wheel), installer, store)
    assert "--extra-requirement" in str(caught.value.hint)


def test_wheel_for_the_machine_of_the_image_is_taken(installer: Installer, tmp_path: Path, store: BlobStore) -> None:
    """One for ARM is installed on any machine, with no bytecode where no Python of its version is at hand."""
    wheel = small_wheel(tmp_path, tag="cp399-none-manylinux_2_28_aarch64")
    request = PackageRequest(
        requirements=(), wheels=(wheel,), python_version="3.99", platform=Platform.parse("linux/arm64")
    )
    assert find_compiler("3.99") is None
    assert "tiny/__init__.py" in _files(_build(request, installer, store), store)


def test_file_that_is_no_wheel_is_refused() -> None:
    """The name of a wheel says what it is."""
    with pytest.raises(InvalidArgumentError, match="does not have the name of a wheel"):
        _ = _request(Path("tiny.zip")).lines


def test_an_installer_is_found() -> None:
    """Where models can be saved from an environment, there is uv or pip."""
    if shutil.which("uv") is None and find_spec("pip") is None:
        pytest.skip("there is neither uv nor pip")
    assert isinstance(find_installer(), Uv | Pip)

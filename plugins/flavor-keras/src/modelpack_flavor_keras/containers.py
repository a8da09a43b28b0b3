"""The two kinds of file that Keras writes: what stands in them, and whether they are what they seem to be."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HDF5_SUFFIXES = (".h5", ".hdf5")
WEIGHTS = "model.weights.h5"
_DESCRIPTION = "config.json"
_LARGEST_DESCRIPTION = 1 << 26
_LARGEST_EXPANSION = 1000
_SMALL = 1 << 28
_DAMAGE = (OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged file may raise, by the place of the damage."""


def read_descriptions(path: Path, *, with_training: bool) -> list[Any]:
    """What a file says about the model, after a look at what Keras would read beside it.

    Args:
        path: A `.keras` or `.h5` file.
        with_training: With the optimizer, losses and metrics, which Keras makes only for `compile=True`.

    Raises:
        InvalidModelError: It is no such file, cut off, reaches outside itself, or would fill the memory.
    """
    read = _read_hdf5 if path.suffix in HDF5_SUFFIXES else _read_archive
    try:
        return read(path, with_training=with_training)
    except _DAMAGE as error:
        raise InvalidModelError(f"{path.name} is damaged, or no file of Keras: {error}") from error


def _read_archive(path: Path, *, with_training: bool) -> list[Any]:
    with zipfile.ZipFile(path) as archive:
        _check_members(archive, path.name)
        if archive.getinfo(_DESCRIPTION).file_size > _LARGEST_DESCRIPTION:
            raise InvalidModelError(f"{_DESCRIPTION} in {path.name} is larger than {_LARGEST_DESCRIPTION} bytes")
        description = json.loads(archive.read(_DESCRIPTION))
        if WEIGHTS not in archive.namelist():  # Keras would take arrays of NumPy's kind, which may be pickles
            raise InvalidModelError(f"{path.name} holds no {WEIGHTS}")
        _check_hdf5(io.BytesIO(archive.read(WEIGHTS)), f"{WEIGHTS} in {path.name}")
    if isinstance(description, dict) and not with_training:
        description.pop("compile_config", None)
    return [description]


def _check_members(archive: zipfile.ZipFile, name: str) -> None:
    """Each member once, under a name that stays inside, and about as large as the archive says."""
    members = archive.infolist()
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise InvalidModelError(f"{name} holds two members of one name")
    for member in members:
        parts = PurePosixPath(member.filename.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in member.filename:
            raise InvalidModelError(f"{name} holds a member {member.filename!r}, which leaves the archive")
        if member.file_size > max(_SMALL, _LARGEST_EXPANSION * member.compress_size):
            raise InvalidModelError(f"{member.filename} in {name} would expand to {member.file_size} bytes")


def _read_hdf5(path: Path, *, with_training: bool) -> list[Any]:
    import h5py

    with path.open("rb") as file:
        _check_hdf5(file, path.name)
        with h5py.File(file, "r") as content:
            if "model_config" not in content.attrs:
                raise InvalidModelError(f"{path.name} describes no model: it has no attribute model_config")
            names = ["model_config", *["training_config"] * with_training]
            return [json.loads(content.attrs[name]) for name in names if name in content.attrs]


def _check_hdf5(file: Any, name: str) -> None:
    """Every link and every array stays in the file.

    Raises:
        InvalidModelError: One leads to another file, or claims to be far larger than what is stored.
    """
    import h5py

    with h5py.File(file, "r") as content:
        for link, kind, item in _items(content):
            where = f"{link} in {name}"
            if kind is not h5py.HardLink:
                raise InvalidModelError(f"{where} is a {kind.__name__}, which can lead to another file")
            if not isinstance(item, h5py.Dataset):
                continue
            if item.external or item.is_virtual:
                raise InvalidModelError(f"{where} is stored in another file")
            if item.nbytes > max(_SMALL, _LARGEST_EXPANSION * item.id.get_storage_size()):
                raise InvalidModelError(f"{where} would expand to {item.nbytes} bytes")


def _items(content: Any) -> Iterator[tuple[str, Any, Any]]:
    """Each link of a file with its kind and, for hard ones, the object; each group is entered once."""
    import h5py

    waiting, entered = [content], set()
    while waiting:
        group = waiting.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in entered:
            continue
        entered.add(address)
        for name in group:
            kind = group.get(name, getclass=True, getlink=True)
            item = group[name] if kind is h5py.HardLink else None
            yield f"{group.name.rstrip('/')}/{name}", kind, item
            if isinstance(item, h5py.Group):
                waiting.append(item)

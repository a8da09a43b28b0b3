"""Sending a model to the executors: once for each session, under the name of its digest."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, finalize

if TYPE_CHECKING:
    from modelpack.package.load import StoredModel

_SHIPPED: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


def ship(session: Any, stored: StoredModel) -> str:
    """Send a model to every executor that will need it; Spark unpacks it there, once for each.

    Args:
        session: A session, classic or of Spark Connect.
        stored: The model, verified.

    Returns:
        The name of the directory that Python workers find below `SparkFiles.getRootDirectory()`.
    """
    name = f"modelpack-{stored.digest.rpartition(':')[2]}"
    shipped = _SHIPPED.setdefault(session, set())
    if name not in shipped:
        temporary = tempfile.mkdtemp(prefix="modelpack-spark-")
        finalize(session, shutil.rmtree, temporary, ignore_errors=True)  # executors may fetch it at any time
        archive = Path(temporary, f"{name}.zip")
        _pack(stored.path, archive)
        session.addArtifacts(f"{archive}#{name}", archive=True)
        shipped.add(name)
    return name


def _pack(directory: Path, archive: Path) -> None:
    """Every file as it is: model files are compressed already, or are read faster than they are expanded."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as output:
        for path in sorted(directory.rglob("*")):
            if path.is_file():
                output.write(path, path.relative_to(directory).as_posix())

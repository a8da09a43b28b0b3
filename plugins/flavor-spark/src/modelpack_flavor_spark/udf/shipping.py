"""Sending a model to the executors: once for each session, under the name of its digest."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, finalize

from modelpack.errors import InvalidArgumentError, TrustError
from modelpack.package.load import trust_reasons
from modelpack.package.trust import authorize
from modelpack.plugins.manager import default_manager
from modelpack.pyfunc.load import viewed_flavor

if TYPE_CHECKING:
    from modelpack.package.load import StoredModel
    from modelpack.package.trust import Trust

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


def authorized(stored: StoredModel, flavor: str | None, trust: Trust | None) -> str | bool:
    """What workers are to trust, decided here, where the caller's trust store and folders are.

    Returns:
        The model's digest when the caller trusts it, else False.

    Raises:
        TrustError: Loading the model would run code from it, and the caller does not trust it.
        InvalidArgumentError: It is a Spark pipeline, which no worker can load.
        PluginError: The model's flavor is not installed.
    """
    manager = default_manager()
    name = viewed_flavor(stored, flavor, manager)
    if name == "spark":
        raise InvalidArgumentError(
            f"the model in {stored.path} is a Spark pipeline, which cannot run inside a function of Spark",
            hint="modelpack.load_model(…).transform(frame) scores a DataFrame",
        )
    authorize(stored.digest, stored.path, trust_reasons(stored, name, manager), trust)
    try:
        authorize(stored.digest, stored.path, ["a format may want trust only when it is read"], trust)
    except TrustError:
        return False
    return stored.digest


def _pack(directory: Path, archive: Path) -> None:
    """Every file as it is: model files are compressed already, or are read faster than they are expanded."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as output:
        for path in sorted(directory.rglob("*")):
            if path.is_file():
                output.write(path, path.relative_to(directory).as_posix())

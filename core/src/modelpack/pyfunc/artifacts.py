"""The files that a `PythonModel` brings along: fetched, copied into the model, found again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from modelpack.errors import InvalidArgumentError, InvalidModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DIRECTORY = "artifacts"


def store_artifacts(artifacts: Mapping[str, str | os.PathLike[str]], model: Path) -> dict[str, dict[str, str]]:
    """Copy artifacts into a model directory.

    Each keeps its base name; where two have the same, the later ones get a directory of their own.

    Args:
        artifacts: A local path or any URI that modelpack can fetch, by name (S39).
        model: The model directory.

    Returns:
        What stands in `MLmodel`: for each name the `path` in the model and the `uri` it came from, which is the same
        path for a file of this machine: its place here means nothing elsewhere.

    Raises:
        InvalidArgumentError: A name or URI is no text.
        NotFoundError: There is nothing to fetch.
    """
    from modelpack.stores.resolve import fetch

    entries: dict[str, dict[str, str]] = {}
    stored: dict[Path, str] = {}
    used: set[str] = set()
    for name, source in artifacts.items():
        _check(name, source)
        local = Path(fetch(source)).absolute()
        if local not in stored:
            stored[local] = f"{DIRECTORY}/{_free_place(local.name, used)}"
            copy(local, model / stored[local])
        entries[name] = {"path": stored[local], "uri": _public_uri(os.fspath(source)) or stored[local]}
    return entries


def artifact_paths(conf: Mapping[str, Any] | None, find: Callable[[str], Path]) -> dict[str, str]:
    """The absolute path of each artifact of a saved model.

    Args:
        conf: What `MLmodel` says.
        find: Answers the path of a file in the model.

    Raises:
        InvalidModelError: An entry has no path, or its path leads nowhere or out of the model.
    """
    paths = {}
    for name, entry in (conf or {}).items():
        path = entry.get("path") if isinstance(entry, dict) else None
        if not isinstance(path, str):
            raise InvalidModelError(f"the artifact {name!r} has no path in MLmodel")
        paths[name] = str(find(path))
    return paths


def copy(source: Path, target: Path) -> None:
    """Copy a file or a directory as a stream; links are replaced by what they stand for."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not source.is_dir():
        shutil.copyfile(source, target)
        return
    try:
        shutil.copytree(source, target, copy_function=shutil.copyfile)
    except shutil.Error as error:
        path, _, reason = error.args[0][0]
        raise InvalidArgumentError(f"{source} cannot be copied into the model: {path}: {reason}") from error


def _check(name: object, source: object) -> None:
    if not isinstance(name, str) or not name:
        raise InvalidArgumentError(f"artifacts has the name {name!r}; an artifact's name is a text")
    if not isinstance(source, str | os.PathLike):
        raise InvalidArgumentError(
            f"the artifact {name!r} is a {type(source).__qualname__}; artifacts are paths or URIs",
            hint="write what the model needs to a file and give its path, or keep it as an attribute of the model",
        )


def _free_place(name: str, used: set[str]) -> str:
    """A path under the artifacts that none has, even where upper and lower case are the same."""
    if name.casefold() not in used:
        used.add(name.casefold())
        return name
    number = next(number for number in range(len(used) + 1) if str(number) not in used)
    used.add(str(number))
    return f"{number}/{name}"


def _public_uri(source: str) -> str | None:
    """A remote URI without user, password and query, which may hold a signature; None for a local file."""
    parts = urlsplit(source)
    if len(parts.scheme) <= 1 or parts.scheme == "file":
        return None
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

"""Where runs are kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_DIRECTORY = "mlruns"
VARIABLES = ("MODELPACK_TRACKING_URI", "MLFLOW_TRACKING_URI")


def tracking_root(environ: Mapping[str, str] | None = None) -> Path:
    """The directory that holds the runs: `./mlruns`, unless an environment variable names another.

    `MODELPACK_TRACKING_URI` comes before `MLFLOW_TRACKING_URI`; each may be a path or a `file:` URI.

    Raises:
        InvalidArgumentError: The variable names a server or a database.
    """
    variables = os.environ if environ is None else environ
    for name in VARIABLES:
        value = variables.get(name, "").strip()
        if value:
            return _directory(value, source=name)
    return Path(DEFAULT_DIRECTORY).absolute()


def _directory(value: str, *, source: str) -> Path:
    path = local_path(value)
    if path is None:
        raise InvalidArgumentError(
            f"{source} is {_without_password(value)!r}, which is no directory; modelpack keeps runs in files",
            hint=f"set MODELPACK_TRACKING_URI to a directory, or unset {source}",
        )
    return path


def local_path(uri: str) -> Path | None:
    """The absolute path that a path or `file:` URI stands for; None for anything else."""
    parts = urlsplit(uri)
    if len(parts.scheme) <= 1:  # none, or the drive letter of a Windows path
        return Path(uri).absolute()
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
        return None
    return Path(url2pathname(parts.path)).absolute()


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    return uri.replace(f"{parts.netloc}", parts.netloc.rpartition("@")[2], 1) if "@" in parts.netloc else uri

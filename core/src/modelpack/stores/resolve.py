"""From a URI to a local path."""

from __future__ import annotations

import os
import re
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from modelpack.errors import InvalidArgumentError, NotFoundError, PluginError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "modelpack.stores"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")


def fetch(uri: str | os.PathLike[str]) -> Path:
    """Find a file or directory, downloading it when it is not local.

    Args:
        uri: A path; a `file:` URI; a URI with a scheme that a plugin resolves (entry-point group `modelpack.stores`,
            such as `runs:/RUN/PATH`); or anything that fsspec opens (`s3://…`, `memory://…`), which is downloaded to a
            private cache and taken from there while the original does not change.

    Returns:
        The local file or directory.

    Raises:
        NotFoundError: Nothing is there.
        InvalidArgumentError: The URI is malformed, or nothing resolves its scheme.
        MissingDependencyError: The scheme needs a package that is not installed.
        IntegrityError: The download is not what its manifest says.
    """
    if isinstance(uri, os.PathLike):
        return _local(Path(uri), uri)
    scheme = _scheme(uri)
    if scheme is None:
        return _local(Path(uri), uri)
    if scheme == "file":
        return _local(_file_path(uri), uri)
    resolver = _resolver(scheme)
    if resolver is not None:
        return _resolved(resolver, uri)
    from modelpack.stores.remote import download

    return download(uri)


def _scheme(uri: str) -> str | None:
    if not uri or "\0" in uri:
        raise InvalidArgumentError(f"{uri!r} names no model", hint="give a path or a URI")
    if os.name != "nt" and PureWindowsPath(uri).drive and not Path(uri).exists():
        raise InvalidArgumentError(
            f"{uri!r} is a path of Windows, and this is another system", hint="give a path with / and without a drive"
        )
    match = _SCHEME.match(uri)
    return match[1].lower() if match else None


def _local(path: Path, uri: str | os.PathLike[str]) -> Path:
    if not path.exists():
        raise NotFoundError(f"there is no file or directory {os.fspath(uri)}")
    return path


def _file_path(uri: str) -> Path:
    """The path of a `file:` URI, percent-decoded once."""
    parts = urlsplit(uri)
    if parts.netloc not in {"", "localhost"} or parts.query or parts.fragment or not parts.path.startswith("/"):
        raise InvalidArgumentError(
            f"{uri!r} is no URI of a local file",
            hint="it has three slashes and an absolute path, as in file:///srv/models/wine; # and ? stand as %23, %3F",
        )
    path = unquote(parts.path, errors="surrogateescape")
    if "\0" in path:
        raise InvalidArgumentError(f"{uri!r} holds a null character")
    if os.name == "nt":
        path = path.removeprefix("/")
    return Path(path)


def _resolver(scheme: str) -> EntryPoint | None:
    from importlib.metadata import entry_points

    found = list(entry_points(group=GROUP, name=scheme))
    if len(found) > 1:
        names = " and ".join(point.dist.name if point.dist else point.value for point in found)
        raise PluginError(f"two distributions resolve {scheme}: URIs: {names}", hint="uninstall one of them")
    return found[0] if found else None


def _resolved(resolver: EntryPoint, uri: str) -> Path:
    owner = f"{resolver.dist.name} {resolver.dist.version}" if resolver.dist else resolver.value
    try:
        function = resolver.load()
    except Exception as error:
        raise PluginError(f"the resolver of {resolver.name}: URIs ({owner}) cannot be imported: {error}") from error
    path = function(uri)
    if not isinstance(path, os.PathLike):
        raise PluginError(f"the resolver of {resolver.name}: URIs ({owner}) answered {path!r}, which is no path")
    return _local(Path(path), uri)

"""Downloads through fsspec, kept in a private cache for as long as the original does not change."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from modelpack.errors import (
    IntegrityError,
    InvalidArgumentError,
    InvalidModelError,
    MissingDependencyError,
    ModelpackError,
    NotFoundError,
)
from modelpack.paths import relative_path
from modelpack.stores.checksums import hash_file, parse_checksums
from modelpack.stores.directories import cache_directory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MANIFEST = "MANIFEST.sha256"
_CHANGES_WITH_CONTENT = (
    *("CRC", "ETag", "LastModified", "checksum", "created", "etag", "generation"),
    *("last_modified", "md5", "md5Hash", "modified", "mtime", "size", "updated"),
)


def download(uri: str) -> Path:
    """Download a file or a directory.

    Of a model that has a manifest the files named there are fetched and checked against it. A copy that was fetched
    before is taken when the manifest, or without one the store's listing, is the same.

    Args:
        uri: Anything that fsspec opens, chained URIs too.

    Returns:
        The local copy, in a directory that only the user can enter. Treat it as read-only.

    Raises:
        NotFoundError: Nothing is there.
        InvalidArgumentError: Nothing opens such a URI.
        InvalidModelError: A name would lead out of the directory.
        IntegrityError: A file is not what the manifest says.
        MissingDependencyError: fsspec needs a further package for it.
    """
    source = _Source.open(uri)
    files = source.files()
    home = cache_directory(os.environ) / "models" / _key(uri) / files.version
    if not home.exists():
        with _private_directory(home) as directory:
            for name in files.names:
                source.get(name, directory, files.sums.get(name))
    return home if files.is_directory else home / files.names[0]


def filesystem_of(uri: str) -> tuple[Any, str]:
    """The file system of fsspec behind a URI, and the path in it; call it inside `translated`."""
    from fsspec.core import url_to_fs

    filesystem, root = url_to_fs(uri)
    return filesystem, root


@contextmanager
def opened(uri: str) -> Iterator[BinaryIO]:
    """Open a file by its URI, without a copy of it.

    Raises:
        ModelpackError: As `download`.
    """
    with translated(uri):
        from fsspec.core import open as open_uri

        file = open_uri(uri, "rb").open()
    with file:
        yield file


class _Files:
    """What is at a URI.

    Attributes:
        names: POSIX paths relative to it; the one name of a single file.
        sums: Their checksums, as far as a manifest gives them.
        version: A name that changes when the content does.
        is_directory: Whether it is a directory.
    """

    __slots__ = ("is_directory", "names", "sums", "version")

    def __init__(self, names: list[str], sums: Mapping[str, str], version: str, *, is_directory: bool) -> None:
        self.names = [str(relative_path(name)) for name in names]
        self.sums = sums
        self.version = version[:32]
        self.is_directory = is_directory


class _Source:
    """A place in a file system of fsspec."""

    def __init__(self, uri: str, filesystem: Any, root: str) -> None:
        self._uri = uri
        self._filesystem = filesystem
        self._root = root.rstrip("/")
        self._single = False

    @classmethod
    def open(cls, uri: str) -> _Source:
        with translated(uri):
            return cls(uri, *filesystem_of(uri))

    def files(self) -> _Files:
        """What is there."""
        with translated(self._uri):
            manifest = self._manifest()
            if manifest is not None:
                sums = parse_checksums(manifest, source=f"{MANIFEST} of {self._uri}")
                return _Files([*sums, MANIFEST], sums, hashlib.sha256(manifest).hexdigest(), is_directory=True)
            return self._listed()

    def get(self, name: str, directory: Path, checksum: str | None) -> None:
        """Download one file below a directory, as a stream."""
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with translated(self._uri if checksum is None else f"{self._uri}/{name}"):
            self._filesystem.get_file(self._root if self._single else f"{self._root}/{name}", str(target))
        if checksum is not None and hash_file(target) != checksum:
            raise IntegrityError(
                f"the file {name!r} of {self._uri} is not what its {MANIFEST} says",
                hint="the model was changed or not uploaded completely; upload it again",
            )

    def _manifest(self) -> bytes | None:
        try:
            content: bytes = self._filesystem.cat_file(f"{self._root}/{MANIFEST}")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError, KeyError):
            return None
        return content

    def _listed(self) -> _Files:
        """The files that the store lists; their versions are told by sizes, times and entity tags."""
        found: dict[str, dict[str, Any]] = self._filesystem.find(self._root, detail=True)
        if not found:
            raise FileNotFoundError(self._uri)
        version = hashlib.sha256()
        for path in sorted(found):
            facts = [(key, str(found[path][key])) for key in _CHANGES_WITH_CONTENT if key in found[path]]
            version.update(repr((path, facts)).encode())
        self._single = [path.rstrip("/") for path in found] == [self._root]
        names = [PurePosixPath(self._root).name] if self._single else [self._relative(path) for path in sorted(found)]
        return _Files(names, {}, version.hexdigest(), is_directory=not self._single)

    def _relative(self, path: str) -> str:
        if not path.startswith(f"{self._root}/") and self._root:
            raise InvalidModelError(f"{self._uri} lists the file {path!r}, which is not in it")
        return path[len(self._root) :].lstrip("/")


def _key(uri: str) -> str:
    return hashlib.sha256(uri.encode(errors="surrogateescape")).hexdigest()[:32]


@contextmanager
def _private_directory(destination: Path) -> Iterator[Path]:
    """A directory that appears when it is complete; if another process was faster, its copy stays."""
    destination.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".", dir=destination.parent))
    try:
        yield staging
        try:
            staging.rename(destination)
        except OSError:
            if not destination.is_dir():
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def translated(uri: str) -> Iterator[None]:
    """Turn the errors of fsspec and its file systems into ones that say what to do."""
    try:
        yield
    except ModelpackError:
        raise
    except FileNotFoundError as error:
        raise NotFoundError(f"there is nothing at {_shown(uri)}") from error
    except ImportError as error:
        raise _missing(uri, error) from error
    except ValueError as error:
        if "Protocol not known" not in str(error):
            raise InvalidArgumentError(f"{_shown(uri)} cannot be read: {error}") from error
        raise InvalidArgumentError(
            f"nothing that is installed opens {urlsplit(uri).scheme}: URIs",
            hint="give a path, or a URI that fsspec or a plugin of the group modelpack.stores opens",
        ) from error
    except Exception as error:
        raise InvalidArgumentError(
            f"{_shown(uri)} cannot be read: {type(error).__name__}: {error}",
            hint="check the address and your access to it",
        ) from error


def _missing(uri: str, error: ImportError) -> MissingDependencyError:
    """The package that a scheme needs: fsspec says it in a sentence, the import that failed names it."""
    cause = error.__cause__ or error.__context__
    module = (getattr(cause, "name", None) or error.name or urlsplit(uri).scheme).partition(".")[0]
    return MissingDependencyError(
        f"{urlsplit(uri).scheme}: URIs need {module}, which is not installed ({error})", hint=f"pip install {module}"
    )


def _shown(uri: str) -> str:
    """The URI without a password."""
    parts = urlsplit(uri)
    if parts.password is None:
        return uri
    return uri.replace(f":{parts.password}@", ":…@", 1)

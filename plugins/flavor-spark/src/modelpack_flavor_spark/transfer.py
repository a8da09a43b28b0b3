"""Moving a directory between this machine and the file system that Spark's executors share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from modelpack.errors import InvalidArgumentError
from modelpack_flavor_spark.sessions import is_connected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class SharedFiles(Protocol):
    """A file system that both the driver's and the executors' side of Spark reads and writes."""

    def is_local(self) -> bool:
        """Whether paths without a scheme are files of this machine."""

    def download(self, uri: str, directory: Path) -> None:
        """Copy what stands at a URI into a directory that exists."""

    def upload(self, directory: Path, uri: str) -> None:
        """Copy a directory to a URI where nothing stands."""

    def remove(self, uri: str) -> None:
        """Remove what stands at a URI, where that can be done."""


def shared_files(session: Any) -> SharedFiles:
    """The file system as a session reaches it: by Hadoop's own API, or through a Connect server."""
    return ConnectFiles(session) if is_connected(session) else HadoopFiles(session)


class HadoopFiles:
    """Whatever Hadoop has a file system for: HDFS, S3, DBFS, and `file:`."""

    def __init__(self, session: Any) -> None:
        """Use the settings of a session."""
        self._hadoop = session.sparkContext._jvm.org.apache.hadoop.fs  # noqa: SLF001 - PySpark has no public name for it
        self._settings = session.sparkContext._jsc.hadoopConfiguration()  # noqa: SLF001 - likewise

    def is_local(self) -> bool:
        """Whether the default file system is this machine's."""
        return bool(self._hadoop.FileSystem.getDefaultUri(self._settings).getScheme() == "file")

    def download(self, uri: str, directory: Path) -> None:
        """Copy everything, without the checksum files of Hadoop's local file system."""
        place = self._path(uri)
        files = place.getFileSystem(self._settings)
        for status in files.listStatus(place):
            files.copyToLocalFile(False, status.getPath(), self._path(f"file://{directory}"), True)  # noqa: FBT003 - Java

    def upload(self, directory: Path, uri: str) -> None:
        """Copy everything."""
        place = self._path(uri)
        place.getFileSystem(self._settings).copyFromLocalFile(False, True, self._path(f"file://{directory}"), place)  # noqa: FBT003 - Java

    def remove(self, uri: str) -> None:
        """Remove it with all that is in it."""
        place = self._path(uri)
        place.getFileSystem(self._settings).delete(place, True)  # noqa: FBT003 - Java

    def exists(self, uri: str) -> bool:
        """Whether something stands there."""
        place = self._path(uri)
        return bool(place.getFileSystem(self._settings).exists(place))

    def rename(self, uri: str, new: str) -> None:
        """Give it another name, where nothing stands.

        Raises:
            InvalidArgumentError: The file system refuses.
        """
        place = self._path(uri)
        if not place.getFileSystem(self._settings).rename(place, self._path(new)):
            raise InvalidArgumentError(f"{uri} could not be renamed to {new}")

    def _path(self, uri: str) -> Any:
        return self._hadoop.Path(uri)


class ConnectFiles:
    """The file system of a Connect server, which its client sees only through Spark itself."""

    def __init__(self, session: Any) -> None:
        """Ask the server of a session."""
        self._session = session

    def is_local(self) -> bool:
        """Nothing else is known than that many servers run on the client's machine."""
        return True

    def download(self, uri: str, directory: Path) -> None:
        """Read every file as a row, except those whose names begin with `_` or a dot, which mark and check."""
        reader = self._session.read.format("binaryFile").option("recursiveFileLookup", "true")
        for row in reader.load(uri).select("path", "content").toLocalIterator():
            place = directory / _below(row.path, uri)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(row.content)

    def upload(self, directory: Path, uri: str) -> None:
        """Copy every file; the server has to allow it for places on its own disk.

        Raises:
            InvalidArgumentError: It is not a path of the server's default file system, which is all that Spark takes.
        """
        if ":/" in uri:
            raise InvalidArgumentError(
                f"Spark Connect copies to no URI such as {uri}",
                hint="give dfs_tmpdir as a path without a scheme, on the server's default file system",
            )
        for path in _files(directory):
            self._session.copyFromLocalToFs(str(path), f"{uri}/{path.relative_to(directory).as_posix()}")

    def remove(self, uri: str) -> None:
        """A client cannot remove files of the server."""


def _files(directory: Path) -> Iterator[Path]:
    return (path for path in sorted(directory.rglob("*")) if path.is_file())


def _below(path: str, uri: str) -> str:
    """The part of a file's URI that follows the folder's last part, which no other folder shares."""
    return path.partition(f"/{uri.rstrip('/').rpartition('/')[2]}/")[2]

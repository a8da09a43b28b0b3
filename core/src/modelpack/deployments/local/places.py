"""Where deployments on this machine are kept."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.deployments.local import locks
from modelpack.deployments.local.records import Status, Wish, is_unfinished
from modelpack.errors import DeployError
from modelpack.package.manifest import verify
from modelpack.stores.directories import data_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.deployments.local.options import LocalOptions


_BEFORE_A_WISH = {"changing.lock", "models"}
"""What an apply makes before it writes its wish down."""


@dataclass(frozen=True, slots=True)
class Place:
    """The directory of one deployment.

    Attributes:
        directory: It is there from the first apply until the deployment is deleted.
    """

    directory: Path

    @property
    def wish_file(self) -> Path:
        """Holds the `Wish`."""
        return self.directory / "wish.json"

    @property
    def serving_file(self) -> Path:
        """Holds the `Wish` that serves."""
        return self.directory / "serving.json"

    @property
    def status_file(self) -> Path:
        """Holds the `Status`."""
        return self.directory / "status.json"

    @property
    def log_file(self) -> Path:
        """Where the keeper and its servers log."""
        return self.directory / "log"

    @property
    def keeper_lock(self) -> Path:
        """Is held by the keeper as long as it lives."""
        return self.directory / "keeper.lock"

    def server_lock(self, number: int) -> Path:
        """Is held by a server as long as it lives."""
        return self.directory / f"server-{number}.lock"

    def server_locks(self) -> list[Path]:
        """The locks of all servers, living or not."""
        return list(self.directory.glob("server-*.lock"))

    def wish(self) -> Wish | None:
        """What shall stand."""
        return Wish.read(self.wish_file)

    def serving(self) -> Wish | None:
        """What serves, or did when the keeper last lived."""
        return Wish.read(self.serving_file)

    def status(self) -> Status | None:
        """How far the keeper has come."""
        return Status.read(self.status_file)

    def keeper(self) -> int | None:
        """The keeper's process id; None when it does not live."""
        return locks.holder(self.keeper_lock)

    def is_foreign(self) -> bool:
        """Whether the directory is somebody else's: it holds something, and no wish of ours.

        Who makes or removes a deployment there at this moment holds its lock: what is looked at without it may be half
        there.
        """
        if not self._seems_foreign():
            return False
        try:
            with locks.taken(self._lock) as mine:
                return mine and self._seems_foreign()
        except OSError:
            return True
        finally:
            remove_empty(self.directory, 1)

    def _seems_foreign(self) -> bool:
        if self.wish_file.is_file():
            return False
        try:
            return not all(self._precedes_a_wish(path.name) for path in self.directory.iterdir())
        except FileNotFoundError:
            return False
        except NotADirectoryError:
            return True

    def _precedes_a_wish(self, name: str) -> bool:
        return name in _BEFORE_A_WISH or is_unfinished(self.directory / name, self.wish_file)

    @contextmanager
    def changing(self) -> Iterator[bool]:
        """Keep others from changing this deployment during the block, unless another does so: then it says False.

        When nothing is wished afterwards, the directory is gone.

        Raises:
            DeployError: The directory is somebody else's.
        """
        if self.is_foreign():
            raise DeployError(f"{self.directory} is there, and not made by modelpack", code="rejected")
        descriptor = locks.take(self._lock)
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                if locks.is_at(descriptor, self._lock) and self.wish() is None:  # else it is gone, or another's by now
                    self.remove()
                os.close(descriptor)

    def is_gone(self) -> bool:
        """Whether nothing is left but, maybe, the lock of one who looks at this moment."""
        try:
            return all(path == self._lock for path in self.directory.iterdir())
        except FileNotFoundError:
            return True

    def is_changing(self) -> bool:
        """Whether somebody is changing this deployment."""
        return locks.holder(self._lock) is not None

    @property
    def _lock(self) -> Path:
        return self.directory / "changing.lock"

    def model(self, wish: str) -> Path:
        """Where a wish's copy of its model lies, relative to the directory."""
        return Path("models") / wish

    def add_model(self, wish: str, source: Path, digest: str) -> None:
        """Copy a model for a wish; when that fails there is no copy.

        Raises:
            DeployError: The copy is not the model that was asked for, or it cannot be written.
        """
        copy = self.directory / self.model(wish)
        try:
            shutil.copytree(source, copy)
            _require(verify(copy) == digest)
        except BaseException as error:
            remove_tree(copy)
            if not isinstance(error, OSError):
                raise
            raise DeployError(
                f"the model cannot be copied to {self.directory}: {error.strerror or error}",
                code="failed",
                hint="choose another place with -o directory=…",
            ) from error

    def remove_model(self, wish: str) -> None:
        """Remove a wish's copy of its model."""
        remove_tree(self.directory / self.model(wish))

    def remove_strays(self) -> None:
        """Remove what an apply that was killed has left: copies that belong to no wish."""
        known = {wish.id for wish in (self.wish(), self.serving()) if wish is not None}
        for copy in (self.directory / "models").glob("*"):
            if copy.name not in known:
                remove_tree(copy)

    def remove(self) -> None:
        """Remove the directory, the wish after all that it tells to be ours, and the lock last."""
        for path in set(self.directory.glob("*")) - {self.wish_file, self._lock}:
            remove_tree(path) if path.is_dir() else path.unlink(missing_ok=True)
        self.wish_file.unlink(missing_ok=True)
        remove_tree(self.directory)


def _require(unchanged: bool) -> None:  # noqa: FBT001 - it is the question
    if not unchanged:
        raise DeployError("the model was changed while it was copied", code="failed", hint="deploy it again")


def place_of(name: str, options: LocalOptions) -> Place:
    """The place of a deployment, whether there is one or not."""
    return Place(root_of(options) / name)


def places(options: LocalOptions) -> Iterator[Place]:
    """The places of all deployments."""
    root = root_of(options)
    if root.is_dir():
        for directory in sorted(root.iterdir()):
            if (directory / "wish.json").is_file():
                yield Place(directory)


def root_of(options: LocalOptions) -> Path:
    """Where deployments are kept."""
    if options.directory is not None:
        return options.directory.absolute()
    return data_directory(os.environ) / "deployments" / "local"


def remove_empty(directory: Path, levels: int) -> None:
    """Remove a directory that is empty, and those above it, so many levels up."""
    with suppress(OSError):
        for each in [directory, *directory.parents][:levels]:
            each.rmdir()


def remove_tree(directory: Path) -> None:
    """Remove a directory that may have been copied with its write protection."""
    if not directory.is_dir():
        return
    for parent, _, _ in os.walk(directory):
        with suppress(OSError):
            Path(parent).chmod(stat.S_IRWXU)
    shutil.rmtree(directory, ignore_errors=True)

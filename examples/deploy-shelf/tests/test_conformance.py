"""The shelf, held to what every target has to do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelpack.testing import TargetTests

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path


class TestShelf(TargetTests):
    """Deploys to a directory of its own. YOURS: a local engine, a simulator."""

    target = "shelf"
    distribution = "modelpack-deploy-shelf"

    def options(self, scratch: Path) -> Mapping[str, Any]:
        """An empty shelf."""
        shelf = scratch / "shelf"
        shelf.mkdir()
        return {"directory": shelf}

    def footprint(self, options: Mapping[str, Any]) -> Collection[str]:
        """Every file on the shelf."""
        shelf: Path = options["directory"]
        return [path.relative_to(shelf).as_posix() for path in shelf.rglob("*")]

    @contextmanager
    def foreign(self, options: Mapping[str, Any]) -> Iterator[str]:
        """An archive that somebody else put there."""
        path: Path = options["directory"] / "theirs.zip"
        path.write_bytes(b"somebody else's")
        yield "theirs"
        path.unlink()

"""The target, held to what every target has to do.

A harness says where to deploy to, and looks there without asking the target.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

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

    def changed_options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Another note. YOURS: another size of machine."""
        return {**options, "note": "another"}

    def observed(self, options: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        """What is written on the archive. YOURS: what the platform says."""
        with ZipFile(options["directory"] / f"{name}.zip") as archive:
            return {"note": json.loads(archive.comment)["modelpack"]["note"]}

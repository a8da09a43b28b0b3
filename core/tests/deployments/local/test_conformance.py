"""What every target has to do, with the target `local`."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.testing import TargetTests

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from modelpack.plugins.discovery import PluginRecord

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class TestLocal(TargetTests):
    """Deployments in a directory, with their processes."""

    target = "local"
    distribution = "modelpack-core"
    has_logs = True
    runs_locally = True
    patience = 240.0
    secret_options = {"env": {"TOKEN": "an-unguessable-token"}}  # noqa: RUF012 - as the kit declares it

    @pytest.mark.xfail(reason="the target is a part of modelpack-core, which does not require itself")
    def test_distribution_says_what_it_is(self, plugin_record: PluginRecord) -> None:
        """See the kit."""
        super().test_distribution_says_what_it_is(plugin_record)

    def options(self, scratch: Path) -> Mapping[str, Any]:
        """A directory of the tests' own."""
        return {"directory": str(scratch / "deployments"), "threads": 1}

    def footprint(self, options: Mapping[str, Any]) -> Collection[str]:
        """Files of deployments, whole models as one, and processes that work there."""
        directory = Path(options["directory"])
        files = [str(path.relative_to(directory)) for path in [*directory.glob("*/*"), *directory.glob("*/models/*")]]
        return [*files, *_processes(directory)]

    @contextmanager
    def foreign(self, options: Mapping[str, Any]) -> Iterator[str]:
        """A directory of somebody else."""
        path = Path(options["directory"], "theirs", "file")
        path.parent.mkdir(parents=True)
        path.touch()
        yield "theirs"
        path.unlink()
        path.parent.rmdir()

    def changed_options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """More threads."""
        return {**options, "threads": 2}

    def observed(self, options: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        """What the server was started with."""
        (words,) = {words for words in _processes(Path(options["directory"])) if f"--name={name} " in words}
        return {"threads": words.partition("--threads=")[2].split()[0]}


def _processes(directory: Path) -> list[str]:
    """The commands of the processes whose working directory is a deployment's."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if directory in (process / "cwd").readlink().parents:
                words = (process / "cmdline").read_text().split("\0")
                found.append(" ".join(word for word in words[2:] if not word.startswith(("--port", "--model"))))
    return found

"""The directory of a deployment while processes make and remove it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from modelpack.deployments.local import locks
from modelpack.deployments.local.places import Place
from modelpack.errors import DeployError

if TYPE_CHECKING:
    from pathlib import Path

COME_AND_GO = """
import sys, time
from pathlib import Path
from modelpack.deployments.local.places import Place
from modelpack.deployments.local.records import Wish

place = Place(Path(sys.argv[1]))
wish = Wish(
    id="1", name="plus", revision="r", digest="d", host="h", port=0, grace=0, start_timeout=0,
    arguments=[], environment={}, settings={},
)
until = time.monotonic() + 2
while time.monotonic() < until:
    with place.changing() as mine:
        if not mine:
            continue
        (place.directory / "models" / "1").mkdir(parents=True)
        wish.write(place.wish_file)
        for name in ("keeper.lock", "log", "server-1.lock"):
            (place.directory / name).touch()
        place.remove()
"""


def test_a_deployment_that_comes_and_goes_is_never_somebody_elses(tmp_path: Path) -> None:
    """Whatever another process has done by the time that one looks, it was modelpack that did it."""
    place = Place(tmp_path / "plus")
    looks = 0
    with subprocess.Popen([sys.executable, "-c", COME_AND_GO, str(place.directory)]) as other:
        while other.poll() is None:
            assert not place.is_foreign()
            looks += 1
    assert other.returncode == 0
    assert looks > 100


def test_what_another_has_made_since_is_not_removed(tmp_path: Path) -> None:
    """Who has removed the deployment has no lock there any more, and no say."""
    place = Place(tmp_path / "plus")
    with place.changing():
        place.remove()
        descriptor = locks.take(place.directory / "changing.lock")
        assert descriptor is not None
        assert place.is_gone(), "another looks, and nothing is deployed"
        place.log_file.touch()
    assert place.log_file.exists()
    assert place.is_changing()
    assert not place.is_gone()
    os.close(descriptor)


@pytest.mark.parametrize("name", ["log", "wish.json.bak", ".wish", "notes.txt"])
def test_what_is_somebody_elses_is_left_alone(name: str, tmp_path: Path) -> None:
    """A directory that holds something and no wish is neither taken nor removed."""
    (tmp_path / "plus").mkdir()
    (tmp_path / "plus" / name).write_text("mine", encoding="utf-8")
    place = Place(tmp_path / "plus")
    with pytest.raises(DeployError, match="not made by modelpack"), place.changing():
        pytest.fail("it was taken")
    assert [path.name for path in place.directory.iterdir()] == [name]

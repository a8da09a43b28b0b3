from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from modelpack.batch import publishing
from modelpack.batch.publishing import published
from modelpack.errors import AlreadyExistsError, InvalidArgumentError


def publish(destination: Path, text: str, *, overwrite: bool = False) -> None:
    """Publish a directory with one file."""
    with published(destination, overwrite=overwrite) as directory:
        (directory / "part").write_text(text, encoding="utf-8")


def content(directory: Path) -> dict[str, list[str]]:
    """What lies in the directories of a directory."""
    return {path.name: sorted(each.name for each in path.iterdir()) for path in directory.iterdir()}


def test_a_directory_appears_when_it_is_complete(tmp_path: Path) -> None:
    """With a mark, in directories that need not be there, with the permissions of any new directory."""
    with published(tmp_path / "a" / "out", overwrite=False) as directory:
        assert not (tmp_path / "a" / "out").exists()
        assert directory.parent == tmp_path / "a", "it is beside, so that a rename is all that is needed"
    (tmp_path / "plain").mkdir()
    assert content(tmp_path / "a") == {"out": ["_SUCCESS"]}
    assert (tmp_path / "a" / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_empty_directory_is_in_nobodys_way(tmp_path: Path) -> None:
    """As mktemp makes it."""
    (tmp_path / "out").mkdir()
    publish(tmp_path / "out", "new")
    assert content(tmp_path) == {"out": ["_SUCCESS", "part"]}


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    """And nothing else."""
    publish(tmp_path / "out", "old")
    with pytest.raises(TypeError):
        publish(tmp_path / "out", None, overwrite=True)  # type: ignore[arg-type]  # fails once the file is there
    assert content(tmp_path) == {"out": ["_SUCCESS", "part"]}
    assert (tmp_path / "out" / "part").read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize("exchange", [True, False], ids=["in-one-step", "in-two"])
def test_an_output_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, exchange: bool) -> None:
    """On file systems that cannot exchange two directories as well."""
    if not exchange:
        monkeypatch.setattr(publishing, "_exchanged", lambda *_: False)
    publish(tmp_path / "out", "old")
    publish(tmp_path / "out", "new", overwrite=True)
    assert content(tmp_path) == {"out": ["_SUCCESS", "part"]}
    assert (tmp_path / "out" / "part").read_text(encoding="utf-8") == "new"


def test_what_a_symbolic_link_leads_to_is_replaced(tmp_path: Path) -> None:
    """The link stays."""
    publish(tmp_path / "real", "old")
    (tmp_path / "out").symlink_to(tmp_path / "real")
    publish(tmp_path / "out", "new", overwrite=True)
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "real" / "part").read_text(encoding="utf-8") == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "real"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot")
def test_linux_exchanges_directories_in_one_step(tmp_path: Path) -> None:
    """So there is no moment without an output."""
    publish(tmp_path / "one", "1")
    publish(tmp_path / "other", "2")
    assert publishing._exchanged(tmp_path / "one", tmp_path / "other")
    assert (tmp_path / "one" / "part").read_text(encoding="utf-8") == "2"
    assert not publishing._exchanged(tmp_path / "one", tmp_path / "absent")


def test_a_replacement_that_was_cut_short_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it takes two steps and the job was killed between them, the next one puts the old output back."""
    monkeypatch.setattr(publishing, "_exchanged", lambda *_: False)
    publish(tmp_path / "out", "old")
    (tmp_path / "out").rename(tmp_path / ".out.replaced-12345678")
    with pytest.raises(AlreadyExistsError):
        publish(tmp_path / "out", "new")
    assert (tmp_path / "out" / "part").read_text(encoding="utf-8") == "old"
    publish(tmp_path / "out", "new", overwrite=True)
    assert content(tmp_path) == {"out": ["_SUCCESS", "part"]}


def test_a_job_that_ends_second_does_not_replace_the_output_of_the_first(tmp_path: Path) -> None:
    """Each writes to a directory of its own."""
    with pytest.raises(AlreadyExistsError), published(tmp_path / "out", overwrite=False):
        publish(tmp_path / "out", "first")
    assert content(tmp_path) == {"out": ["_SUCCESS", "part"]}


def test_only_abandoned_directories_are_removed(tmp_path: Path) -> None:
    """One is abandoned when its process has ended; others with similar names are nobody's business."""
    program = (
        "import os, sys, pathlib\nfrom modelpack.batch.publishing import published\n"
        f"with published(pathlib.Path({str(tmp_path / 'out')!r}), overwrite=False):\n"
        "    print('ready', flush=True)\n    sys.stdin.read()\n    os._exit(1)\n"
    )
    for name in (".out.staging-old", ".other.staging-old"):
        (tmp_path / name).mkdir()
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as job:
        assert job.stdout is not None
        assert job.stdout.readline() == b"ready\n"
        running = next(tmp_path.glob(".out.staging-*")).name
        publish(tmp_path / "out", "new")
        assert set(content(tmp_path)) == {".other.staging-old", "out", running}
        job.communicate(timeout=60)
    publish(tmp_path / "out", "newer", overwrite=True)
    assert set(content(tmp_path)) == {".other.staging-old", "out"}


def test_a_fork_does_not_keep_a_directory_from_being_abandoned(tmp_path: Path) -> None:
    """A worker may outlive its driver by a chunk."""
    with published(tmp_path / "out", overwrite=False):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(writer, b"%d" % len(publishing._LOCKS))
            os._exit(0)
        os.waitpid(pid, 0)
        assert os.read(reader, 1) == b"0"
        os.close(reader)
        os.close(writer)
        assert len(publishing._LOCKS) == 1


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file is no directory."""
    (tmp_path / "file").touch()
    with pytest.raises(InvalidArgumentError, match=r"the output .*out cannot be written: "):
        publish(tmp_path / "file" / "out", "new")
    with pytest.raises(AlreadyExistsError):
        publish(tmp_path / "file", "new", overwrite=True)

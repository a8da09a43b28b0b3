"""Directories appear whole or not at all."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modelpack.errors import AlreadyExistsError, InvalidArgumentError
from modelpack.package.staging import staged

if TYPE_CHECKING:
    from collections.abc import Callable


def _names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def _fail(destination: Path, write: Callable[[Path], object], error: BaseException | None = None) -> None:
    with staged(destination) as directory:
        write(directory)
        raise error or ValueError("failed half-way")


def test_what_was_written_stands_at_the_destination(tmp_path: Path) -> None:
    """The block writes to a directory that becomes the destination, and nothing else is left beside it."""
    with staged(tmp_path / "model") as directory:
        (directory / "file").write_text("content")
        assert not (tmp_path / "model").exists()
    assert (tmp_path / "model" / "file").read_text() == "content"
    assert _names(tmp_path) == ["model"]


def test_nobody_else_can_look_into_a_save_under_way(tmp_path: Path) -> None:
    """Until it is published, what is written lies in a hidden directory of mode 0700 beside the destination."""
    with staged(tmp_path / "model"):
        (staging,) = tmp_path.iterdir()
        assert staging.name.startswith(".")
        assert stat.S_IMODE(staging.stat().st_mode) == 0o700


def test_a_published_directory_has_the_mode_of_any_other(tmp_path: Path) -> None:
    """The umask decides who can read a model, as for any directory that a program makes."""
    (tmp_path / "plain").mkdir()
    with staged(tmp_path / "model"):
        pass
    assert (tmp_path / "model").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    "error", [ValueError("no"), KeyboardInterrupt(), SystemExit(1)], ids=lambda each: type(each).__name__
)
def test_a_failed_save_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    """Whatever ends the block early, neither files nor the parent directories made for it remain."""
    with pytest.raises(type(error)):
        _fail(tmp_path / "new" / "parents" / "model", lambda directory: (directory / "file").write_text("half"), error)
    assert _names(tmp_path) == []


def test_a_failed_save_keeps_parents_that_others_use_by_now(tmp_path: Path) -> None:
    """A parent directory that was made for the save stays when something else stands in it."""
    with pytest.raises(ValueError, match="half-way"):
        _fail(tmp_path / "parent" / "model", lambda _: (tmp_path / "parent" / "other").write_text("mine"))
    assert _names(tmp_path / "parent") == ["other"]


def test_a_failed_save_removes_read_only_directories_too(tmp_path: Path) -> None:
    """Directories that were copied with their protection are no reason to leave debris."""

    def protect(directory: Path) -> None:
        protected = directory / "protected" / "deeper"
        protected.mkdir(parents=True)
        (protected / "file").write_text("x")
        protected.chmod(0o500)
        protected.parent.chmod(0o000)

    with pytest.raises(ValueError, match="half-way"):
        _fail(tmp_path / "model", protect)
    assert _names(tmp_path) == []


def _file(path: Path) -> None:
    path.write_text("mine")


@pytest.mark.parametrize(
    "occupy",
    [_file, Path.mkdir, lambda path: path.symlink_to("nowhere")],
    ids=["a file", "an empty directory", "a dangling link"],
)
def test_an_existing_destination_is_refused_before_anything_is_written(tmp_path: Path, occupy: object) -> None:
    """S34: nothing is ever overwritten, and the block does not even start."""
    assert callable(occupy)
    occupy(tmp_path / "model")
    with pytest.raises(AlreadyExistsError, match="exists already"), staged(tmp_path / "model"):
        pytest.fail("the block ran")
    assert _names(tmp_path) == ["model"]


def test_of_several_writers_one_wins_and_the_others_hear_of_it(tmp_path: Path) -> None:
    """Concurrent saves to one path: one is published whole, the others raise AlreadyExistsError."""
    barrier = threading.Barrier(5)
    outcomes: list[str] = []

    def write(number: int) -> None:
        try:
            with staged(tmp_path / "model") as directory:
                (directory / "writer").write_text(str(number))
                barrier.wait()
            outcomes.append("won")
        except AlreadyExistsError:
            outcomes.append("lost")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost"] * 4 + ["won"]
    assert _names(tmp_path) == ["model"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_parent_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The error says where it cannot save, and why."""
    tmp_path.chmod(0o500)
    with (
        pytest.raises(InvalidArgumentError, match=r"cannot save to .*model: Permission denied"),
        staged(tmp_path / "model"),
    ):
        pass
    tmp_path.chmod(0o700)


def test_a_parent_that_is_a_file_is_named(tmp_path: Path) -> None:
    """The error says where it cannot save, and why."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidArgumentError, match="cannot save to"), staged(tmp_path / "file" / "model"):
        pass


def test_a_relative_destination_means_the_directory_of_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code that changes the working directory while a model is saved does not move it."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with staged("model"):
        monkeypatch.chdir(tmp_path / "elsewhere")
    assert (tmp_path / "model").is_dir()

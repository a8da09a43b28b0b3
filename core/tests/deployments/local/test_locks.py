"""Locks that end with their holder."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from modelpack.deployments.local import locks

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys, os
from pathlib import Path
from modelpack.deployments.local import locks
descriptor = locks.take(Path(sys.argv[1]))
locks.sign(descriptor, os.getpid())
print("held", flush=True)
input()
"""


def test_a_held_lock_tells_its_holder(tmp_path: Path) -> None:
    """Until the process is gone, however it went; its number stays in the file, and means nothing any more."""
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert locks.holder(path) == process.pid
        assert locks.take(path) is None
        process.kill()
    assert path.read_text() == str(process.pid)
    assert locks.holder(path) is None
    descriptor = locks.take(path)
    assert descriptor is not None
    os.close(descriptor)


def test_a_lock_is_held_as_long_as_it_is_inherited(tmp_path: Path) -> None:
    """By whoever has its descriptor."""
    path = tmp_path / "lock"
    descriptor = locks.take(path)
    assert descriptor is not None
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=(descriptor,)) as heir:
        os.close(descriptor)
        assert locks.holder(path) == 0
        heir.kill()
    assert locks.holder(path) is None


def test_a_lock_for_a_block_leaves_no_file(tmp_path: Path) -> None:
    """And nobody has it twice."""
    path = tmp_path / "folder" / "lock"
    with locks.taken(path) as mine, locks.taken(path) as again:
        assert (mine, again) == (True, False)
    assert not path.exists()


def test_a_lock_whose_file_was_removed_is_taken_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who opened the file just before its last holder removed it does not end up with a lock that nobody sees."""
    path = tmp_path / "lock"
    lock = locks._locked

    def locked_late(descriptor: int, kind: int) -> bool:
        monkeypatch.setattr(locks, "_locked", lock)
        path.unlink()
        return lock(descriptor, kind)

    monkeypatch.setattr(locks, "_locked", locked_late)
    descriptor = locks.take(path)
    assert descriptor is not None
    assert locks.take(path) is None
    os.close(descriptor)


def test_a_directory_that_vanishes_while_it_is_made_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was there when it should be made, and is gone when one looks whether it is one."""
    made = os.mkdir
    attempts: list[str] = []

    def mkdir(path: str, mode: int = 0o777) -> None:
        attempts.append(path)
        if len(attempts) == 1:
            raise FileExistsError(path)
        made(path, mode)

    monkeypatch.setattr(os, "mkdir", mkdir)
    descriptor = locks.take(tmp_path / "folder" / "lock")
    assert descriptor is not None
    os.close(descriptor)


def test_a_link_to_nowhere_is_no_directory(tmp_path: Path) -> None:
    """Nor can one be made there."""
    (tmp_path / "folder").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        locks.take(tmp_path / "folder" / "lock")

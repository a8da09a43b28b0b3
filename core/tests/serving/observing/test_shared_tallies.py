from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from modelpack.serving.observing.shared_tallies import (
    VARIABLE,
    SharedTallies,
    forget_process,
    prepare_directory,
    shared_directory,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = ("modelpack_rows", ())
WAITING = ("modelpack_queue_length", ())


@pytest.fixture
def directory() -> Iterator[Path]:
    """The directory of a server."""
    with prepare_directory() as directory:
        yield directory


def count_elsewhere(rows: int) -> int:
    """Count rows and one request that waits in another process, and answer its number when it has ended."""
    code = (
        "from modelpack.serving.observing.shared_tallies import *;"
        f"SharedTallies(shared_directory()).write({{{ROWS!r}: [{rows}], {WAITING!r}: [1]}})"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        assert process.wait() == 0
    return process.pid


def test_the_directory_is_the_users_alone_and_goes_at_the_end() -> None:
    """The environment names it for as long."""
    with prepare_directory() as directory:
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert shared_directory() == directory
    assert not directory.exists()
    assert shared_directory() is None


def test_a_directory_that_was_named_before_is_named_after(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The caller's environment comes back."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with prepare_directory():
        assert shared_directory() != tmp_path
    assert shared_directory() == tmp_path


@pytest.mark.slow
def test_what_other_processes_count_is_added(directory: Path) -> None:
    """The one that asks is among them."""
    other = count_elsewhere(3)
    mine = SharedTallies(directory)
    mine.write({ROWS: [4.0]})
    assert mine.read()[ROWS] == [7.0]
    assert mine.processes() == sorted([other, os.getpid()])


@pytest.mark.slow
def test_a_process_that_ended_leaves_its_counts_but_nothing_waiting(directory: Path) -> None:
    """However many there were, one file keeps them."""
    for rows in (3, 4):
        forget_process(count_elsewhere(rows))
    mine = SharedTallies(directory)
    assert mine.read() == {ROWS: [7.0]}
    assert [file.name for file in directory.iterdir()] == ["ended.json"]


def test_a_process_that_ends_while_its_file_is_read_counts_once(directory: Path) -> None:
    """Its own file may still be seen when the file of those that ended has its counts already."""
    mine = SharedTallies(directory)
    mine.write({ROWS: [3.0]})
    (file,) = directory.iterdir()
    content = file.read_bytes()
    forget_process(os.getpid())
    file.write_bytes(content)
    assert mine.read()[ROWS] == [3.0]


def test_gauges_of_the_models_own_metrics_end_with_their_process(directory: Path) -> None:
    """As prometheus_client's `mark_process_dead` has it; another process keeps its own."""
    for pid in (1, 12):
        (directory / f"gauge_livesum_{pid}.db").touch()
    forget_process(1)
    assert [file.name for file in directory.iterdir()] == ["gauge_livesum_12.db"]


def test_without_a_directory_there_is_nothing_to_forget() -> None:
    """A server of one process has none."""
    forget_process(1)

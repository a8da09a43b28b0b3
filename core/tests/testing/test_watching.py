"""How the kit sees what a piece of code does beside its work."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from modelpack.testing.watching import changed_files, files_written, forked, lasting_threads, printed, watched


def test_written_files_are_seen(tmp_path: Path) -> None:
    """Those that are new, longer, or gone."""
    for name in ("kept", "longer", "gone"):
        (tmp_path / name).touch()
    with changed_files(str(tmp_path)) as changed:
        (tmp_path / "longer").write_text("text")
        (tmp_path / "gone").unlink()
        (tmp_path / "new").touch()
    assert changed == [".", "gone", "longer", "new"]


def test_file_that_stood_for_a_moment_is_seen(tmp_path: Path) -> None:
    """The folder tells."""
    os.utime(tmp_path, (0, 0))
    with changed_files(str(tmp_path)) as changed:
        (tmp_path / "lock").touch()
        (tmp_path / "lock").unlink()
    assert changed == ["."]


def test_reading_changes_nothing(tmp_path: Path) -> None:
    """Whoever only looks is not accused."""
    (tmp_path / "file").write_text("text")
    with changed_files(str(tmp_path)) as changed:
        assert (tmp_path / "file").read_text() == "text"
    assert changed == []


def test_writing_is_seen(tmp_path: Path) -> None:
    """Files that are written, made, moved and removed, each by its name, also those that are gone again."""
    (tmp_path / "old").touch()
    with files_written(str(tmp_path)) as written:
        (tmp_path / "new").write_text("text")
        (tmp_path / "new").unlink()
        (tmp_path / "old").rename(tmp_path / "moved")
        (tmp_path / "folder").mkdir()
        os.close(os.open(tmp_path / "below", os.O_CREAT | os.O_WRONLY))
        assert (tmp_path / "moved").read_text() == ""
    assert written == [str(tmp_path / name) for name in ("new", "new", "old", "folder", "below")]


def test_what_is_not_written_here_does_not_count(tmp_path: Path) -> None:
    """Temporary files elsewhere, devices, and what another thread writes."""
    with files_written(str(tmp_path)) as written, TemporaryDirectory() as elsewhere:
        Path(elsewhere, "file").touch()
        Path(os.devnull).write_text("text")
        thread = threading.Thread(target=(tmp_path / "theirs").touch)
        thread.start()
        thread.join()
    assert written == []


def test_output_below_python_is_seen(capfd: pytest.CaptureFixture[str]) -> None:
    """A library in another language prints past `sys.stdout`."""
    with printed() as texts:
        os.write(1, b"from below")
    assert texts == ["from below"]
    os.write(1, b"afterwards")
    assert capfd.readouterr().out == "afterwards"


def test_thread_that_lasts_is_seen() -> None:
    """Daemons and pools end with the process; other threads keep it."""
    ended = threading.Event()
    lasting = threading.Thread(target=ended.wait, name="lasting")
    daemon = threading.Thread(target=ended.wait, daemon=True)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        lasting.start()
        daemon.start()
        try:
            assert lasting_threads() == ["lasting"]
        finally:
            ended.set()


def test_code_of_the_model_is_seen(tmp_path: Path) -> None:
    """And code from elsewhere is not."""
    with watched(str(tmp_path)) as seen:
        exec(compile("1", str(tmp_path / "model.py"), "exec"))  # noqa: S102 - what is watched for
        exec(compile("1", "elsewhere.py", "exec"))  # noqa: S102 - as above
    assert seen == [f"ran {tmp_path / 'model.py'}"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # the test process may have threads
def test_fork_answers() -> None:
    """What it answers, what it raised, or that it died."""
    assert forked(lambda: 42) == ("answered", 42)
    assert forked(lambda: 1 // 0) == ("failed", "ZeroDivisionError('integer division or modulo by zero')")
    assert forked(lambda: os._exit(3)) == ("failed", "the fork has died")

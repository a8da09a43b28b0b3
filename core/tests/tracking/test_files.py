from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from modelpack.tracking.files import locked, replace_text

if TYPE_CHECKING:
    from pathlib import Path


def test_replacing_leaves_only_the_new_file(tmp_path: Path) -> None:
    """The unfinished file is gone, and the new one can be read by whom the umask lets."""
    (tmp_path / "plain").touch()
    replace_text(tmp_path / "tags" / "key", "old", beside=tmp_path)
    replace_text(tmp_path / "tags" / "key", "new ü\n", beside=tmp_path)
    assert (tmp_path / "tags" / "key").read_bytes() == "new ü\n".encode()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain", "tags"]
    assert stat.S_IMODE((tmp_path / "tags" / "key").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    """A text that cannot be encoded changes nothing and leaves nothing."""
    (tmp_path / "key").write_text("old", encoding="utf-8")
    with pytest.raises(UnicodeEncodeError):
        replace_text(tmp_path / "key", "\ud800", beside=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    assert (tmp_path / "key").read_text(encoding="utf-8") == "old"


def test_a_lock_lets_one_in_at_a_time(tmp_path: Path) -> None:
    """Increments under the lock are never lost."""
    counter = tmp_path / "counter"
    counter.write_text("0", encoding="utf-8")

    def increment(_: int) -> None:
        with locked(tmp_path / ".lock"):
            replace_text(counter, str(int(counter.read_text(encoding="utf-8")) + 1), beside=tmp_path)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(increment, range(100)))
    assert counter.read_text(encoding="utf-8") == "100"

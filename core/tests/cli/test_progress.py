from __future__ import annotations

import io
import threading

import pytest

from modelpack.batch.records import BatchProgress
from modelpack.cli.progress import progress_bar


class Terminal(io.StringIO):
    """A terminal that remembers what it showed."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_a_terminal_shows_a_bar_without_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process with a second thread cannot be forked."""
    terminal, threads = Terminal(), threading.active_count()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar() as show:
        assert show is not None
        assert threading.active_count() == threads
        show(BatchProgress(12_345, 10, 40))
        assert "12,345 rows" in terminal.getvalue()


def test_a_pipe_shows_none(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing disturbs what a program reads."""
    with progress_bar() as show:
        assert show is None
    assert capsys.readouterr().err == ""

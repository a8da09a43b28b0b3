"""The progress of a batch on a terminal."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelpack.batch.records import BatchProgress

_PAUSE = 0.1
"""Seconds between two pictures."""


@contextmanager
def progress_bar() -> Iterator[Callable[[BatchProgress], None] | None]:
    """A progress bar on standard error, when that is a terminal.

    It is drawn when there is progress, not by a thread, which would keep an engine from forking this process.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), TextColumn("{task.fields[rows]:,} rows"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task, drawn = bar.add_task("scoring", total=None, rows=0), 0.0

        def show(state: BatchProgress) -> None:
            nonlocal drawn
            due = time.monotonic() - drawn >= _PAUSE
            drawn = time.monotonic() if due else drawn
            bar.update(task, completed=state.done, total=state.of, rows=state.rows, refresh=due)

        yield show

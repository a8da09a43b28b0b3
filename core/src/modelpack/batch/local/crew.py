"""Giving items to workers, and hearing what becomes of them."""

from __future__ import annotations

from contextlib import suppress
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from modelpack.batch.local.messages import Agree, Done, Failed, Scored
from modelpack.batch.records import BatchProgress, BatchResult, FailedPart
from modelpack.errors import ModelFailureError, ModelpackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelpack.batch.local.items import Item
    from modelpack.batch.local.launching import Launcher, WorkerProcess
    from modelpack.batch.records import OnError


class _Member:
    """A worker and what it is doing."""

    def __init__(self, process: WorkerProcess, item: Item) -> None:
        self.process = process
        self.item: Item | None = item
        self.rows = 0


class Crew:
    """The workers of one job."""

    def __init__(
        self, launcher: Launcher, workers: int, on_error: OnError, progress: Callable[[BatchProgress], None], size: int
    ) -> None:
        """Prepare a job.

        Args:
            launcher: Starts workers.
            workers: How many there may be at a time.
            on_error: Whether an item that fails ends the job.
            progress: Is told how far the job is.
            size: The bytes of the whole input.
        """
        self._launcher = launcher
        self._most = workers
        self._on_error = on_error
        self._progress = progress
        self._size = size
        self._members: list[_Member] = []
        self._schema: Agree | None = None
        self._rows = self._done = 0
        self._failed: list[tuple[int, FailedPart]] = []
        self._first_error: ModelpackError | None = None

    def run(self, items: Iterator[Item]) -> BatchResult:
        """Have every item scored.

        Raises:
            ModelpackError: An item failed, every one did, or something that each of them needs.
        """
        try:
            while self._fill(items) or self._members:
                self._hear(items)
        finally:
            for member in self._members:
                member.process.end(kill=True)
        if self._first_error is not None and not self._rows:
            raise self._first_error
        return BatchResult(self._rows, tuple(part for _, part in sorted(self._failed, key=lambda each: each[0])))

    def _fill(self, items: Iterator[Item]) -> bool:
        """Start workers as long as there are items for them; whether one was started."""
        started = False
        while len(self._members) < self._most and (item := next(items, None)) is not None:
            self._members.append(_Member(self._launcher.start(self._forget), item))
            self._send(self._members[-1], item)
            started = True
        return started

    def _forget(self) -> None:
        for member in self._members:
            member.process.pipe.close()

    def _hear(self, items: Iterator[Item]) -> None:
        by_pipe: dict[Any, _Member] = {member.process.pipe: member for member in self._members}
        for pipe in wait(list(by_pipe)):
            member = by_pipe[pipe]
            try:
                message = member.process.pipe.recv()
            except (EOFError, OSError):
                self._ended(member)
            else:
                self._heed(member, message, items)

    def _heed(self, member: _Member, message: object, items: Iterator[Item]) -> None:
        if isinstance(message, Scored):
            member.rows = message.rows
            self._tell()
        elif isinstance(message, Agree):
            self._schema = self._schema or message
            self._send(member, self._schema)
        elif isinstance(message, Failed):
            if message.fatal:
                raise message.error()
            self._fail(member, message.error())
            self._next(member, items)
        elif isinstance(message, Done):
            self._rows += message.rows
            self._next(member, items)

    def _next(self, member: _Member, items: Iterator[Item]) -> None:
        """What a worker does now that its item is done with."""
        self._done += member.item.size if member.item is not None else 0
        member.rows = 0
        self._tell()
        member.item = next(items, None)
        self._send(member, member.item)

    def _send(self, member: _Member, message: object) -> None:
        with suppress(OSError):  # it has ended, which is heard next
            member.process.pipe.send(message)

    def _ended(self, member: _Member) -> None:
        self._members.remove(member)
        ending = member.process.end()
        if member.item is None:
            return
        self._done += member.item.size
        place = f"{member.item.file}: {_rows_in_words(member.item, member.rows)}"
        self._fail(
            member,
            ModelFailureError(
                f"{place}: the worker process {ending}",
                hint="SIGKILL is what the system does where memory runs out: use fewer --workers or --chunk-rows",
            ),
        )

    def _fail(self, member: _Member, error: ModelpackError) -> None:
        if self._on_error == "fail" or member.item is None:
            raise error
        self._first_error = self._first_error or error
        self._failed.append((member.item.number, _failed_part(member.item, error)))

    def _tell(self) -> None:
        rows = self._rows + sum(member.rows for member in self._members)
        self._progress(BatchProgress(rows, self._done + sum(map(_bytes_done, self._members)), self._size))


def _bytes_done(member: _Member) -> int:
    item = member.item
    return item.size * member.rows // item.rows if item is not None and item.rows else 0


def _failed_part(item: Item, error: ModelpackError) -> FailedPart:
    rows = None if item.rows is None else (item.first_row + 1, item.first_row + item.rows)
    return FailedPart(file=item.file, rows=rows, error_code=error.error_code, message=error.message, hint=error.hint)


def _rows_in_words(item: Item, scored: int) -> str:
    first = item.first_row + scored + 1
    return f"after row {first - 1}" if item.rows is None else f"rows {first} to {item.first_row + item.rows}"

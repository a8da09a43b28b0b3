"""Seeing what a piece of code does beside its work: what it runs, writes, prints and leaves behind."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 10
"""Seconds that a fork has to predict."""

_CHANGES = {
    **dict.fromkeys(("os.chmod", "os.chown", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.utime"), 0),
    **dict.fromkeys(("os.link", "os.symlink"), 1),
}
"""The audited events that change files, each with the place of the changed path among its arguments."""


@contextmanager
def watched(place: str) -> Iterator[list[str]]:
    """Note every class that is unpickled, and every piece of code that is run from the model directory."""
    seen: list[str] = []
    watching = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not watching:
            return
        if event == "pickle.find_class":
            seen.append(f"unpickled {'.'.join(map(str, arguments))}")
        elif event == "exec" and str(getattr(arguments[0], "co_filename", "")).startswith(place):
            seen.append(f"ran {arguments[0].co_filename}")

    sys.addaudithook(hook)
    try:
        yield seen
    finally:
        watching = False


@contextmanager
def changed_files(directory: str) -> Iterator[list[str]]:
    """Note which files of a directory are made, removed or written, and in which folders that was undone again."""
    changed: list[str] = []
    before = _state(Path(directory))
    try:
        yield changed
    finally:
        after = _state(Path(directory))
        changed += sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


@contextmanager
def files_written(root: str) -> Iterator[list[str]]:
    """Note what this thread's Python code makes, writes, moves or removes, but for temporary files outside of `root`.

    Caches of byte code and devices do not count.
    """
    written: list[str] = []
    thread, watching = threading.get_ident(), True
    temporary = os.path.realpath(tempfile.gettempdir())

    def counts(path: str) -> bool:
        place = os.path.realpath(path)
        is_temporary = place.startswith(temporary) and not place.startswith(os.path.realpath(root))
        return not (is_temporary or place.startswith("/dev/") or "__pycache__" in place)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and threading.get_ident() == thread:
            path = _changed_path(event, arguments)
            if path is not None and counts(path):
                written.append(path)

    sys.addaudithook(hook)
    try:
        yield written
    finally:
        watching = False


def _changed_path(event: str, arguments: tuple[Any, ...]) -> str | None:
    """The file or folder that an audited event changes, if it changes one."""
    if event == "open":
        path, mode, flags = arguments
        writes = set(mode or "") & set("wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    else:
        path, writes = arguments[_CHANGES[event]] if event in _CHANGES else None, True
    if not writes or not isinstance(path, (str, bytes, os.PathLike)):
        return None
    name = os.fsdecode(path)
    in_open_folder = event != "open" and arguments[-1] != -1 and not Path(name).is_absolute()
    return None if in_open_folder else name  # as when a tree is removed, which ends with the path of its root


def _state(directory: Path) -> dict[str, tuple[int, int]]:
    entries = {entry.relative_to(directory).as_posix(): entry.lstat() for entry in [directory, *directory.rglob("*")]}
    return {name: (told.st_size, told.st_mtime_ns) for name, told in entries.items()}


@contextmanager
def printed() -> Iterator[list[str]]:
    """Note what is printed to the standard output, by Python or by a library in another language."""
    texts: list[str] = []
    with tempfile.TemporaryFile() as file:
        _flush()
        kept = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            yield texts
        finally:
            _flush()
            os.dup2(kept, 1)
            os.close(kept)
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))


def _flush() -> None:
    import ctypes

    sys.stdout.flush()
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)


def lasting_threads() -> list[str]:
    """The threads that would keep this process from ending; those of thread pools end by themselves."""
    from concurrent.futures import thread as pools

    known = {threading.main_thread(), threading.current_thread(), *pools._threads_queues}  # noqa: SLF001 - no other way
    return [each.name for each in threading.enumerate() if not each.daemon and each not in known]


def forked(call: Callable[[], Any]) -> tuple[str, Any] | None:
    """Call a function in a fork of this process.

    Returns:
        `answered` and what it answers, or `failed` and why; None where processes do not fork.
    """
    import multiprocessing

    if "fork" not in multiprocessing.get_all_start_methods():
        return None
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_send, args=(sender, call), daemon=True)
    child.start()
    sender.close()
    try:
        if not receiver.poll(PATIENCE):
            return "failed", f"no answer within {PATIENCE} seconds"
        answer: tuple[str, Any] = receiver.recv()
    except EOFError:
        return "failed", "the fork has died"
    else:
        return answer
    finally:
        child.kill()
        child.join()


def _send(sender: Any, call: Callable[[], Any]) -> None:
    try:
        sender.send(("answered", call()))
    except BaseException as error:  # noqa: BLE001 - to be reported
        sender.send(("failed", repr(error)))

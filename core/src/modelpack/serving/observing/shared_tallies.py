"""Tallies of the processes of one server, shared through a directory.

Each process writes its own file, whole and by renaming, so that a reader never sees half of one. When a process has
ended, its counts move into the file of those that ended: counters never fall, and files do not pile up.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson

from modelpack.serving.observing.tallies import added, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.serving.observing.tallies import Tallies

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Names the directory to all processes; prometheus_client keeps what the model's own code measures there."""

GAUGES = frozenset({"modelpack_in_progress", "modelpack_queue_length"})
"""What a process that has ended has none of."""

_PREFIX = "modelpack-"
_ENDED = "ended.json"
_REMEMBERED = 100


@contextmanager
def prepare_directory() -> Iterator[Path]:
    """A fresh directory for the metrics of a server's processes, named to them by the environment.

    To be entered before the processes start, and before the model is loaded: prometheus_client looks for the variable
    once, when it is imported.
    """
    directory = Path(tempfile.mkdtemp(prefix="modelpack-metrics-"))
    former = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(directory)
    try:
        yield directory
    finally:
        if former is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = former
        shutil.rmtree(directory, ignore_errors=True)


def forget_process(pid: int) -> None:
    """Keep the counts of a process that has ended, and forget what it was at."""
    directory = shared_directory()
    if directory is None:
        return
    for file in directory.glob(f"gauge_live*_{pid}.db"):  # what prometheus_client's mark_process_dead removes
        file.unlink(missing_ok=True)
    with suppress(OSError):
        _fold(directory, list(directory.glob(f"{_PREFIX}{pid}-*.json")))


def shared_directory() -> Path | None:
    """The directory of this server, if its processes share one."""
    name = os.environ.get(VARIABLE)
    return Path(name) if name and Path(name).is_dir() else None


class SharedTallies:
    """The tallies of one application, to be added to those of the other processes."""

    def __init__(self, directory: Path) -> None:
        """Share through a directory."""
        self._directory = directory
        self._token = uuid4().hex

    def write(self, tallies: Tallies) -> None:
        """Show the others what this process has counted so far."""
        with suppress(OSError):  # the directory goes when the server ends
            _replace(self._directory / f"{_PREFIX}{os.getpid()}-{self._token}.json", to_json(tallies))

    def read(self) -> Tallies:
        """What all processes have counted, those that have ended too."""
        parts = {file.name: _content(file, []) for file in self._directory.glob(f"{_PREFIX}*.json")}
        # Read last: a process that has ended meanwhile is then in here, whether its own file was still seen or not.
        ended = _content(self._directory / _ENDED, {"files": [], "tallies": []})
        running = (from_json(part) for name, part in parts.items() if name not in ended["files"])
        return added([from_json(ended["tallies"]), *running])

    def processes(self) -> list[int]:
        """The processes that have written, lowest number first."""
        return sorted({int(file.name.split("-")[1]) for file in self._directory.glob(f"{_PREFIX}*.json")})


def _fold(directory: Path, files: list[Path]) -> None:
    if not files:
        return
    ended = _content(directory / _ENDED, {"files": [], "tallies": []})
    parts = [from_json(_content(file, [])) for file in files]
    total = added([from_json(ended["tallies"]), *parts])
    counts = {series: numbers for series, numbers in total.items() if series[0] not in GAUGES}
    names = [*ended["files"], *(file.name for file in files)][-_REMEMBERED:]
    _replace(directory / _ENDED, {"files": names, "tallies": to_json(counts)})
    for file in files:
        file.unlink(missing_ok=True)


def _content(file: Path, default: Any) -> Any:
    try:
        return orjson.loads(file.read_bytes())
    except FileNotFoundError:
        return default


def _replace(file: Path, content: Any) -> None:
    new = file.with_suffix(".new")
    new.write_bytes(orjson.dumps(content))
    new.replace(file)

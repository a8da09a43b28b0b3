"""What a process and all its descendants use, read from /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


def processor_seconds(root: int) -> float:
    """Processor time of the tree so far, that of children which ended and were waited for included."""
    return sum(map(_ticks, members(root))) / TICKS


def memory_mib(root: int) -> float:
    """Proportional set size of the tree: what is shared counts in parts."""
    return sum(map(_pss_kib, members(root))) / 1024


def members(root: int) -> list[int]:
    """The process and its descendants."""
    found = [root]
    for process in found:
        with suppress(*_GONE):
            for listing in (PROC / str(process) / "task").glob("*/children"):
                found += map(int, listing.read_text().split())
    return found


def busy_seconds() -> float:
    """Processor time that the whole machine has used since it started."""
    first = (PROC / "stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _idle, _iowait, irq, softirq = map(int, first[:7])
    return (user + nice + system + irq + softirq) / TICKS


def _ticks(process: int) -> int:
    with suppress(*_GONE):
        fields = (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15]))
    return 0


def _pss_kib(process: int) -> int:
    with suppress(*_GONE):
        for line in (PROC / str(process) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0

"""How much of the machine this process may use."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_MOUNT = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")
_UNLIMITED = 1 << 60
"""The first version of cgroups says "no limit" by the largest number of pages."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is there to be used.

    Attributes:
        cpus: Processors, or the part of them that the cgroup's quota allows.
        memory: Bytes that the cgroup may take; None without a limit.
    """

    cpus: float
    memory: int | None

    @classmethod
    def read(cls, mount: Path = _MOUNT, membership: Path = _MEMBERSHIP) -> Limits:
        """Read the limits of this process's cgroup and of those above it, of either version of cgroups.

        Args:
            mount: Where the cgroups are mounted.
            membership: The file that says to which cgroups the process belongs.
        """
        joined = _joined(membership)
        return cls(_cpus(mount, joined), _memory(mount, joined))


def _cpus(mount: Path, joined: Mapping[str, str]) -> float:
    quotas = [
        *map(_quota, _unified(mount, joined)),
        *map(_first_quota, _folders((mount / "cpu", mount / "cpu,cpuacct"), joined.get("cpu", "/"))),
    ]
    return min([quota for quota in quotas if quota is not None] + [_processors()])


def _memory(mount: Path, joined: Mapping[str, str]) -> int | None:
    sizes = [
        *(_number(folder / "memory.max") for folder in _unified(mount, joined)),
        *(
            _number(folder / "memory.limit_in_bytes")
            for folder in _folders((mount / "memory",), joined.get("memory", "/"))
        ),
    ]
    return min((size for size in sizes if size is not None and size < _UNLIMITED), default=None)


def _processors() -> float:
    if hasattr(os, "sched_getaffinity"):
        return float(len(os.sched_getaffinity(0)))
    return float(os.cpu_count() or 1)


def _joined(membership: Path) -> dict[str, str]:
    """The path of the cgroup for each controller; the one of the second version under an empty name."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    parts = [line.split(":", 2) for line in lines if line.count(":") >= 2]  # noqa: PLR2004 - id:controllers:path
    return {name: path for _, names, path in parts for name in names.split(",")}


def _folders(tops: Iterable[Path], path: str) -> Iterator[Path]:
    """The folder of a cgroup and those above it; a container may see the machine's tree, or only its own."""
    for top in tops:
        below = top / path.strip("/")
        yield from (folder for folder in (below, *below.parents) if folder.is_relative_to(top))


def _unified(mount: Path, joined: Mapping[str, str]) -> Iterator[Path]:
    """The folders of the second version, which some machines have beside the first."""
    return _folders((mount, mount / "unified"), joined.get("", "/"))


def _quota(folder: Path) -> float | None:
    with suppress(OSError, ValueError):
        quota, period = (folder / "cpu.max").read_text(encoding="utf-8").split()
        return int(quota) / int(period)
    return None


def _first_quota(folder: Path) -> float | None:
    quota, period = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
    return quota / period if quota and period and quota > 0 else None


def _number(file: Path) -> int | None:
    """The number in a file; None where there is no file, or it says `max`."""
    with suppress(OSError, ValueError):
        return int(file.read_text(encoding="utf-8"))
    return None

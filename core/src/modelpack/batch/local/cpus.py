"""How many processors this process may use."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")


def available_cpus(groups: Path = _GROUPS) -> int:
    """The processors that the system, the process's affinity and a container's limit leave, at least 1."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limits = [limit for limit in (_version_2(groups), _version_1(groups)) if limit is not None]
    return max(1, min([affinity, *map(math.ceil, limits)]))


def _version_2(groups: Path) -> float | None:
    with suppress(OSError, ValueError):
        quota, period = (groups / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    return None


def _version_1(groups: Path) -> float | None:
    with suppress(OSError, ValueError):
        quota = int((groups / "cpu" / "cpu.cfs_quota_us").read_text())
        period = int((groups / "cpu" / "cpu.cfs_period_us").read_text())
        return quota / period if quota > 0 else None
    return None

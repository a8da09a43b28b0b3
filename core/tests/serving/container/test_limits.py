"""What a container may use, read from trees as the kernel shows them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from modelpack.serving.container.limits import Limits

GIB = 1 << 30
PROCESSORS = float(len(os.sched_getaffinity(0)))
UNLIMITED = "9223372036854771712"


def read(directory: Path, membership: str, files: Mapping[str, str]) -> Limits:
    """Read the limits that a tree of cgroups states."""
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(f"{text}\n")
    (directory / "membership").write_text(membership)
    return Limits.read(directory, directory / "membership")


def test_second_version_in_a_namespace(tmp_path: Path) -> None:
    """The container sees its own cgroup as the top."""
    found = read(tmp_path, "0::/\n", {"cpu.max": "50000 100000", "memory.max": str(GIB)})
    assert found == Limits(0.5, GIB)


def test_second_version_from_the_machines_top(tmp_path: Path) -> None:
    """The tightest of the limits on the way up counts."""
    files = {
        "pods/one/cpu.max": "max 100000",
        "pods/cpu.max": "25000 100000",
        "pods/one/memory.max": str(GIB),
        "pods/memory.max": str(4 * GIB),
        "other/memory.max": "1",
    }
    assert read(tmp_path, "0::/pods/one\n", files) == Limits(0.25, GIB)


def test_first_version(tmp_path: Path) -> None:
    """Controllers have trees of their own, and the container may see none of its path."""
    files = {
        "cpu/cpu.cfs_quota_us": "75000",
        "cpu/cpu.cfs_period_us": "100000",
        "memory/memory.limit_in_bytes": str(GIB),
    }
    membership = "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/docker/abc\n"
    assert read(tmp_path, membership, files) == Limits(0.75, GIB)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"cpu.max": "max 100000", "memory.max": "max"},
        {
            "cpu/cpu.cfs_quota_us": "-1",
            "cpu/cpu.cfs_period_us": "100000",
            "memory/memory.limit_in_bytes": UNLIMITED,
        },
        {"cpu.max": "what is this", "memory.max": ""},
    ],
    ids=["no cgroups", "second version", "first version", "unreadable"],
)
def test_without_a_limit_the_machine_is_there(tmp_path: Path, files: dict[str, str]) -> None:
    """As many processors as the process may run on, and any memory."""
    assert read(tmp_path, "0::/\n", files) == Limits(PROCESSORS, None)


def test_this_machine_is_read() -> None:
    """Whatever it is that these tests run in, there is a processor."""
    assert Limits.read().cpus > 0

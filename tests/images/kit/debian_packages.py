"""Programs of Debian that a test needs: installed where they are absent and the test may."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

_APT = ("apt-get", "-q", "-o", "DPkg::Lock::Timeout=300")
_QUIET = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}


def require(**programs: str) -> None:
    """Have programs at hand, or skip the test.

    Args:
        **programs: The package of each program; underscores stand for hyphens in the program's name.
    """
    missing = {package for program, package in programs.items() if shutil.which(program.replace("_", "-")) is None}
    if not missing:
        return
    named = ", ".join(sorted(missing))
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        pytest.skip(f"needs Debian's packages {named}, and this user cannot install them")
    install = [*_APT, "install", "-y", "--no-install-recommends", *sorted(missing)]
    done = _run(install)
    if done.returncode != 0:  # the lists may be old
        _run([*_APT, "update"])
        done = _run(install)
    if done.returncode != 0:
        pytest.skip(f"Debian's packages {named} could not be installed: {done.stdout[-500:]}")


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=600, env=_QUIET
    )

"""Podman and buildah with a storage of the test run's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from base_image import NAME, ROOT_NAME, base_tar, write_base
from debian_packages import require

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_STORAGE = '[storage]\ndriver = "overlay"\ngraphroot = "{0}/graph"\nrunroot = "{0}/run"\n'
_CONTAINERS = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


@dataclass(frozen=True, slots=True)
class Podman:
    """Podman, and buildah beside it.

    Attributes:
        variables: What programs need in their environment to use the storage.
    """

    variables: Mapping[str, str]

    def run(self, *arguments: str, check: bool = True) -> str:
        """Run podman; answers what it prints."""
        done = subprocess.run(
            ["/usr/bin/podman", *arguments],
            env={**os.environ, **self.variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert not check or done.returncode == 0, f"podman {' '.join(arguments)} failed: {done.stdout}{done.stderr}"
        return done.stdout.strip()


@contextmanager
def podman() -> Iterator[Podman]:
    """Set podman up with the base image in it; skips the test where it cannot be installed."""
    require(podman="podman", buildah="buildah", runc="runc")
    scratch = Path(tempfile.mkdtemp(prefix="modelpack-podman-"))
    (scratch / "storage.conf").write_text(_STORAGE.format(scratch))
    (scratch / "containers.conf").write_text(_CONTAINERS)
    engine = Podman(
        {
            "CONTAINERS_STORAGE_CONF": str(scratch / "storage.conf"),
            "CONTAINERS_CONF": str(scratch / "containers.conf"),
        }
    )
    try:
        engine.run("import", str(base_tar()), ROOT_NAME)
        engine.run("build", "-q", "-t", NAME, str(write_base(scratch / "base")))
        yield engine
    finally:
        engine.run("system", "reset", "--force", check=False)
        shutil.rmtree(scratch, ignore_errors=True)

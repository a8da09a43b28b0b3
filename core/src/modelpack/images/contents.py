"""What an image holds, whoever builds it: the one description behind the Dockerfile and the daemonless layout."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path, PurePosixPath

PACKAGES = "/opt/modelpack/packages"
"""Where the dependencies lie, with the base image's interpreter reading them through `PYTHONPATH`."""
MODEL = "/opt/ml/model"
"""Where the model lies, baked in, mounted, or unpacked there by SageMaker."""
HEALTH_INTERVAL, HEALTH_TIMEOUT, HEALTH_START = 10, 5, 120
"""Seconds from one health check to the next, that one may take, and in which a server may start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageContents:
    """One image of the scoring server.

    Attributes:
        python_version: The interpreter that the base image must have, such as `3.11`.
        requirements: What is installed into `PACKAGES`: the model's requirements, modelpack-core, the plugins of the
            flavor, and what the caller added. Requirement lines and index options, none of them twice.
        constraints: Lines of a constraints file for them; none where the model has none.
        wheels: Wheels of distributions that no index has: those installed here from a checkout, and files that the
            caller named. They satisfy the requirements that name them.
        system_packages: Debian packages that those requirements expect of the machine, such as `libgomp1`.
        files: Small files of ours, by their absolute path in the image; readable by everyone, owned by root. For a
            model without a manifest this is the manifest in `MODEL`, so that the server verifies what was built in.
        model: The verified model directory that is copied to `MODEL`; None when it will be mounted there.
        environment: The variables of the process.
        labels: The OCI annotations and vendors' labels.
        user: `uid:gid` that the process runs as.
        entrypoint: The exec form of what `docker run IMAGE` runs.
        command: The default arguments of the entry point.
        port: The port that is exposed.
        health_check: The exec form of what tells whether the server is well.
        digest: The digest of the model, whether it is copied or mounted; the only one that may run code.
        notes: What whoever builds the image should be told.
    """

    python_version: str
    requirements: tuple[str, ...]
    digest: str
    constraints: tuple[str, ...] = ()
    wheels: tuple[Path, ...] = ()
    system_packages: tuple[str, ...] = ()
    files: Mapping[PurePosixPath, bytes] = field(default_factory=dict)
    model: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    user: str = "10001:10001"
    entrypoint: tuple[str, ...] = ("python", "-m", "modelpack.serving.container")
    command: tuple[str, ...] = ("serve",)
    port: int = 8080
    health_check: tuple[str, ...] = ("python", "-m", "modelpack.serving.container", "health")
    notes: tuple[str, ...] = ()

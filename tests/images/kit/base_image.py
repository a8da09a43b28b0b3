"""A Debian with Python that stands in for Docker Hub's `python:3.11-slim`, made from Debian's packages."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from debian_packages import require
from platformdirs import user_cache_path

if TYPE_CHECKING:
    from collections.abc import Mapping

PYTHON = "3.11"
NAME = f"python:{PYTHON}-slim"
"""What the generated Dockerfile calls its base."""

ROOT_NAME = "modelpack-test-root"
"""The root file system that it is made of, as an image."""

_SUITE = "bookworm"
_PACKAGES = "python3,python3-pip,ca-certificates"
_AUTHORITIES = "etc/ssl/certs/ca-certificates.crt"
_RECIPE = hashlib.sha256(f"{_SUITE} {_PACKAGES} 1".encode()).hexdigest()[:12]
_UNUSED = ("var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale")


def base_tar() -> Path:
    """The root file system as a tar file, which is made once on a machine: it takes a minute.

    Nothing of this machine is in it: see `write_base`.
    """
    directory = user_cache_path("modelpack-tests", appauthor=False, ensure_exists=True)
    tar = directory / f"debian-python-{platform.machine()}-{_RECIPE}.tar"
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tar.exists():
            require(debootstrap="debootstrap")
            _make(tar)
    return tar


def write_base(context: Path) -> Path:
    """Write the context of the base image: over the root, what lets pip and uv reach the package index as from here."""
    authorities = context / "overlay" / _AUTHORITIES
    authorities.parent.mkdir(parents=True)
    shutil.copyfile(os.environ.get("SSL_CERT_FILE", f"/{_AUTHORITIES}"), authorities)
    index = os.environ.get("PIP_INDEX_URL", "")
    settings = ["[global]", f"cert = /{_AUTHORITIES}", *([f"index-url = {index}"] if index else [])]
    (context / "overlay" / "etc" / "pip.conf").write_text("\n".join(settings) + "\n")
    variables = {"SSL_CERT_FILE": f"/{_AUTHORITIES}", "UV_DEFAULT_INDEX": index, **_proxies(os.environ)}
    lines = [f"ENV {name}={value}" for name, value in variables.items() if value]
    text = "\n".join([f"FROM {ROOT_NAME}", "COPY overlay/ /", *lines, 'CMD ["python3"]'])
    (context / "Dockerfile").write_text(text)
    return context


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.lower() in {"http_proxy", "https_proxy", "no_proxy"}}


def _make(tar: Path) -> None:
    with tempfile.TemporaryDirectory(dir=tar.parent) as scratch:
        root = Path(scratch, "root")
        _run("debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _SUITE, str(root))
        for unused in _UNUSED:
            shutil.rmtree(root / unused, ignore_errors=True)
        for name in _UNUSED[:2]:
            (root / name / "partial").mkdir(parents=True)
        (root / "usr/bin/python").symlink_to("python3")
        (root / f"usr/lib/python{PYTHON}/EXTERNALLY-MANAGED").unlink()
        made = Path(scratch, "made.tar")
        _run("tar", "-C", str(root), "--numeric-owner", "-cf", str(made), ".")
        made.replace(tar)


def _run(*command: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, f"{command[0]} failed: {done.stdout[-2000:]}"

"""uv or pip, whichever is there, fetching wheels for a machine that this one need not be."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from modelpack.errors import MissingDependencyError, ModelpackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelpack.images.oci.packages.request import PackageRequest

_SECRET = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_SHOWN_LINES = 12


class Installer(Protocol):
    """What resolves and installs."""

    def resolve(self, request: PackageRequest) -> list[str]:
        """Every distribution that will be installed, pinned, with the hashes that its files may have."""
        ...

    def install(self, lock: Sequence[str], request: PackageRequest, target: Path) -> None:
        """Install what `resolve` answered, and nothing else."""
        ...


class InstallationError(ModelpackError):
    """The requirements cannot be met, or not by wheels."""

    error_code = "REQUIREMENTS_NOT_MET"


def find_installer() -> Installer:
    """Find uv, or else the pip of this environment.

    Raises:
        MissingDependencyError: There is neither.
    """
    if uv := _uv():
        return Uv(uv)
    if find_spec("pip") is not None:
        return Pip()
    raise MissingDependencyError("neither uv nor pip is there to fetch the dependencies", hint="pip install uv")


@dataclass(frozen=True, slots=True)
class Uv:
    """The program `uv`; private indexes come from its own configuration and variables (`UV_INDEX`, …)."""

    program: str

    def resolve(self, request: PackageRequest) -> list[str]:
        """See `Installer`.

        Raises:
            InstallationError: There is no set of wheels that meets the requirements.
        """
        fixed = ["--no-header", "--no-annotate", "--generate-hashes", "--no-strip-extras"]
        with _files(request.lines, request.constraints) as (requirements, *constraints):
            inputs = [requirements, *(word for file in constraints for word in ("-c", file))]
            text = _run(
                [self.program, "pip", "compile", "--quiet", *inputs, *fixed, *self._target(request)], requirements
            )
        return text.replace("\\\n", " ").splitlines()

    def install(self, lock: Sequence[str], request: PackageRequest, target: Path) -> None:
        """See `Installer`.

        Raises:
            InstallationError: A wheel cannot be fetched, or has another hash.
        """
        with _files([*request.options, *lock], ()) as (requirements,):
            where = ["--target", str(target), "--link-mode", "copy", "--no-deps"]
            _run(
                [self.program, "pip", "install", "--quiet", "-r", requirements, *where, *self._target(request)],
                requirements,
            )

    def _target(self, request: PackageRequest) -> list[str]:
        version = ["--python-version", request.python_version, "--python", sys.executable]
        return ["--only-binary", ":all:", "--python-platform", request.platform.uv_name, *version]


@dataclass(frozen=True, slots=True)
class Pip:
    """The pip of this environment, with its configuration and variables (`PIP_INDEX_URL`, …)."""

    def resolve(self, request: PackageRequest) -> list[str]:
        """See `Installer`.

        Raises:
            InstallationError: There is no set of wheels that meets the requirements.
        """
        with _files(request.lines, request.constraints) as (requirements, *constraints), _scratch() as scratch:
            report = scratch / "report.json"
            inputs = ["-r", requirements, *(word for file in constraints for word in ("-c", file))]
            dry = ["--dry-run", "--ignore-installed", "--report", str(report), "--target", str(scratch / "nothing")]
            _run([*_pip(), *inputs, *dry, *self._target(request)], requirements)
            return [_pinned(one) for one in json.loads(report.read_bytes())["install"]]

    def install(self, lock: Sequence[str], request: PackageRequest, target: Path) -> None:
        """See `Installer`.

        Raises:
            InstallationError: A wheel cannot be fetched, or has another hash.
        """
        with _files([*request.options, *lock], ()) as (requirements,):
            where = ["--target", str(target), "--no-compile", "--no-deps", "--no-warn-script-location"]
            _run([*_pip(), "-r", requirements, *where, *self._target(request)], requirements)

    def _target(self, request: PackageRequest) -> list[str]:
        tags = (word for tag in request.platform.wheel_tags for word in ("--platform", tag))
        version = ["--python-version", request.python_version, "--implementation", "cp"]
        return ["--only-binary", ":all:", *version, *tags]


def _pip() -> list[str]:
    return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]


def _uv() -> str | None:
    """The program on the path, or the one that the distribution uv has put into this environment."""
    if program := shutil.which("uv"):
        return program
    beside = shutil.which("uv", path=str(Path(sys.executable).parent))
    return beside if beside is not None and find_spec("uv") is not None else None


def _pinned(entry: dict[str, Any]) -> str:
    """A line of a lock, from an entry of pip's installation report (version 1)."""
    metadata, download = entry["metadata"], entry["download_info"]
    version = f" @ {download['url']}" if entry["is_direct"] else f"=={metadata['version']}"
    return f"{metadata['name']}{version} --hash=sha256:{download['archive_info']['hashes']['sha256']}"


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="modelpack-") as directory:
        yield Path(directory)


@contextmanager
def _files(requirements: Sequence[str], constraints: Sequence[str]) -> Iterator[list[str]]:
    """A requirements file and, when there are any, a constraints file."""
    with _scratch() as scratch:
        contents = {"requirements.txt": requirements, **({"constraints.txt": constraints} if constraints else {})}
        for name, lines in contents.items():
            (scratch / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        yield [str(scratch / name) for name in contents]


def _run(command: Sequence[str], requirements: str) -> str:
    """Run uv or pip beside the requirements, so that no settings of the project one happens to be in count."""
    environment = {**os.environ, "NO_COLOR": "1"}
    directory = Path(requirements).parent
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=directory, check=False)  # noqa: S603
    if done.returncode:
        lines = _SECRET.sub("…", done.stderr or done.stdout).strip().splitlines()
        raise InstallationError(
            "\n".join(["the dependencies cannot be fetched as wheels for the image:", *lines[-_SHOWN_LINES:]]),
            hint="build a wheel of what has none and add it with --extra-requirement, or build with an engine",
        )
    return done.stdout

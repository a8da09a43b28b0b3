"""Distributions that were installed here from a directory, which no index has: their wheels are built."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from modelpack.errors import MissingDependencyError, ModelFailureError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.utils import NormalizedName


def local_sources(names: Iterable[str]) -> dict[str, Path]:
    """Where distributions were installed from, for those that were installed from a directory or a wheel's file.

    What they need themselves and was installed in the same way is among them.

    Args:
        names: Names of distributions; those that are not installed are left out.

    Returns:
        The directory or file by the canonical name.
    """
    found: dict[str, Path] = {}
    pending = [canonicalize_name(name) for name in names]
    while pending:
        name = pending.pop()
        source = None if name in found else _source(name)
        if source is not None:
            found[name] = source
            pending.extend(_needs(name))
    return found


def build_wheels(sources: Iterable[Path], directory: Path) -> tuple[Path, ...]:
    """Build a wheel of each source into a directory, or copy it where it is one.

    Raises:
        MissingDependencyError: Nothing that builds wheels is installed.
        ModelFailureError: One cannot be built.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for source in sources:
        if source.suffix == ".whl":
            shutil.copyfile(source, directory / source.name)
        else:
            _build(source, directory)
    return tuple(sorted(directory.glob("*.whl")))


def _source(name: str) -> Path | None:
    """See PEP 610: only what was installed from a place has the file."""
    try:
        text = metadata.distribution(name).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return None
    parts = urlsplit(json.loads(text).get("url", "")) if text else urlsplit("")
    if parts.scheme != "file":
        return None
    source = Path(unquote(parts.path))
    return source if source.is_dir() or source.suffix == ".whl" else None


def _needs(name: str) -> list[NormalizedName]:
    parsed = map(Requirement, metadata.requires(name) or ())
    return [
        canonicalize_name(each.name) for each in parsed if each.marker is None or each.marker.evaluate({"extra": ""})
    ]


def _build(source: Path, directory: Path) -> None:
    command = [*_builder(), str(directory), str(source)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)  # noqa: S603 - a list, no shell
    if done.returncode != 0:
        raise ModelFailureError(
            f"no wheel can be built of {source}: {done.stdout.strip()[-2000:]}",
            hint="it was installed from there, so the image needs it; install it from an index, or repair its build",
        )


def _builder() -> list[str]:
    """The command that takes a directory for wheels and a source."""
    uv = [sys.executable, "-m", "uv"] if find_spec("uv") is not None else [shutil.which("uv") or ""]
    if uv[0]:
        return [*uv, "build", "--quiet", "--wheel", "--out-dir"]
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    raise MissingDependencyError(
        "modelpack was installed from a checkout, and nothing here builds wheels of it", hint="install uv or pip"
    )

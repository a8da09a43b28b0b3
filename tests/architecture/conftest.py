"""What the architecture tests look at."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def core_sources() -> list[Path]:
    """Every module of core."""
    return sorted((ROOT / "core" / "src").rglob("*.py"))


@pytest.fixture(scope="session")
def tracked_files() -> list[Path]:
    """Every text file that git tracks, or would."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in answer.stdout.splitlines() if (ROOT / line).is_file()]


@pytest.fixture(scope="session")
def projects() -> dict[str, dict[str, Any]]:
    """The parsed pyproject.toml of every distribution, by its folder."""
    patterns = ["core/pyproject.toml", "plugins/*/pyproject.toml", "examples/*/pyproject.toml"]
    files = [path for pattern in patterns for path in ROOT.glob(pattern)]
    return {path.parent.relative_to(ROOT).as_posix(): tomllib.loads(path.read_text()) for path in files}

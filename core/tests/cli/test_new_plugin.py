"""`modelpack plugins new`, started as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from site_packages import SitePackages


def new(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `modelpack plugins new` in a directory."""
    return subprocess.run(
        [sys.executable, "-m", "modelpack", "plugins", "new", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_says_what_to_type_next(tmp_path: Path) -> None:
    """Three commands, as they stand, and the file to begin with."""
    done = new(tmp_path, "flavor", "acme")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "wrote 11 files into modelpack-flavor-acme; next:",
        "  cd modelpack-flavor-acme",
        '  pip install -e ".[test]"',
        "  pytest",
        "then make it yours, beginning with src/modelpack_flavor_acme/flavor.py",
    ]
    assert (tmp_path / "modelpack-flavor-acme" / "src" / "modelpack_flavor_acme" / "flavor.py").is_file()


def test_a_directory_is_shown_as_a_shell_takes_it(tmp_path: Path) -> None:
    """With a space it is quoted."""
    done = new(tmp_path, "target", "acme", "--directory", "my plugins/acme")
    assert "  cd 'my plugins/acme'" in done.stdout.splitlines()
    assert (tmp_path / "my plugins" / "acme" / "pyproject.toml").is_file()


def test_machines_get_json(tmp_path: Path) -> None:
    """What was written, where, and the commands."""
    told = json.loads(new(tmp_path, "target", "acme", "--license", "MIT", "--json").stdout)
    assert (told["kind"], told["name"], told["distribution"]) == ("target", "acme", "modelpack-deploy-acme")
    assert told["directory"] == str(tmp_path / "modelpack-deploy-acme")
    assert "LICENSE" in told["files"]
    assert told["next"][0] == "cd modelpack-deploy-acme"


def test_a_second_run_is_refused(tmp_path: Path) -> None:
    """Somebody's work is never overwritten; the error is two lines."""
    new(tmp_path, "flavor", "acme")
    edited = tmp_path / "modelpack-flavor-acme" / "README.md"
    edited.write_text("mine", encoding="utf-8")
    done = new(tmp_path, "flavor", "acme")
    assert done.returncode == 1
    error, hint = done.stderr.splitlines()
    assert "modelpack-flavor-acme exists already, and nothing is ever overwritten" in error
    assert hint.startswith("hint: ")
    assert edited.read_text(encoding="utf-8") == "mine"


def test_an_installed_name_is_refused(site: SitePackages, tmp_path: Path) -> None:
    """Before anything is written."""
    site.install_toy()
    done = new(tmp_path, "flavor", "toy", PYTHONPATH=str(site.directory))
    assert done.returncode == 1
    assert "error: the flavor 'toy' is installed already, by modelpack-flavor-toy 1.2.3" in done.stderr.splitlines()
    assert list(tmp_path.iterdir()) == []


def test_a_licence_that_is_not_offered_is_a_usage_error(tmp_path: Path) -> None:
    """The exit code is 2, and those that are offered are named."""
    done = new(tmp_path, "flavor", "acme", "--license", "GPL")
    assert done.returncode == 2
    assert "BSD-3-Clause" in done.stderr


def test_nothing_heavy_is_loaded(tmp_path: Path) -> None:
    """Writing a few files takes no library."""
    command = [sys.executable, "-X", "importtime", "-m", "modelpack", "plugins", "new", "flavor", "acme"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert not loaded & {"numpy", "pandas", "pluggy", "rich", "starlette", "yaml", "cloudpickle"}

#!/usr/bin/env python3
"""Run the project's tasks on a machine that has Python and nothing else.

`python3 dev.py demo` runs the main job, `python3 dev.py test` passes the tests, `python3 dev.py` lists all tasks.
The first call makes an environment with nox and uv in `.nox/.dev`; the rest is nox's (see `noxfile.py`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this may have an older one
    raise SystemExit(f"modelpack needs Python 3.11 or newer; this is {sys.version.split()[0]}")

from lanes import Lane, run  # after the check: an older Python could not read it

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".nox" / ".dev"
TASKS = {"demo": ["-s", "demo"], "quick": ["-s", "lint", "types", "tests"]}


def python() -> Path:
    """The environment's interpreter, with nox and uv installed; made when missing."""
    folder = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
    ready = ENVIRONMENT / "ready"
    if not ready.exists():
        print("dev.py: making an environment with nox and uv (once)", flush=True)  # noqa: T201 - progress
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        install = [str(folder / "python"), "-m", "pip", "install", "--quiet", "nox>=2024.10", "uv>=0.5"]
        subprocess.run(install, check=True)  # noqa: S603 - our own interpreter and literals
        ready.touch()
    return folder / "python"


def command(options: list[str]) -> list[str]:
    """What runs nox."""
    return [str(python()), "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), *options]


def environment() -> dict[str, str]:
    """The variables with which nox finds uv."""
    return {**os.environ, "PATH": os.pathsep.join([str(python().parent), os.environ.get("PATH", "")])}


def nox(options: list[str]) -> int:
    """Run nox, and answer its exit code."""
    return subprocess.run(command(options), cwd=ROOT, env=environment(), check=False).returncode  # noqa: S603 - ours


def test(options: list[str]) -> int:
    """Pass all tests: what fails soonest first and, when that passes, three lanes, each to its end."""
    code = nox([*TASKS["quick"], "--stop-on-first-error", *options])
    if code:
        return code
    started = [
        Lane(name, command(["-s", *sessions, *options]), environment()) for name, sessions in sessions_by_lane().items()
    ]
    return run(started)


def sessions_by_lane() -> dict[str, list[str]]:
    """What `test` runs side by side, after `quick`: much of it waits, so that there are more of them than cores."""
    return {
        "targets": [*plugins("deploy"), "interop"],
        "flavors": [*plugins("flavor"), "newest"],
        "others": ["slow", "images", "clients", "wheels", "docs", "minimum"],
    }


def plugins(kind: str) -> list[str]:
    """The sessions that test the plugins and examples of a kind."""
    return [f"plugin({path.parent.name})" for path in sorted(ROOT.glob(f"*/{kind}-*/pyproject.toml"))]


def main(arguments: list[str]) -> int:
    """Run the named task, or pass the arguments on to nox."""
    name, *options = arguments or ["--list"]
    return test(options) if name == "test" else nox([*TASKS.get(name, [name]), *options])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

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

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".nox" / ".dev"
TASKS = {
    "demo": ["-s", "demo"],
    "test": ["--stop-on-first-error"],
    "quick": ["-s", "lint", "types", "tests"],
}


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


def main(arguments: list[str]) -> int:
    """Run the named task, or pass the arguments on to nox."""
    task = TASKS.get(arguments[0]) if arguments else ["--list"]
    options = [*task, *arguments[1:]] if task is not None else arguments
    interpreter = python()
    path = os.pathsep.join([str(interpreter.parent), os.environ.get("PATH", "")])
    command = [str(interpreter), "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), *options]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, check=False).returncode  # noqa: S603 - as above


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

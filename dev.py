#!/usr/bin/env python3
"""Run the project's tasks on a machine that has Python and nothing else.

`python3 dev.py demo` runs the main job, `python3 dev.py test` passes the tests, `python3 dev.py` lists all tasks.
The first call makes an environment with nox and uv in `.nox/.dev`; the rest is nox's (see `noxfile.py`).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import venv
from collections import deque
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this may have an older one
    raise SystemExit(f"modelpack needs Python 3.11 or newer; this is {sys.version.split()[0]}")

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".nox" / ".dev"
ENDING = 60  # lines
FAILED = re.compile(r"nox > Session \S+ (failed|aborted)")
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


def start(options: list[str], output: int | None = None) -> subprocess.Popen[str]:
    """Start nox; with `output=PIPE`, what it says can be read."""
    interpreter = python()
    path = os.pathsep.join([str(interpreter.parent), os.environ.get("PATH", "")])
    command = [str(interpreter), "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), *options]
    return subprocess.Popen(  # noqa: S603 - our own interpreter, and words of the caller's
        command,
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        text=True,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
    )


def test(options: list[str]) -> int:
    """Pass all tests: what fails soonest first and, when that passes, three lanes, each to its end."""
    code = start([*TASKS["quick"], "--stop-on-first-error", *options]).wait()
    if code:
        return code
    started = {name: start(["-s", *sessions, *options], subprocess.PIPE) for name, sessions in lanes().items()}
    failures: dict[str, list[str]] = {name: [] for name in started}
    readers = [threading.Thread(target=show, args=(*lane, failures[lane[0]])) for lane in started.items()]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    codes = {name: lane.wait() for name, lane in started.items()}
    for name in codes:
        print("".join(failures[name]), end="", flush=True)  # noqa: T201 - once more, where it is looked for
    for name, lane_code in codes.items():
        print(f"dev.py: {name} {'failed' if lane_code else 'passed'}", flush=True)  # noqa: T201 - the outcome
    return max(map(abs, codes.values()))


def lanes() -> dict[str, list[str]]:
    """What `test` runs side by side, after `quick`: much of it waits, so that there are more of them than cores."""
    return {
        "targets": [*plugins("deploy"), "interop"],
        "flavors": [*plugins("flavor"), "newest", "minimum"],
        "others": ["slow", "images", "clients", "wheels", "docs"],
    }


def plugins(kind: str) -> list[str]:
    """The sessions that test the plugins and examples of a kind."""
    return [f"plugin({path.parent.name})" for path in sorted(ROOT.glob(f"*/{kind}-*/pyproject.toml"))]


def show(name: str, lane: subprocess.Popen[str], failures: list[str]) -> None:
    """Print what a lane says, line by line, each with its name; keep how each failed session ended."""
    ending: deque[str] = deque(maxlen=ENDING)
    for said in lane.stdout or ():
        line = f"{name:7} | {said}"
        print(line, end="", flush=True)  # noqa: T201 - progress
        ending.append(line)
        if FAILED.match(said):
            failures += ending
            ending.clear()


def main(arguments: list[str]) -> int:
    """Run the named task, or pass the arguments on to nox."""
    name, *options = arguments or ["--list"]
    return test(options) if name == "test" else start([*TASKS.get(name, [name]), *options]).wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A flavor against MLflow's module for the same library: code, save, load, size, and what its predictions add.

`python benchmarks/flavors --flavor NAME --mlflow-python PATH` prints a table and writes `flavor-NAME.json`. The two
packages run in environments of their own with the same library, in turn; the medians of the rounds count.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLUGINS = HERE.parents[1] / "plugins"
PACKAGES = ("modelpack", "mlflow")
MODULE_OF_MLFLOW = """
import importlib.util, pathlib, sys
origin = pathlib.Path(importlib.util.find_spec('mlflow').origin).parent / sys.argv[1]
print(origin if origin.is_dir() else origin.with_suffix('.py'))
"""
TITLES = {"lines": "lines of code", "save": "save, ms", "load": "load, ms", "bytes": "size, KiB"}


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks/flavors", description=__doc__)
    parser.add_argument("--flavor", required=True)
    parser.add_argument("--mlflow-python", required=True, help="interpreter with MLflow and the library")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    pythons = {"modelpack": sys.executable, "mlflow": options.mlflow_python}
    rounds = [{name: _measure(pythons[name], name, options.flavor) for name in PACKAGES} for _ in range(options.rounds)]
    found = {name: _medians([each[name] for each in rounds]) for name in PACKAGES}
    found["modelpack"]["lines"] = _lines(PLUGINS / f"flavor-{options.flavor}" / "src")
    found["mlflow"]["lines"] = _lines(_module(options.mlflow_python, options.flavor))
    _print(options.flavor, found)
    output = options.output or Path(f"flavor-{options.flavor}.json")
    output.write_text(json.dumps({"medians": found, "rounds": rounds}, indent=2))


def _measure(python: str, package: str, flavor: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [python, str(HERE / "measure.py"), package, flavor, folder]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if answer.returncode != 0:
        raise SystemExit(f"{package} with {flavor} failed:\n{answer.stderr}")
    result: dict[str, float] = json.loads(answer.stdout.strip().splitlines()[-1])
    return result


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}


def _module(python: str, flavor: str) -> Path:
    command = [python, "-c", MODULE_OF_MLFLOW, flavor]
    return Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


def _lines(place: Path) -> int:
    """Lines that are neither empty nor comments; docstrings count on both sides."""
    files = [place] if place.is_file() else sorted(place.rglob("*.py"))
    lines = (line.strip() for file in files for line in file.read_text(encoding="utf-8").splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


def _print(flavor: str, found: dict[str, dict[str, float]]) -> None:
    print(f"\n{flavor:24} {'modelpack':>12} {'mlflow':>12} {'to mlflow':>10}")
    scales = {"save": 1e3, "load": 1e3, "bytes": 1 / 1024}
    for key, title in TITLES.items():
        ours, theirs = (found[name][key] * scales.get(key, 1.0) for name in PACKAGES)
        print(f"{title:24} {ours:12.1f} {theirs:12.1f} {ours / theirs:10.2f}")
    for rows in (1, 10_000):
        bare = found["modelpack"][f"bare_{rows}"]
        ours, theirs = (found[name][f"predict_{rows}"] - found[name][f"bare_{rows}"] for name in PACKAGES)
        print(
            f"{f'{rows} rows: over bare, µs':24} {ours * 1e6:12.0f} {theirs * 1e6:12.0f}   (bare {bare * 1e6:.0f} µs)"
        )


if __name__ == "__main__":
    main()

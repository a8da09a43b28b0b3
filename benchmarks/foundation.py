"""Import, start, footprint, save, load, predict and a CSV file of a million rows, against MLflow and the bare library.

Prints a table and writes `foundation.json`. Every subject runs in a process of its own, interleaved over the rounds;
the median counts. Tasks inside a process are medians of many calls after a warm-up.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SUBJECTS = Path(__file__).resolve().parent / "subjects"
UNITS = [("s", 1.0), ("ms", 1e3), ("µs", 1e6)]
PROGRAMS = {"bare": "bare.py", "modelpack": "packaged.py", "mlflow": "mlflow_models.py"}
COMMANDS = {
    "import": {"bare": ["-c", "pass"], "modelpack": ["-c", "import modelpack"], "mlflow": ["-c", "import mlflow"]},
    "--help": {
        "bare": ["-m", "json.tool", "--help"],
        "modelpack": ["-m", "modelpack", "--help"],
        "mlflow": ["-m", "mlflow", "--help"],
    },
}
TASKS = [
    "save",
    "save_default",
    "save_given",
    "load",
    "predict_1",
    "predict_1_signed",
    "predict_10k",
    "predict_10k_signed",
    "csv",
]


def main() -> None:
    """Measure everything, print the table, write the JSON."""
    options = _options()
    interpreters = {"bare": sys.executable, "modelpack": sys.executable, "mlflow": options.mlflow_python}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        _write_million(Path(folder) / "million.csv", options.rows)
        results = _commands(interpreters, options.rounds) if options.tasks == TASKS else {}
        results |= _tasks(interpreters, Path(folder), options)
    results["footprint"] = {name: _footprint(interpreters[name]) for name in ("modelpack", "mlflow")}
    _print_table(results)
    options.output.write_text(json.dumps(results, indent=2))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--mlflow-python", required=True, help="interpreter of an environment with mlflow and scikit-learn"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the CSV file")
    parser.add_argument("--tasks", nargs="*", default=TASKS, choices=TASKS, help="measure only these, and no commands")
    parser.add_argument("--output", type=Path, default=Path("foundation.json"))
    return parser.parse_args()


def _commands(interpreters: dict[str, str], rounds: int) -> dict[str, Any]:
    results: dict[str, Any] = {}
    for name, commands in COMMANDS.items():
        times: dict[str, list[float]] = {subject: [] for subject in commands}
        for _ in range(rounds * 3):
            for subject, words in commands.items():
                times[subject].append(_wall([interpreters[subject], *words]))
        results[name] = {subject: {"seconds": statistics.median(values)} for subject, values in times.items()}
        print(f"measured {name}", flush=True)
    return results


def _wall(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def _tasks(interpreters: dict[str, str], folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    results: dict[str, Any] = {}
    for task in options.tasks:
        answers: dict[str, list[dict[str, float]]] = {}
        for _ in range(options.rounds):
            for subject, program in PROGRAMS.items():
                if f'"{task}"' in (SUBJECTS / program).read_text():
                    answers.setdefault(subject, []).append(_run(interpreters[subject], program, task, folder))
        results[task] = {subject: _median(values) for subject, values in answers.items()}
        print(f"measured {task}", flush=True)
    return results


def _run(interpreter: str, program: str, task: str, folder: Path) -> dict[str, float]:
    scratch = tempfile.mkdtemp(dir=folder)
    (Path(scratch) / "million.csv").symlink_to(folder / "million.csv")
    command = [interpreter, str(SUBJECTS / program), task, scratch]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=scratch)
    if answer.returncode != 0:
        raise SystemExit(f"{program} {task} failed:\n{answer.stderr}")
    result: dict[str, float] = json.loads(answer.stdout.strip().splitlines()[-1])
    return result


def _median(values: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(value[key] for value in values) for key in values[0]}


def _footprint(interpreter: str) -> dict[str, Any]:
    answer = subprocess.run([interpreter, str(SUBJECTS / "footprint.py")], capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


def _write_million(path: Path, rows: int) -> None:
    import numpy as np
    import pandas as pd

    generator = np.random.default_rng(0)
    with path.open("w") as file:
        for start in range(0, rows, 100_000):
            count = min(100_000, rows - start)
            frame = pd.DataFrame(generator.normal(size=(count, 10)), columns=[f"f{number}" for number in range(10)])
            frame.to_csv(file, index=False, header=start == 0)


def _print_table(results: dict[str, Any]) -> None:
    print(f"\n{'what':20} {'bare':>12} {'modelpack':>12} {'mlflow':>12} {'to bare':>9} {'mlflow to us':>13}")
    for name, subjects in results.items():
        if name == "footprint":
            continue
        seconds = {subject: values["seconds"] for subject, values in subjects.items()}
        ours = seconds.get("modelpack")
        cells = [_duration(seconds.get(subject)) for subject in PROGRAMS]
        ratios = [_ratio(ours, seconds.get("bare")), _ratio(seconds.get("mlflow"), ours)]
        print(f"{name:20} {cells[0]:>12} {cells[1]:>12} {cells[2]:>12} {ratios[0]:>9} {ratios[1]:>13}")
        if "overhead" in subjects["modelpack"]:
            overheads = [_duration(subjects[subject]["overhead"]) for subject in ("modelpack", "mlflow")]
            print(f"{'  over its estimator':20} {'':>12} {overheads[0]:>12} {overheads[1]:>12}")
    if "csv" in results:
        peaks = [f"{values['peak_mib']:.0f} MiB" for values in results["csv"].values()]
        print(f"{'csv, peak memory':20} {peaks[0]:>12} {peaks[1]:>12} {peaks[2]:>12}")
    for subject, found in results["footprint"].items():
        print(f"{subject} adds {found['packages']} packages, {found['mib']:.0f} MiB, to scikit-learn, pandas and NumPy")


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    unit, factor = next(((unit, factor) for unit, factor in UNITS if seconds * factor >= 1), UNITS[-1])
    return f"{seconds * factor:.3g} {unit}"


def _ratio(value: float | None, base: float | None) -> str:
    return "-" if value is None or base is None else f"{value / base:.2f}"


if __name__ == "__main__":
    main()

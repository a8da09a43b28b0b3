"""Batch scoring: `modelpack predict` into a directory, against a program written by hand and MLflow.

Prints a table and writes `batch.json`. Every subject runs in a process of its own, interleaved over the rounds; the
median counts. Times are those of the whole command, start and loading included; memory is the proportional set size of
the command and all its descendants, at its highest.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE / "serving"))

from process_tree import memory_mib, processor_seconds  # noqa: E402 - it is beside

SUBJECTS = HERE / "subjects"
COLUMNS = [f"f{number}" for number in range(10)]
GROUP = 250_000
"""Rows of a row group."""


def main() -> None:
    """Measure everything, print the table, write the JSON."""
    options = _options()
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.directory) as name:
        folder = Path(name)
        os.environ["MODELPACK_HOME"] = str(folder / "home")
        _save_models(folder)
        for suffix in options.formats:
            for rows in options.rows:
                source = folder / f"in.{suffix}"
                _write(source, rows)
                for subject, measured in _measured(folder, source, options).items():
                    results.append({"format": suffix, "rows": rows, "subject": subject, **measured})
                source.unlink()
    _print_table(results)
    options.output.write_text(json.dumps(results, indent=2))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mlflow-python", help="interpreter of an environment with mlflow, scikit-learn and pyarrow")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 20_000_000])
    parser.add_argument("--formats", nargs="*", default=["parquet", "csv"], choices=["parquet", "csv"])
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2], help="measure with so many processes")
    parser.add_argument("--directory", type=Path, help="where the files of the benchmark go, several GB")
    parser.add_argument("--output", type=Path, default=Path("batch.json"))
    return parser.parse_args()


def _save_models(folder: Path) -> None:
    """A linear model on ten columns, for each subject in the form that it takes."""
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    import modelpack

    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(2_000, len(COLUMNS))), columns=COLUMNS)
    estimator = LinearRegression().fit(frame, frame.sum(axis=1))
    signature = modelpack.infer_signature(frame, estimator.predict(frame))
    modelpack.save_model(estimator, folder / "model", signature=signature)
    nameless = LinearRegression().fit(frame.to_numpy(), frame.sum(axis=1))
    (folder / "model.pickle").write_bytes(pickle.dumps(nameless))


def _write(path: Path, rows: int) -> None:
    """A file of so many rows: an id, and ten columns of random numbers."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    generator = np.random.default_rng(0)
    schema = pa.schema([("id", pa.int64()), *((name, pa.float64()) for name in COLUMNS)])
    write = pyarrow.csv.CSVWriter if path.suffix == ".csv" else pyarrow.parquet.ParquetWriter
    with write(str(path), schema) as writer:
        for start in range(0, rows, GROUP):
            count = min(GROUP, rows - start)
            columns = {name: generator.normal(size=count) for name in COLUMNS}
            writer.write_table(pa.table({"id": np.arange(start, start + count), **columns}, schema=schema))


def _measured(folder: Path, source: Path, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    commands = _commands(folder, source, options)
    runs: dict[str, list[dict[str, float]]] = {subject: [] for subject in commands}
    for _ in range(options.rounds):
        for subject, command in commands.items():
            destination = folder / f"out.{subject}"
            runs[subject].append(_run([*command, str(destination)], folder))
            shutil.rmtree(destination) if destination.is_dir() else destination.unlink()
            print(f"measured {subject} on {source.name}", flush=True)
    return {
        subject: {key: statistics.median(value[key] for value in values) for key in values[0]}
        for subject, values in runs.items()
    }


def _commands(folder: Path, source: Path, options: argparse.Namespace) -> dict[str, list[str]]:
    """What is run, the destination left out."""
    model, suffix = str(folder / "model"), source.suffix.removeprefix(".")
    commands = {"bare": [sys.executable, str(SUBJECTS / "batch_bare.py"), f"{model}.pickle", str(source)]}
    predict = [sys.executable, "-m", "modelpack", "predict", model, "-i", str(source), "--keep", "id"]
    for workers in options.workers:
        commands[f"modelpack-{workers}"] = [*predict, "--format", suffix, "--workers", str(workers), "-o"]
    if options.mlflow_python:
        commands["mlflow"] = [options.mlflow_python, str(SUBJECTS / "batch_mlflow.py"), model, str(source)]
    return commands


def _run(command: list[str], folder: Path) -> dict[str, float]:
    peak = used = 0.0
    start = time.perf_counter()
    with (folder / "errors").open("w+b") as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        while process.poll() is None:
            peak = max(peak, memory_mib(process.pid))
            used = max(used, processor_seconds(process.pid))
            time.sleep(0.02)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{(folder / 'errors').read_text()}")
    return {"seconds": time.perf_counter() - start, "processor_seconds": used, "peak_mib": peak}


def _print_table(results: list[dict[str, Any]]) -> None:
    print(f"\n{'what':28} {'subject':14} {'s':>8} {'CPU s':>8} {'M rows/s':>9} {'to bare':>8} {'peak MiB':>9}")
    bare = {(each["format"], each["rows"]): each["seconds"] for each in results if each["subject"] == "bare"}
    for each in results:
        what = f"{each['format']}, {each['rows']:,} rows"
        rate, ratio = each["rows"] / each["seconds"] / 1e6, bare[each["format"], each["rows"]] / each["seconds"]
        times = f"{each['seconds']:>8.2f} {each['processor_seconds']:>8.2f}"
        print(f"{what:28} {each['subject']:14} {times} {rate:>9.2f} {ratio:>8.2f} {each['peak_mib']:>9.0f}")


if __name__ == "__main__":
    main()

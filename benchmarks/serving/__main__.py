"""The scoring server against its peers and against what one would write by hand; see `benchmarks/README.md`.

`python benchmarks/serving` prints a table and writes `serving.json`. Every server runs alone, in an environment of its
own, started anew for each model and round; the rounds change the order, and the median counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cases import CLOSED, MODELS
from closed_loop import wrk_program
from report import machine, medians, print_table, versions
from running import ServerError
from servers import PROGRAMS, SERVERS
from sessions import Plan, measure
from training import train

if TYPE_CHECKING:
    from servers import Server

PEERS = ("mlflow", "mlserver", "bentoml", "litserve")
EXTRA = ("overload", "liveness")
QUICK = {"iris-1-c1", "iris-1-c16", "iris-1000-c4", "wide-10000-c4", "wide-10000-arrow-c4"}


def main() -> None:
    """Measure, print the table, write the JSON."""
    options = _options()
    wrk_program()
    pythons = {"modelpack": sys.executable} | {
        name: python for name in PEERS if (python := getattr(options, f"{name}_python"))
    }
    servers = [found for found in SERVERS if found.name in options.servers and found.environment in pythons]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        plan = _plan(options, Path(folder), pythons)
        models = [model for model in MODELS if plan.wants(model)]
        _prepare(models, plan)
        rounds, faults = _rounds(servers, models, plan, 1 if options.quick else options.rounds)
    found = medians(rounds)
    print_table(found, rounds)
    print("".join(f"\nNOT MEASURED: {fault}" for fault in faults))
    about = {"machine": machine(), "seconds": plan.seconds, "options": plan.options}
    about["versions"] = {name: versions(python) for name, python in pythons.items()}
    options.output.write_text(
        json.dumps({**about, "medians": found, "rounds": rounds, "not measured": faults}, indent=2)
    )


def _options() -> argparse.Namespace:
    names = [case.name for case in CLOSED]
    parser = argparse.ArgumentParser(prog="benchmarks/serving", description=__doc__)
    for name in PEERS:
        parser.add_argument(
            f"--{name}-python", help=f"interpreter of an environment with {name}; without, it is left out"
        )
    parser.add_argument("--servers", nargs="*", default=[server.name for server in SERVERS], metavar="NAME")
    parser.add_argument(
        "--cases", nargs="*", choices=[*names, *EXTRA], metavar="NAME", help=", ".join([*names, *EXTRA])
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each case runs")
    parser.add_argument("--quick", action="store_true", help="one round of two seconds of the main cases")
    parser.add_argument("--options", default="--no-access-log", help="further options of modelpack serve")
    parser.add_argument("--output", type=Path, default=Path("serving.json"))
    return parser.parse_args()


def _plan(options: argparse.Namespace, folder: Path, pythons: dict[str, str]) -> Plan:
    chosen = set(options.cases if options.cases is not None else QUICK if options.quick else _everything())
    return Plan(
        folder=folder,
        pythons=pythons,
        cases=[case for case in CLOSED if case.name in chosen],
        extra=[name for name in EXTRA if name in chosen],
        seconds=2.0 if options.quick else options.seconds,
        options=tuple(options.options.split()),
    )


def _everything() -> list[str]:
    return [*(case.name for case in CLOSED), *EXTRA]


def _prepare(models: list[str], plan: Plan) -> None:
    for model in models:
        train(model, plan.folder / model)
    if "mlflow" in plan.pythons:
        folders = [str(plan.folder / model) for model in models]
        program = str(PROGRAMS / "save_mlflow.py")
        subprocess.run([plan.pythons["mlflow"], program, *folders], check=True, capture_output=True)


def _rounds(servers: list[Server], models: list[str], plan: Plan, count: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Every server with every model, so many times, each round beginning with another server; and what failed."""
    rounds, faults = [], []
    for number in range(count):
        first = number % max(len(servers), 1)
        for model in models:
            for server in servers[first:] + servers[:first]:
                print(f"round {number + 1} of {count}: {server.name} with {model}", flush=True)
                try:
                    results = measure(server, model, plan)
                except ServerError as error:
                    faults.append(f"{server.name} with {model} {error}")
                else:
                    rounds.append({"round": number, "server": server.name, "model": model, "results": results})
    return rounds, faults


if __name__ == "__main__":
    main()

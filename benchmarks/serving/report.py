"""The results as medians and as a table."""

from __future__ import annotations

import platform
import statistics
import subprocess
from pathlib import Path
from typing import Any

PACKAGES = (
    "modelpack-core mlflow mlserver bentoml litserve scikit-learn numpy pandas pyarrow orjson starlette uvicorn uvloop "
    "httptools"
)
_VERSIONS = """
import json, sys
from importlib.metadata import PackageNotFoundError, version
found = {"python": sys.version.split()[0]}
for name in sys.argv[1:]:
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(found))
"""
DISTURBED = 0.1
Rounds = list[dict[str, Any]]


def machine() -> dict[str, Any]:
    """The shape of the machine, not its name."""
    model = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0")
    kernel = platform.release().split("-")[0]
    return {"processors": len(model), "model": model[0], "memory_gib": round(int(memory) / 2**20), "kernel": kernel}


def versions(python: str) -> dict[str, str]:
    """The packages that matter in an environment."""
    import json

    command = [python, "-c", _VERSIONS, *PACKAGES.split()]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(answer.stdout)
    return found


def medians(rounds: Rounds) -> dict[str, dict[str, dict[str, Any]]]:
    """The median of every number, by case and server; `runs` says of how many."""
    collected: dict[str, dict[str, Rounds]] = {}
    for entry in rounds:
        for case, values in entry["results"].items():
            collected.setdefault(case, {}).setdefault(entry["server"], []).append(values)
    return {
        case: {server: {**_median(values), "runs": len(values)} for server, values in servers.items()}
        for case, servers in collected.items()
    }


def _median(values: list[Any]) -> Any:
    if isinstance(values[0], dict):
        keys = {key for value in values for key in value}
        return {key: _median([value[key] for value in values if key in value]) for key in sorted(keys)}
    return statistics.median(values)


def failures(rounds: Rounds, case: str, server: str) -> float:
    """Requests that were refused or broken, in all rounds of a closed loop."""
    results = [entry["results"][case] for entry in rounds if entry["server"] == server and case in entry["results"]]
    return float(sum(result.get("refused", 0) + result.get("broken", 0) for result in results))


def print_table(found: dict[str, dict[str, dict[str, Any]]], rounds: Rounds) -> None:
    """Print every case, its servers in the order of the run; ratios are to the hand-written NumPy application."""
    for case, servers in found.items():
        if case.endswith("-overload"):
            _print_overload(case, servers)
        elif case.endswith("-start"):
            _print_start(case, servers)
        elif case == "liveness":
            _print_liveness(servers)
        else:
            _print_closed(case, servers, rounds)


def _print_closed(case: str, servers: dict[str, dict[str, Any]], rounds: Rounds) -> None:
    title = ["req/s", "to numpy", "p50 ms", "p99 ms", "CPU ms/req", "cores", "MiB"]
    print(f"\n{case:22}" + "".join(f"{word:>11}" for word in title))
    base = servers.get("numpy")
    for server, seen in servers.items():
        ratio = f"{seen['rate'] / base['rate']:.2f}" if base else "-"
        times = [f"{seen[key] * 1e3:.2f}" for key in ("p50", "p99")]
        cells = [f"{seen['rate']:.0f}", ratio, *times, f"{seen['cpu'] * 1e3:.3f}", f"{seen['cores']:.2f}"]
        print(f"  {server:20}" + "".join(f"{cell:>11}" for cell in [*cells, f"{seen['mib']:.0f}"]), end="")
        print(_remarks(seen, failures(rounds, case, server)))


def _remarks(seen: dict[str, Any], failed: float) -> str:
    remarks = [f"INVALID: {failed:.0f} requests failed"] if failed else []
    if seen["others"] > DISTURBED:
        remarks.append(f"disturbed: others used {seen['others']:.2f} cores")
    return f"  {', '.join(remarks)}" if remarks else ""


def _print_start(case: str, servers: dict[str, dict[str, Any]]) -> None:
    print(f"\n{case:22}{'first answer s':>16}{'to numpy':>11}{'idle MiB':>11}")
    base = servers.get("numpy")
    for server, seen in servers.items():
        ratio = f"{seen['seconds'] / base['seconds']:.2f}" if base else "-"
        print(f"  {server:20}{seen['seconds']:>16.2f}{ratio:>11}{seen['mib']:>11.0f}")


def _print_overload(case: str, servers: dict[str, dict[str, Any]]) -> None:
    title = ["limit req/s", "p99 ms", "at 2x: p99", "ratio", "accepted", "refused", "failed"]
    print(f"\n{case:22}" + "".join(f"{word:>12}" for word in title))
    for server, seen in servers.items():
        limit, twice = seen["at_limit"], seen["at_twice"]
        times = [f"{limit['p99'] * 1e3:.1f}", f"{twice['p99'] * 1e3:.1f}", f"{twice['p99'] / limit['p99']:.2f}"]
        parts = [f"{twice[key]:.1%}" for key in ("accepted", "refused", "failed")]
        print(f"  {server:20}" + "".join(f"{cell:>12}" for cell in [f"{seen['limit']:.0f}", *times, *parts]), end="")
        held = "" if seen["held"] else ", INVALID: the limit did not hold when it was measured again"
        print(f"  generator late: {twice['lag_p99'] * 1e3:.1f} ms{held}")


def _print_liveness(servers: dict[str, dict[str, Any]]) -> None:
    print(f"\n{'pings, slow model':22}" + "".join(f"{word:>11}" for word in ("p50 ms", "p99 ms", "max ms", "failed")))
    for server, seen in servers.items():
        cells = [*(f"{seen[key] * 1e3:.2f}" for key in ("p50", "p99", "max")), f"{seen['failed']:.0f}"]
        print(f"  {server:20}" + "".join(f"{cell:>11}" for cell in cells))


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()

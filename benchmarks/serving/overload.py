"""What a server does with twice the load that it sustains."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from closed_loop import drive
from running import HOST

if TYPE_CHECKING:
    from running import Request, Running

OPEN_LOOP = Path(__file__).resolve().with_name("open_loop.py")
CONNECTIONS = 1_024
PATIENCE = 10.0
BOUND = 0.1
STEPS = 7
REFUSALS = ("429", "503")


def overload(server: Running, request: Request, seconds: float) -> dict[str, Any]:
    """Find the sustainable rate, then offer it and twice as much.

    A rate is sustained when every request is answered with 200 and p99 stays under a tenth of a second.
    """
    capacity = drive(server, request, 64, seconds)["rate"]
    limit = _limit(server, request, capacity, seconds)
    at_limit = offer(server, request, limit, seconds * 2, seed=1)
    at_twice = offer(server, request, 2 * limit, seconds * 2, seed=2)
    return {
        "closed": capacity,
        "limit": limit,
        "at_limit": at_limit,
        "at_twice": at_twice,
        "held": _sustained(at_limit),
    }


def _limit(server: Running, request: Request, capacity: float, seconds: float) -> float:
    """The highest sustained rate up to 2.5 of what a closed loop of 64 connections reaches: more wait, more batch."""
    low, high = 0.0, 2.5
    for step in range(STEPS):
        middle = (low + high) / 2
        seen = offer(server, request, middle * capacity, seconds, seed=100 + step)
        low, high = (middle, high) if _sustained(seen) else (low, middle)
    return (low or high) * capacity  # where none was sustained, the lowest that was tried; it will not hold


def _sustained(seen: dict[str, Any]) -> bool:
    return bool(seen["failed"] == 0 and seen["refused"] == 0 and seen["p99"] < BOUND)


def offer(server: Running, request: Request, rate: float, seconds: float, *, seed: int) -> dict[str, Any]:
    """What became of requests that arrived at this rate, as parts of those offered."""
    with tempfile.NamedTemporaryFile() as body:
        body.write(request.body)
        body.flush()
        plan = {"host": HOST, "port": server.port, "path": request.path, "media_type": request.media_type}
        plan |= {"body": body.name, "rate": rate, "seconds": seconds, "seed": seed}
        plan |= {"connections": CONNECTIONS, "patience": PATIENCE}
        command = [sys.executable, str(OPEN_LOOP)]
        answer = subprocess.run(command, input=json.dumps(plan), capture_output=True, text=True, check=True)
    return _parts(json.loads(answer.stdout))


def _parts(seen: dict[str, Any]) -> dict[str, Any]:
    statuses = seen["statuses"]
    counts = {status: found["count"] for status, found in statuses.items()}
    total = max(sum(counts.values()), 1)
    accepted = counts.get("200", 0)
    refused = sum(counts.get(status, 0) for status in REFUSALS)
    good = statuses.get("200", {"p50": PATIENCE, "p99": PATIENCE, "max": PATIENCE})
    return {
        "offered": seen["offered"],
        "accepted": accepted / total,
        "refused": refused / total,
        "failed": (total - accepted - refused) / total,
        "statuses": counts,
        "p50": good["p50"],
        "p99": good["p99"],
        "max": good["max"],
        "refusal_p99": max((statuses[status]["p99"] for status in REFUSALS if status in statuses), default=0.0),
        "lag_p99": seen["lag"]["p99"],
    }

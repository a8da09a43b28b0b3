"""One server with one model: started, checked, measured, stopped."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bodies
import pandas as pd
from cases import OVERLOADED, SLOW
from closed_loop import drive
from liveness import liveness
from overload import overload
from process_tree import memory_mib
from running import OK, Request, ServerError, free_ports, post, running
from servers import Launch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cases import Case
    from running import Running
    from servers import Server

WARM_UP = 1.0
REST = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured of each server, and for how long.

    Attributes:
        folder: Where the models are.
        pythons: The interpreter of each environment.
        cases: The closed loops.
        extra: `overload` and `liveness`, where they are measured.
        seconds: How long each case runs.
        options: Further options of `modelpack serve`.
    """

    folder: Path
    pythons: dict[str, str]
    cases: Sequence[Case]
    extra: Sequence[str]
    seconds: float
    options: tuple[str, ...]

    def wants(self, model: str) -> bool:
        """Whether anything is measured with this model."""
        overloaded = "overload" in self.extra and model in OVERLOADED
        slow = "liveness" in self.extra and model == SLOW
        return overloaded or slow or any(case.model == model for case in self.cases)


def measure(server: Server, model: str, plan: Plan) -> dict[str, dict[str, Any]]:
    """All results of one server with one model, by case."""
    folder = plan.folder / model
    launch = Launch(plan.pythons[server.environment], folder, free_ports(), plan.options)
    one = _request(server, folder, 1)
    with running(server, launch, one) as started:
        time.sleep(REST)
        results: dict[str, dict[str, Any]] = {
            f"{model}-start": {"seconds": started.start_seconds, "mib": memory_mib(started.process)}
        }
        if model == SLOW:
            return results | {"liveness": liveness(started, one, server.ping, plan.seconds * 2)}
        drive(started, one, 16, WARM_UP)
        for case in plan.cases:
            if case.model == model and (server.arrow or not case.arrow):
                results[case.name] = _closed(server, started, folder, case, plan.seconds)
        if "overload" in plan.extra and model in OVERLOADED:
            results[f"{model}-overload"] = overload(started, one, plan.seconds)
        return results


def _closed(server: Server, started: Running, folder: Path, case: Case, seconds: float) -> dict[str, float]:
    request = _request(server, folder, case.rows, arrow=case.arrow)
    _check(server, started, request, _expected(folder, case.rows))
    drive(started, request, case.connections, WARM_UP)
    return drive(started, request, case.connections, seconds)


def _request(server: Server, folder: Path, rows: int, *, arrow: bool = False) -> Request:
    return Request(server.path, *bodies.body(_rows(folder, rows), server.form, arrow=arrow))


def _rows(folder: Path, rows: int) -> Any:
    return pd.read_csv(folder / "rows.csv", nrows=rows)


def _expected(folder: Path, rows: int) -> list[int]:
    expected: list[int] = json.loads((folder / "expected.json").read_text())[:rows]
    return expected


def _check(server: Server, started: Running, request: Request, expected: list[int]) -> None:
    """A fast wrong answer is worth nothing; the echo alone need not be right."""
    status, answer, media_type = post(started.port, request)
    if server.name != "echo" and (status != OK or bodies.predictions(answer, media_type) != expected):
        raise ServerError(f"answers {status} with other predictions: {answer[:300]!r}")

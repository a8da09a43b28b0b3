"""Where the corpus of real MLmodel files is, when it is there."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "mlmodels"


def _rows() -> list[dict[str, str]]:
    if not (CORPUS / "index.csv").is_file():
        return []
    with (CORPUS / "index.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _is_odd(row: dict[str, str]) -> bool:
    return any(mark in row["oddities"] for mark in ("pointer", "no-flavors", "yaml-"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `corpus_file` or `odd_file` for each such file of the corpus."""
    for fixture, odd in (("corpus_file", False), ("odd_file", True)):
        if fixture in metafunc.fixturenames:
            rows = [row for row in _rows() if _is_odd(row) == odd]
            missing = pytest.param(None, marks=pytest.mark.skip(reason=f"the corpus is not at {CORPUS}"))
            params = [pytest.param(CORPUS / row["id"] / "MLmodel", id=row["id"]) for row in rows] or [missing]
            metafunc.parametrize(fixture, params)

"""Two executors, killed workers, Spark Connect, and no session at all: each in a process of its own."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pyspark
import pytest

import modelpack
from modelpack.testing import run_python

PLAIN = {"PYSPARK_SUBMIT_ARGS": "--driver-memory 1g pyspark-shell"}
"""A Connect server takes its settings from the client."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def programs() -> Iterator[ModuleType]:
    """The programs, found by other processes as by this one."""
    folder = str(Path(__file__).parent)
    sys.path.insert(0, folder)
    yield importlib.import_module("programs")
    sys.path.remove(folder)


def test_two_executors_load_a_model_once_each(programs: ModuleType, tmp_path: Path) -> None:
    """In three jobs of eight tasks; and a worker that is killed is replaced, which loads it once more."""
    work = Path(pyspark.__file__).parent / "work"
    there = work.exists()
    told = run_python(programs.on_two_executors, str(tmp_path / "model"), str(tmp_path / "notes"), {}, timeout=250)
    if not there:
        shutil.rmtree(work, ignore_errors=True)  # where Spark's own little cluster puts its executors
    assert told["sums"] == [4000 * 3999.0] * 3
    assert told["executors"] == 2
    assert len(told["loads"]) == len(set(told["loads"])) == 2
    assert told["survived"] == 4000 * 3999.0
    assert told["after"][:2] == told["loads"]
    assert len(told["after"]) == len(set(told["after"])) == 3


@pytest.mark.skipif(importlib.util.find_spec("grpc") is None, reason="Spark Connect needs the extra `connect`")
def test_spark_connect(programs: ModuleType, tmp_path: Path) -> None:
    """A client does what the driver does."""
    allowed = {"spark.sql.artifact.copyFromLocalToFs.allowDestLocal": "true"}
    told = run_python(programs.connected, str(tmp_path), allowed, timeout=250, environment=PLAIN)
    assert told["native"] == pytest.approx([5.0, 4.0, 11.0, 10.0])
    assert told["generic"] == pytest.approx([17.0, 16.0])
    assert told["scored"] == [0.0, 2.0, 4.0, 6.0]
    assert told["kind"] == "PipelineModel"
    assert told["batch"] == 4


def test_without_a_session_one_is_started(programs: ModuleType, assembled: Any, tmp_path: Path) -> None:
    """On one core, without pages and ports for others (S94)."""
    modelpack.save_model(assembled, tmp_path / "model")
    rows = pd.DataFrame({"a": [1.0, 5.0], "b": [2.0, 1.0]})
    told = run_python(programs.alone, str(tmp_path / "model"), rows, timeout=250)
    assert told["answer"].tolist() == pytest.approx([4.0, 7.0])
    assert (told["master"], told["ui"]) == ("local[1]", "false")


def test_an_engine_ends_the_session_that_it_starts(programs: ModuleType, tmp_path: Path) -> None:
    """And leaves nothing behind."""
    programs.model_that_notes(str(tmp_path / "model"), str(tmp_path / "notes"))
    pd.DataFrame({"x": [1.0, 2.0, 3.0]}).to_parquet(tmp_path / "rows.parquet")
    arguments = [str(tmp_path / name) for name in ("model", "rows.parquet", "out")]
    told = run_python(programs.engine_alone, *arguments, timeout=250)
    assert told == {"rows": 3, "active": False}
    assert pd.read_parquet(tmp_path / "out")["prediction"].tolist() == [2.0, 4.0, 6.0]

"""A working directory of its own for every test, and no run that is left active."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelpack.tracking import active_run, end_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory, empty; runs that the test left active are ended."""
    monkeypatch.chdir(tmp_path)
    for name in ("MODELPACK_TRACKING_URI", "MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path
    while active_run() is not None:
        end_run()

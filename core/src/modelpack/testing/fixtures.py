"""Fixtures for the tests of a plugin; import them in its `conftest.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelpack.testing.warm_programs import WarmPrograms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SETTINGS = ("MODELPACK_DISABLE_PLUGINS", "MODELPACK_TRACE_HOOKS", "MODELPACK_TRUST", "MLFLOW_TRACKING_URI")


@pytest.fixture(autouse=True)
def modelpack_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `MODELPACK_HOME` of its own for every test, with an empty trust store, and none of the user's settings."""
    home = tmp_path_factory.mktemp("modelpack-home")
    monkeypatch.setenv("MODELPACK_HOME", str(home))
    for name in _SETTINGS:
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture(scope="session")
def warm_programs() -> Iterator[WarmPrograms]:
    """Starts scoring servers, and other programs of this environment, in a tenth of the time; they end with the run."""
    with WarmPrograms() as programs:
        yield programs

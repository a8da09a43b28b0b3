from __future__ import annotations

from pathlib import Path

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.tracking.location import tracking_root


def test_runs_are_kept_in_mlruns_of_the_working_directory(workspace: Path) -> None:
    """Without settings the directory is the one that MLflow uses."""
    assert tracking_root({}) == workspace / "mlruns"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("/data/my runs", "/data/my runs", id="an absolute path"),
        pytest.param("file:///data/my%20runs", "/data/my runs", id="a file URI is decoded once"),
        pytest.param("file:/data/runs", "/data/runs", id="a file URI with one slash"),
        pytest.param("file://localhost/data/runs", "/data/runs", id="a file URI of this machine"),
    ],
)
def test_a_variable_names_the_directory(value: str, expected: str) -> None:
    """MLFLOW_TRACKING_URI is honoured as a path and as a file URI."""
    assert tracking_root({"MLFLOW_TRACKING_URI": value}) == Path(expected)


def test_a_relative_path_is_made_absolute(workspace: Path) -> None:
    """Runs stay where they were started, wherever the program goes afterwards."""
    assert tracking_root({"MLFLOW_TRACKING_URI": "here/runs"}) == workspace / "here" / "runs"


def test_modelpacks_variable_comes_first() -> None:
    """A user of MLflow's server can keep modelpack's runs in files."""
    environ = {"MODELPACK_TRACKING_URI": "/mine", "MLFLOW_TRACKING_URI": "https://mlflow.example.org"}
    assert tracking_root(environ) == Path("/mine")


@pytest.mark.parametrize(
    "value", ["https://u:secret@mlflow.example.org", "sqlite:///mlflow.db", "databricks://x", "file://host/x"]
)
def test_a_server_or_database_is_refused(value: str) -> None:
    """The message names the variable and the value, without a password, and the way out."""
    with pytest.raises(InvalidArgumentError, match=r"MLFLOW_TRACKING_URI is '.*', which is no directory") as raised:
        tracking_root({"MLFLOW_TRACKING_URI": value})
    assert "secret" not in str(raised.value)
    assert "MODELPACK_TRACKING_URI" in str(raised.value.hint)

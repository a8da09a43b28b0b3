from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import modelpack
from modelpack.errors import AlreadyExistsError, InvalidArgumentError
from modelpack.schema.mlmodel import MLmodel
from modelpack.tracking import active_run, end_run, log_model, start_run

if TYPE_CHECKING:
    from toylib import ToyModel

    from modelpack.plugins.manager import PluginManager


def test_a_model_is_logged_and_loaded_by_its_uri(toy_model: ToyModel, toy_plugins: PluginManager) -> None:
    """What `log_model` answers leads to the model."""
    with start_run() as run:
        info = log_model(toy_model, "models/toy", plugins=toy_plugins)
    assert info.model_uri == f"runs:/{run.run_id}/models/toy"
    assert modelpack.load_model(info.model_uri, plugins=toy_plugins).weights == toy_model.weights


def test_the_model_knows_its_run(toy_model: ToyModel, toy_plugins: PluginManager) -> None:
    """Both keys stand in `MLmodel` (S7)."""
    with start_run() as run:
        info = log_model(toy_model, "toy", plugins=toy_plugins)
    described = MLmodel.load(info.path)
    assert (described.run_id, described.artifact_path) == (run.run_id, "toy")


def test_the_run_knows_its_models(toy_model: ToyModel, toy_plugins: PluginManager) -> None:
    """The history lists each with the fields that MLflow writes."""
    with start_run() as run:
        infos = [log_model(toy_model, name, plugins=toy_plugins) for name in ("a", "b")]
    history: list[dict[str, Any]] = json.loads(run.tags["mlflow.log-model.history"])
    assert [set(entry) for entry in history] == [
        {"run_id", "artifact_path", "utc_time_created", "model_uuid", "flavors"}
    ] * 2
    assert [entry["model_uuid"] for entry in history] == [info.model_uuid for info in infos]
    assert [entry["artifact_path"] for entry in history] == ["a", "b"]


def test_a_run_is_started_when_none_is_active(toy_model: ToyModel, toy_plugins: PluginManager) -> None:
    """It stays active, so that what follows is logged to it too (S16)."""
    first = log_model(toy_model, "a", plugins=toy_plugins)
    second = log_model(toy_model, "b", plugins=toy_plugins)
    run = active_run()
    assert run is not None
    assert {first.run_id, second.run_id} == {run.run_id}
    end_run()
    assert run.info.status.name == "FINISHED"


def test_a_path_is_taken_once(toy_model: ToyModel, toy_plugins: PluginManager) -> None:
    """Nothing that was logged is overwritten."""
    with start_run():
        log_model(toy_model, "toy", plugins=toy_plugins)
        with pytest.raises(AlreadyExistsError, match="has 'toy' already"):
            log_model(toy_model, "toy", plugins=toy_plugins)


@pytest.mark.parametrize("path", ["", ".", "../other", "/tmp/model", "a\\b"])  # noqa: S108 - refused
def test_a_path_out_of_the_run_is_refused(path: str, toy_model: ToyModel, toy_plugins: PluginManager) -> None:
    """The message shows the path, and nothing is written."""
    with start_run() as run:
        with pytest.raises(InvalidArgumentError, match="cannot log a model under"):
            log_model(toy_model, path, plugins=toy_plugins)
        assert not list(run.artifacts.iterdir())


def test_a_failed_log_leaves_nothing(toy_model: ToyModel, toy_plugins: PluginManager) -> None:
    """Neither files nor a line in the history."""
    with start_run() as run:
        with pytest.raises(InvalidArgumentError, match="no option 'digit'"):
            log_model(toy_model, "deep/toy", plugins=toy_plugins, digit=3)
        assert not [path for path in run.artifacts.rglob("*") if path.is_file()]
        assert "mlflow.log-model.history" not in run.tags


def test_runs_stay_where_they_were_started(
    toy_model: ToyModel, toy_plugins: PluginManager, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that changes its directory while a run is active logs to the same run."""
    with start_run() as run:
        (workspace / "elsewhere").mkdir()
        monkeypatch.chdir(workspace / "elsewhere")
        info = log_model(toy_model, "toy", plugins=toy_plugins)
    assert info.path == workspace / "mlruns" / "0" / run.run_id / "artifacts" / "toy"
    assert not Path("mlruns").exists()

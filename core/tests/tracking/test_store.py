from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from modelpack.errors import InvalidArgumentError, InvalidModelError, NotFoundError
from modelpack.tracking.store import HISTORY_TAG, RunStatus, RunStore

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """An empty directory of runs."""
    return RunStore(tmp_path / "mlruns")


def test_a_run_has_mlflows_layout(store: RunStore) -> None:
    """The experiment and the run are described with the keys and numbers of MLflow's file store."""
    info = store.create(run_name="first")
    run = store.root / "0" / info.run_id
    experiment = yaml.safe_load((store.root / "0" / "meta.yaml").read_text(encoding="utf-8"))
    meta = yaml.safe_load((run / "meta.yaml").read_text(encoding="utf-8"))
    assert {key: experiment[key] for key in ("experiment_id", "lifecycle_stage", "name", "artifact_location")} == {
        "experiment_id": "0",
        "lifecycle_stage": "active",
        "name": "Default",
        "artifact_location": (store.root / "0").as_uri(),
    }
    assert {
        key: meta[key] for key in ("run_id", "run_name", "experiment_id", "status", "end_time", "artifact_uri")
    } == {
        "run_id": info.run_id,
        "run_name": "first",
        "experiment_id": "0",
        "status": 1,
        "end_time": None,
        "artifact_uri": (run / "artifacts").as_uri(),
    }
    assert {path.name for path in run.iterdir()} == {"meta.yaml", "metrics", "params", "artifacts", "tags"}


def test_what_was_noted_is_read_again(store: RunStore) -> None:
    """Status, times, names and tags come back from another look at the directory."""
    run_id = store.create(run_name="first", tags={"team": "blue\n"}).run_id
    store.set_status(run_id, RunStatus.FAILED)
    again = RunStore(store.root)
    info = again.get(run_id)
    assert (info.run_id, info.run_name, info.status) == (run_id, "first", RunStatus.FAILED)
    assert info.end_time is not None
    assert info.end_time >= info.start_time > 0
    assert again.tags(run_id)["team"] == "blue\n"
    assert again.tags(run_id)["mlflow.runName"] == "first"


def test_a_status_keeps_what_others_noted(store: RunStore) -> None:
    """Keys in a run's description that modelpack does not know survive."""
    run_id = store.create().run_id
    path = store.directory(run_id) / "meta.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "workspace: default\n", encoding="utf-8")
    store.set_status(run_id, RunStatus.FINISHED)
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["workspace"] == "default"


def test_an_old_run_is_read(store: RunStore) -> None:
    """Runs of MLflow before 1.0 have integer experiments, a name instead of a run_name, and no status key."""
    run = store.root / "7" / ("a" * 32)
    (run / "artifacts").mkdir(parents=True)
    meta = {"run_uuid": "a" * 32, "experiment_id": 7, "name": "old", "artifact_uri": "s3://bucket/7", "start_time": 5}
    (run / "meta.yaml").write_text(yaml.safe_dump(meta), encoding="utf-8")
    info = store.get("a" * 32)
    assert (info.experiment_id, info.run_name, info.artifact_uri) == ("7", "old", "s3://bucket/7")


@pytest.mark.parametrize("run_id", ["", "..", ".trash", "../0", "a/b", "a\\b", "%2e%2e", "a" * 257, "é"])
def test_an_id_that_is_no_name_is_refused(store: RunStore, run_id: str) -> None:
    """No id leads out of the directory of runs."""
    with pytest.raises(InvalidArgumentError, match="cannot be the id of a run"):
        store.directory(run_id)


@pytest.mark.parametrize("run_id", ["0" * 32, "models", "tags"])
def test_an_unknown_run_is_not_found(store: RunStore, run_id: str) -> None:
    """The error names the id and the directory, and directories that are no runs are none."""
    store.create()
    (store.root / "0" / "models").mkdir()
    with pytest.raises(NotFoundError, match="there is no run") as raised:
        store.get(run_id)
    assert str(store.root) in raised.value.message


@pytest.mark.parametrize("text", ["- a list", "experiment_id: 0", "{experiment_id: 0, artifact_uri: x, status: 99}"])
def test_a_damaged_description_is_named(store: RunStore, text: str) -> None:
    """The error names the file."""
    run_id = store.create().run_id
    path = store.directory(run_id) / "meta.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidModelError, match="does not describe a run") as raised:
        store.get(run_id)
    assert str(path) in raised.value.message


@pytest.mark.parametrize("key", ["", "../x", "a/b", ".hidden"])
def test_a_tag_that_is_no_file_name_is_refused(store: RunStore, key: str) -> None:
    """A tag's key never leads out of the run."""
    run_id = store.create().run_id
    with pytest.raises(InvalidArgumentError, match="cannot be the key of a tag"):
        store.set_tag(run_id, key, "value")


def test_the_history_grows(store: RunStore) -> None:
    """Each logged model is appended as MLflow appends it."""
    run_id = store.create().run_id
    store.add_to_history(run_id, {"artifact_path": "a"})
    store.add_to_history(run_id, {"artifact_path": "b"})
    assert json.loads(store.tags(run_id)[HISTORY_TAG]) == [{"artifact_path": "a"}, {"artifact_path": "b"}]


WORKER = """
import sys
from pathlib import Path
from modelpack.tracking.store import RunStore

store = RunStore(Path(sys.argv[1]))
for number in range(20):
    store.add_to_history(sys.argv[2], {"number": number})
print(store.create().run_id)
"""


@pytest.mark.slow
def test_processes_share_a_directory(store: RunStore) -> None:
    """Runs started and models noted by several processes at once are all there afterwards."""
    run_id = store.create().run_id
    command = [sys.executable, "-c", WORKER, str(store.root), run_id]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    created = {worker.communicate(timeout=60)[0].strip() for worker in workers}
    assert len(json.loads(store.tags(run_id)[HISTORY_TAG])) == 60
    assert {store.get(each).run_id for each in created} == created
    assert len(created) == 3

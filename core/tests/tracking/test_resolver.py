from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

from modelpack.errors import InvalidArgumentError, InvalidModelError, NotFoundError
from modelpack.tracking import start_run
from modelpack.tracking.resolver import fetch

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack.tracking import Run


@pytest.fixture
def run() -> Run:
    """A finished run with one artifact, `model/MLmodel`."""
    with start_run() as run:
        (run.artifacts / "model").mkdir()
        (run.artifacts / "model" / "MLmodel").write_text("flavors: {}\n", encoding="utf-8")
    return run


def test_a_logged_directory_is_found(run: Run) -> None:
    """The local path is answered, not a copy."""
    assert fetch(f"runs:/{run.run_id}/model") == run.artifacts.resolve() / "model"
    assert fetch(f"runs:/{run.run_id}/model/") == run.artifacts.resolve() / "model"


def test_the_run_itself_is_a_directory(run: Run) -> None:
    """Without a path the run's artifacts as a whole are meant."""
    assert fetch(f"runs:/{run.run_id}") == run.artifacts.resolve()


def test_runs_that_were_moved_are_found(run: Run, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The absolute path in a run's description is not needed when the runs lie elsewhere now."""
    shutil.move(workspace / "mlruns", workspace / "elsewhere")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (workspace / "elsewhere").as_uri())
    assert (fetch(f"runs:/{run.run_id}/model") / "MLmodel").is_file()


def test_a_model_that_mlflow_3_logged_is_found(run: Run, workspace: Path) -> None:
    """MLflow 3 keeps models beside the runs and names run and model in their description."""
    model = workspace / "mlruns" / "0" / "models" / "m-1"
    (model / "artifacts").mkdir(parents=True)
    (model / "artifacts" / "MLmodel").touch()
    meta = {"source_run_id": run.run_id, "name": "forest", "model_id": "m-1"}
    (model / "meta.yaml").write_text(yaml.safe_dump(meta), encoding="utf-8")
    assert fetch(f"runs:/{run.run_id}/forest") == (model / "artifacts").resolve()
    assert fetch(f"runs:/{run.run_id}/forest/MLmodel").is_file()


def test_nothing_under_the_path_names_what_is_there(run: Run) -> None:
    """The hint lists the artifacts of the run."""
    with pytest.raises(NotFoundError, match=r"nothing was logged to run .* under 'modle'") as raised:
        fetch(f"runs:/{run.run_id}/modle")
    assert raised.value.hint == "the run holds model"


@pytest.mark.parametrize("path", ["../meta.yaml", "model/../../meta.yaml", "/etc/passwd", "..\\meta.yaml", "a\0b"])
def test_a_path_out_of_the_run_is_refused(run: Run, path: str) -> None:
    """Neither dots nor slashes lead out of the artifacts."""
    with pytest.raises(InvalidArgumentError, match="leads out of the run"):
        fetch(f"runs:/{run.run_id}/{path}")


def test_an_encoded_path_is_taken_as_it_is(run: Run) -> None:
    """Percent signs are characters of a name; nothing is decoded into a way out."""
    with pytest.raises(NotFoundError):
        fetch(f"runs:/{run.run_id}/%2e%2e/meta.yaml")


def test_a_link_out_of_the_run_is_refused(run: Run) -> None:
    """Symbolic links are resolved before the check."""
    (run.artifacts / "link").symlink_to("/etc")
    with pytest.raises(InvalidModelError, match="symbolic link"):
        fetch(f"runs:/{run.run_id}/link/passwd")


@pytest.mark.parametrize(
    "uri", ["runs:/", "runs:model", "runs:///a", "runs://profile@databricks/a/model", "runs:/../model"]
)
def test_a_malformed_uri_is_refused(uri: str) -> None:
    """The error names the URI or its id."""
    with pytest.raises(InvalidArgumentError, match=r"names nothing in a run|cannot be the id of a run"):
        fetch(uri)

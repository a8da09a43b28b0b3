from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from modelpack.errors import InvalidArgumentError, NotFoundError
from modelpack.tracking import active_run, end_run, start_run
from modelpack.tracking.location import tracking_root
from modelpack.tracking.store import RunStore


def test_a_run_is_active_in_its_block() -> None:
    """Inside it is the active one, afterwards there is none and it is finished."""
    with start_run(run_name="first", tags={"team": "blue"}) as run:
        assert active_run() is run
        assert run.info.status.name == "RUNNING"
    assert active_run() is None
    assert run.info.status.name == "FINISHED"
    assert run.info.run_name == "first"
    assert run.tags["team"] == "blue"


def test_a_block_that_raises_fails_its_run() -> None:
    """The error goes on, and the run says FAILED."""
    run = start_run()
    with pytest.raises(ZeroDivisionError), run:
        1 / 0  # noqa: B018 - raises
    assert run.info.status.name == "FAILED"
    assert active_run() is None


def test_a_second_run_needs_nested() -> None:
    """The error names the active run and both ways out."""
    with start_run() as run, pytest.raises(InvalidArgumentError, match=f"the run {run.run_id} is active") as raised:
        start_run()
    assert "end_run()" in str(raised.value.hint)
    assert "nested=True" in str(raised.value.hint)


def test_a_nested_run_knows_its_parent() -> None:
    """The outer one is active again when the inner one has ended."""
    with start_run() as outer:
        with start_run(nested=True) as inner:
            assert active_run() is inner
        assert active_run() is outer
    assert inner.tags["mlflow.parentRunId"] == outer.run_id


def test_a_run_can_be_taken_up_again() -> None:
    """It runs again, keeps its start, and ends again."""
    with start_run() as first:
        started = first.info.start_time
    with start_run(first.run_id) as again:
        assert again.info.status.name == "RUNNING"
        assert again.info.end_time is None
    assert again.info.status.name == "FINISHED"
    assert again.info.start_time == started


def test_taking_up_an_unknown_run_fails() -> None:
    """Nothing is made, and no run is active."""
    with pytest.raises(NotFoundError, match="there is no run"):
        start_run("0" * 32)
    assert active_run() is None


def test_the_environment_names_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLFLOW_RUN_ID is gone on with; a nested run is a new one."""
    with start_run() as first:
        pass
    monkeypatch.setenv("MLFLOW_RUN_ID", first.run_id)
    with start_run() as run, start_run(nested=True) as inner:
        assert run.run_id == first.run_id
        assert inner.run_id != first.run_id


def test_each_thread_has_its_own_run() -> None:
    """A run of one thread is not active in another."""
    seen = []
    with start_run():
        thread = threading.Thread(target=lambda: seen.append(active_run()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_ending_without_a_run_does_nothing() -> None:
    """As in MLflow, `end_run` may be called at any time."""
    end_run()
    assert not Path("mlruns").exists()


def test_a_status_can_be_given() -> None:
    """`end_run("KILLED")` notes just that."""
    run = start_run()
    end_run("KILLED")
    assert run.info.status.name == "KILLED"


def test_artifacts_elsewhere_cannot_be_logged_to(workspace: Path) -> None:
    """A run that MLflow keeps in S3 is refused with its place."""
    with start_run() as run:
        path = workspace / "mlruns" / "0" / run.run_id / "meta.yaml"
        text = path.read_text(encoding="utf-8").replace(run.artifacts.as_uri(), "s3://bucket/artifacts")
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InvalidArgumentError, match="are kept at s3://bucket/artifacts"):
            _ = run.artifacts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("last_line", "status"), [("", "FINISHED"), ("1 / 0", "FAILED")], ids=["that ends", "that crashes"]
)
def test_a_program_ends_its_runs(workspace: Path, last_line: str, status: str) -> None:
    """A run left active when the program exits is ended, and FAILED when the program crashed."""
    program = workspace / "program.py"
    program.write_text(f"import modelpack\nprint(modelpack.start_run().run_id)\n{last_line}\n", encoding="utf-8")
    answer = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
    assert RunStore(tracking_root()).get(answer.stdout.strip()).status.name == status

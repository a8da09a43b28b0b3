"""Batch jobs at a platform, through core's functions and the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from modelpack import deployments
from modelpack.errors import DeployError, InvalidArgumentError, PluginError

if TYPE_CHECKING:
    from depot import Depot
    from site_packages import SitePackages

    from modelpack.deployments.records import BatchJob


def submit(depot: Depot, options: dict[str, Any] | None = None, **arguments: Any) -> BatchJob:
    """Score what lies in `in` with the depot's model."""
    where = depot.where(**(options or {}))
    job: dict[str, Any] = {"name": "nightly", "input": "depot://in", "output": "depot://out"}
    return deployments.submit_batch(depot.model.path, **job, progress=depot.told.append, **where, **arguments)


def test_a_job_is_waited_for(depot: Depot) -> None:
    """With a line for each change of state, until it has succeeded."""
    job = submit(depot, {"course": ["running", "running"]})
    assert (job.state, job.output) == ("succeeded", "depot://out")
    assert depot.told == ["nightly is running"]


def test_the_target_is_told_all_of_the_job(depot: Depot) -> None:
    """The model's digest, where the data are, and the media types."""
    job = submit(depot, content_type="application/jsonlines", accept="text/csv")
    assert job.details["asked"] == f"{depot.model.digest} depot://in application/jsonlines text/csv"


def test_a_job_need_not_be_waited_for(depot: Depot) -> None:
    """Then one can look how far it is."""
    options = {"course": ["running"]}
    assert submit(depot, options, wait=False).state == "running"
    looks = [deployments.get_batch("nightly", **depot.where()).state for _ in range(2)]
    assert looks == ["running", "succeeded"]


def test_the_same_job_is_not_started_again(depot: Depot) -> None:
    """The second call waits for the first one's job."""
    submit(depot, {"course": ["running"]}, wait=False)
    assert submit(depot).state == "succeeded"


@pytest.mark.parametrize(("outcome", "words"), [("failed", "nightly is failed: a row is missing")])
def test_a_job_that_fails_is_an_error(depot: Depot, outcome: str, words: str) -> None:
    """With the platform's words."""
    with pytest.raises(DeployError, match=words) as caught:
        submit(depot, {"outcome": outcome})
    assert caught.value.code == "failed"


def test_a_job_that_takes_too_long_goes_on(depot: Depot) -> None:
    """The error says how to look at it."""
    with pytest.raises(DeployError, match="had not settled after") as caught:
        submit(depot, {"course": ["running"] * 99}, timeout=0.01)
    assert caught.value.code == "timeout"
    assert "deployments get-batch" in (caught.value.hint or "")


def test_what_is_absent_is_a_state_of_a_job(depot: Depot) -> None:
    """Asking for it is no error."""
    assert deployments.get_batch("nightly", **depot.where()).state == "absent"


def test_a_name_that_no_job_can_have_is_refused(depot: Depot) -> None:
    """Before the target is asked."""
    with pytest.raises(InvalidArgumentError, match=r"'\.\./x'"):
        deployments.get_batch("../x", **depot.where())


def test_a_target_without_batch_jobs_says_so(depot: Depot, site: SitePackages) -> None:
    """By its name."""
    text = (
        "from modelpack import hookimpl\n"
        "@hookimpl\ndef modelpack_deploy(context): pass\n"
        "def plan(request): pass\ndef get(name, options): pass\ndef list(options): return []\n"
        "def delete(name, options): pass\ndef invoke(name, invocation, options): pass\n"
    )
    site.install("modelpack-deploy-bare", {"modelpack.targets": {"bare": "bare"}}, files={"bare.py": text})
    with pytest.raises(DeployError, match="the target 'bare' has no batch jobs") as caught:
        deployments.get_batch("nightly", target="bare", plugins=site.plugins())
    assert caught.value.code == "unsupported"
    assert depot.told == []


def test_a_state_that_no_job_has_is_the_targets_fault(depot: Depot) -> None:
    """It is named."""
    with pytest.raises(PluginError, match="answered the state 'lost' from get_batch"):
        submit(depot, {"course": ["lost"]})


def test_a_job_is_run_from_the_command_line(depot: Depot) -> None:
    """With the same words as from Python."""
    from typer.testing import CliRunner

    from modelpack.cli.main import app

    place = ["--target", "depot", "-o", f"directory={depot.directory}"]
    job = ["-n", "nightly", "--input", "depot://in", "--output", "depot://out"]
    for command in (["submit-batch", str(depot.model.path), *job], ["get-batch", "nightly"]):
        done = CliRunner().invoke(app, ["deployments", *command, *place, "--json"], catch_exceptions=False)
        assert json.loads(done.stdout)["output"] == "depot://out"

"""Batch jobs on a stand-in for Azure ML that runs the scoring script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from azure_simulator import AzureSimulator
from conftest import place

from modelpack import deployments
from modelpack.errors import DeployError

if TYPE_CHECKING:
    from modelpack import ModelInfo

Models = tuple["ModelInfo", "ModelInfo"]
FOLDER = "azureml://datastores/workspaceblobstore/paths"


def where(azure: AzureSimulator, **options: Any) -> dict[str, Any]:
    """The arguments that every verb takes."""
    return {"target": "azureml", "options": place(azure, image=None, **{"batch_compute": "cpu-cluster", **options})}


def left(azure: AzureSimulator) -> set[str]:
    """What stands and is not archived, but for uploads and the jobs."""
    kept = ("blobs/", "codes/", "jobs/")
    names = {name for name in azure.names() if not name.startswith(kept)}
    return {name for name in names if not azure.document(name)["properties"].get("isArchived")}


@pytest.mark.slow
def test_every_file_of_a_folder_is_scored(models: Models, azure: AzureSimulator) -> None:
    """In the order of their names, each row a line; what was made for the job goes, and the job stays."""
    azure.upload("rows/a.csv", b"x\n1.5\n2\n")
    azure.upload("rows/b.csv", b"x\n3\n")
    job = deployments.submit_batch(
        models[0].path, name="nightly", input=f"{FOLDER}/rows/", output=f"{FOLDER}/scored/all.csv", **where(azure)
    )
    assert (job.state, job.output) == ("succeeded", f"{FOLDER}/scored/all.csv")
    assert azure.blob("scored/all.csv").split() == [b"2.5", b"3.0", b"4.0"]
    assert left(azure) == set()
    assert deployments.get_batch("nightly", **where(azure)).state == "succeeded"


@pytest.mark.slow
def test_a_job_that_fails_says_why(models: Models, azure: AzureSimulator) -> None:
    """In the words of the run history; nothing is left behind."""
    azure.upload("rows/a.csv", b"y\n1.5\n")
    with pytest.raises(DeployError, match="did not succeed: nightly is failed: ") as caught:
        deployments.submit_batch(
            models[0].path, name="nightly", input=f"{FOLDER}/rows/a.csv", output=f"{FOLDER}/scored/", **where(azure)
        )
    assert caught.value.code == "failed"
    assert left(azure) == set()


@pytest.mark.slow
def test_a_name_is_for_one_job(models: Models, azure: AzureSimulator) -> None:
    """Another model under the same name is a conflict."""
    azure.upload("rows/a.csv", b"x\n1.5\n")
    data: dict[str, Any] = {"name": "nightly", "input": f"{FOLDER}/rows/a.csv", "output": f"{FOLDER}/scored/"}
    deployments.submit_batch(models[0].path, **data, **where(azure))
    with pytest.raises(DeployError, match="a job nightly that does something else") as caught:
        deployments.submit_batch(models[1].path, **data, **where(azure))
    assert caught.value.code == "conflict"


@pytest.mark.parametrize(
    ("changed", "options", "reason"),
    [
        ({"name": "night.ly"}, {}, "cannot be the name of a job"),
        ({"accept": "application/json"}, {}, "cannot be written as application/json"),
        ({"input": "rows.csv"}, {}, "'rows.csv' is no place that Azure knows"),
        ({}, {"batch_compute": None}, "no cluster was named"),
    ],
)
def test_what_azure_would_refuse_is_refused(
    models: Models, azure: AzureSimulator, changed: dict[str, str], options: dict[str, Any], reason: str
) -> None:
    """Before anything is made."""
    data: dict[str, Any] = {"name": "nightly", "input": f"{FOLDER}/rows/", "output": f"{FOLDER}/scored/", **changed}
    with pytest.raises(DeployError, match=reason) as caught:
        deployments.submit_batch(models[0].path, **data, **where(azure, **options))
    assert caught.value.code == "rejected"
    assert azure.names() == set()

"""The stand-in for Azure Machine Learning runs batch jobs: shown with the plain SDK."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from azure_simulator import AzureSimulator

from azure_simulator_tests.sdk_client import SCRIPT

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def create_batch_endpoint(client: MLClient, directory: Path) -> None:
    """Create the endpoint `nightly` with a deployment that adds 40 to the number in each file."""
    from azure.ai.ml.entities import BatchEndpoint, CodeConfiguration, Environment, Model, ModelBatchDeployment

    (directory / "code").mkdir()
    (directory / "code" / "score.py").write_text(SCRIPT, encoding="utf-8")
    (directory / "number.txt").write_text("40", encoding="utf-8")
    client.batch_endpoints.begin_create_or_update(BatchEndpoint(name="nightly")).result()
    deployment = ModelBatchDeployment(
        name="blue",
        endpoint_name="nightly",
        model=Model(name="number", version="1", path=str(directory / "number.txt")),
        environment=Environment(name="own", version="1", image="mcr.microsoft.com/azureml/minimal"),
        code_configuration=CodeConfiguration(code=str(directory / "code"), scoring_script="score.py"),
        compute="cpu-cluster",
    )
    client.batch_deployments.begin_create_or_update(deployment).result()


def status_of(client: MLClient, job: str) -> str:
    """What a job has come to."""
    status = "Running"
    while status == "Running":
        time.sleep(0.1)
        status = client.jobs.get(job).status
    return status


def test_a_batch_job_scores_each_file_of_its_input(simulator: AzureSimulator, client: MLClient, tmp_path: Path) -> None:
    """A job goes through the files in the store, and appends a row for each, where it is told to."""
    from azure.ai.ml import Input, Output

    create_batch_endpoint(client, tmp_path)
    simulator.upload("numbers/a.txt", b"1")
    uri = simulator.upload("numbers/b.txt", b"2")
    folder = Input(type="uri_folder", path=uri.removesuffix("/b.txt"))
    invoke = client.batch_endpoints.invoke
    job = invoke(endpoint_name="nightly", deployment_name="blue", input=folder, job_name="first")
    assert status_of(client, job.name) == "Completed"
    assert simulator.blob("azureml/first/score/predictions.csv").split() == [b"a.txt", b"41.0", b"b.txt", b"42.0"]
    output = Output(type="uri_file", path=uri.replace("b.txt", "scored.csv"))
    given = {"inputs": {"one": Input(type="uri_file", path=uri)}, "outputs": {"score": output}}
    job = invoke(endpoint_name="nightly", deployment_name="blue", job_name="second", **given)
    assert status_of(client, job.name) == "Completed"
    assert simulator.blob("numbers/scored.csv").split() == [b"b.txt", b"42.0"]
    assert [each.name for each in client.batch_endpoints.list_jobs("nightly")] == ["first", "second"]


def test_a_failed_batch_job_says_why(simulator: AzureSimulator, client: MLClient, tmp_path: Path) -> None:
    """The run history has the error; a name is taken once."""
    from azure.ai.ml import Input
    from azure.ai.ml.exceptions import JobException
    from azure.core.exceptions import HttpResponseError

    create_batch_endpoint(client, tmp_path)
    given = {"input": Input(type="uri_file", path=simulator.upload("bad.txt", b"no number")), "job_name": "bad"}
    job = client.batch_endpoints.invoke(endpoint_name="nightly", deployment_name="blue", **given)
    assert status_of(client, job.name) == "Failed"
    with pytest.raises(JobException, match="could not convert string to float: 'no number'"):
        client.jobs.stream(job.name)
    with pytest.raises(HttpResponseError, match="already exists"):
        client.batch_endpoints.invoke(endpoint_name="nightly", deployment_name="blue", **given)

"""The stand-in for Azure Machine Learning is real and strict: shown with the plain SDK."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from azure_simulator import AzureSimulator
from modelpack.testing import target_models
from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.ai.ml import MLClient

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

ROUTES = {
    "liveness_route": {"port": 8080, "path": "/ping"},
    "readiness_route": {"port": 8080, "path": "/health"},
    "scoring_route": {"port": 8080, "path": "/invocations"},
}
ROWS = json.dumps({"dataframe_split": {"columns": ["x"], "data": [[1.0], [2.0]]}}).encode()
SCRIPT = """
import os

def init():
    global number
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "number.txt")) as file:
        number = float(file.read())

def run(given):
    if isinstance(given, str):
        return {"sum": number + 1}
    return [f"{os.path.basename(path)} {number + float(open(path).read())}" for path in given]
"""


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[AzureSimulator]:
    """An empty workspace that can pull the images of two models."""
    images = {}
    for kind in ("first", "second"):
        target_models.save_model(tmp_path / kind, kind, {})
        images[f"{kind}:1"] = tmp_path / kind
    directory = tmp_path / "simulator"
    directory.mkdir()
    with AzureSimulator(directory, images=images, page=2) as simulator:
        yield simulator


@pytest.fixture
def client(simulator: AzureSimulator) -> MLClient:
    """The SDK's client of the workspace."""
    from azure.ai.ml import MLClient

    return MLClient(**simulator.client_arguments())


def create_endpoint(client: MLClient, name: str = "wine", **arguments: Any) -> None:
    """Create an online endpoint with keys."""
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    client.online_endpoints.begin_create_or_update(
        ManagedOnlineEndpoint(name=name, auth_mode="key", **arguments)
    ).result()


def deploy(client: MLClient, name: str, image: str, endpoint: str = "wine", **arguments: Any) -> None:
    """Deploy an image to the endpoint, and wait."""
    from azure.ai.ml.entities import Environment, ManagedOnlineDeployment

    environment = Environment(name=f"env-{name}", version="1", image=image, inference_config=ROUTES)
    deployment = ManagedOnlineDeployment(
        name=name,
        endpoint_name=endpoint,
        environment=environment,
        instance_type="Standard_DS3_v2",
        instance_count=1,
        **arguments,
    )
    client.online_deployments.begin_create_or_update(deployment).result()


def set_traffic(client: MLClient, traffic: dict[str, int], mirror: dict[str, int] | None = None) -> None:
    """Divide the endpoint's traffic."""
    endpoint = client.online_endpoints.get("wine")
    endpoint.traffic, endpoint.mirror_traffic = traffic, mirror or {}
    client.online_endpoints.begin_create_or_update(endpoint).result()


def score(client: MLClient, *, key: str | None = None, deployment: str | None = None) -> tuple[int, Any]:
    """Send two rows to the endpoint; the status, and the body."""
    uri = client.online_endpoints.get("wine").scoring_uri
    key = key or client.online_endpoints.get_keys("wine").primary_key
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    if deployment:
        headers["azureml-model-deployment"] = deployment
    import ssl

    context = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
    try:
        with urllib.request.urlopen(urllib.request.Request(uri, ROWS, headers), context=context) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_a_deployment_runs_the_real_server_and_survives_the_failure_of_another(
    simulator: AzureSimulator, client: MLClient
) -> None:
    """Create, deploy, shift traffic, invoke, fail a second deployment, delete: nothing runs in the end."""
    from azure.core.exceptions import HttpResponseError

    create_endpoint(client)
    deploy(client, "blue", "first:1")
    set_traffic(client, {"blue": 100})
    assert score(client) == (200, {"predictions": [2.0, 3.0]})
    assert score(client, key="wrong")[0] == 401
    simulator.fail_deployments("ResourceNotReady", name="green", log=["ImportError: no module"])
    with pytest.raises(HttpResponseError, match="ResourceNotReady"):
        deploy(client, "green", "second:1")
    assert client.online_deployments.get("green", "wine").provisioning_state == "Failed"
    assert "ImportError" in client.online_deployments.get_logs("green", "wine", lines=5)
    assert score(client)[0] == 200
    assert "containers/wine/blue" in simulator.names()
    client.online_endpoints.begin_delete("wine").result()
    assert not [name for name in simulator.names() if name.startswith(("onlineEndpoints", "containers"))]


def test_traffic_is_divided_and_mirrored_by_its_shares(simulator: AzureSimulator, client: MLClient) -> None:
    """Three quarters go to one deployment; a header chooses the other; a mirror takes copies."""
    create_endpoint(client)
    deploy(client, "blue", "first:1")
    deploy(client, "green", "second:1")
    set_traffic(client, {"blue": 75, "green": 25})
    answers = [score(client)[1]["predictions"][0] for _ in range(8)]
    assert (answers.count(2.0), answers.count(21.0)) == (6, 2)
    set_traffic(client, {"blue": 100}, {"green": 50})
    assert {score(client)[1]["predictions"][0] for _ in range(4)} == {2.0}
    assert simulator.mirrored["wine", "green"] == 2
    assert score(client, deployment="green")[1] == {"predictions": [21.0, 22.0]}


def test_a_registered_model_is_uploaded_and_served_from_its_bytes(
    simulator: AzureSimulator, client: MLClient, tmp_path: Path
) -> None:
    """An image without a model serves the one that the deployment names."""
    from azure.ai.ml.entities import Model

    create_endpoint(client)
    deploy(client, "blue", "first:1", model=Model(name="plus", version="3", path=str(tmp_path / "second")))
    assert score(client, deployment="blue") == (200, {"predictions": [21.0, 22.0]})
    assert {"models/plus/versions/3", "environments/env-blue/versions/1"} <= simulator.names()
    assert [each.name for each in client.models.list()] == ["plus"]
    assert client.models.get("plus", label="latest").version == "3"


def test_a_scoring_script_runs_in_azures_own_server(client: MLClient, tmp_path: Path) -> None:
    """A deployment with code serves its `run`."""
    pytest.importorskip("azureml_inference_server_http")
    from azure.ai.ml.entities import CodeConfiguration, Environment, ManagedOnlineDeployment, Model

    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "score.py").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "number.txt").write_text("41", encoding="utf-8")
    create_endpoint(client)
    deployment = ManagedOnlineDeployment(
        name="blue",
        endpoint_name="wine",
        model=Model(name="number", version="1", path=str(tmp_path / "number.txt")),
        environment=Environment(name="own", version="1", image="mcr.microsoft.com/azureml/minimal"),
        code_configuration=CodeConfiguration(code=str(tmp_path / "code"), scoring_script="score.py"),
        instance_type="Standard_DS3_v2",
        instance_count=1,
    )
    client.online_deployments.begin_create_or_update(deployment).result()
    assert score(client, deployment="blue") == (200, {"sum": 42.0})


def test_a_batch_job_scores_each_file_of_its_input(
    simulator: AzureSimulator, client: MLClient, tmp_path: Path
) -> None:
    """A job goes through the files in the store, and appends a row for each."""
    from azure.ai.ml import Input
    from azure.ai.ml.entities import BatchEndpoint, CodeConfiguration, Environment, Model, ModelBatchDeployment

    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "score.py").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "number.txt").write_text("40", encoding="utf-8")
    client.batch_endpoints.begin_create_or_update(BatchEndpoint(name="nightly")).result()
    deployment = ModelBatchDeployment(
        name="blue",
        endpoint_name="nightly",
        model=Model(name="number", version="1", path=str(tmp_path / "number.txt")),
        environment=Environment(name="own", version="1", image="mcr.microsoft.com/azureml/minimal"),
        code_configuration=CodeConfiguration(code=str(tmp_path / "code"), scoring_script="score.py"),
        compute="cpu-cluster",
    )
    client.batch_deployments.begin_create_or_update(deployment).result()
    simulator.upload("numbers/a.txt", b"1")
    uri = simulator.upload("numbers/b.txt", b"2").removesuffix("/b.txt")
    job = client.batch_endpoints.invoke(
        endpoint_name="nightly", deployment_name="blue", input=Input(type="uri_folder", path=uri), job_name="first"
    )
    while (status := client.jobs.get(job.name).status) == "Running":
        time.sleep(0.1)
    assert status == "Completed", simulator.blob("azureml/first/user_logs/std_log.txt")
    assert simulator.blob("azureml/first/score/predictions.csv").split() == [b"a.txt", b"41.0", b"b.txt", b"42.0"]

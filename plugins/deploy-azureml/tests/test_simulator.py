"""The stand-in for Azure Machine Learning is real and strict: shown with the plain SDK."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

sys.path.insert(0, str(Path(__file__).parent))

from azure_simulator import AzureSimulator

from modelpack.testing import target_models
from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    answer = requests.post(uri, data=ROWS, headers=headers, timeout=30)
    return answer.status_code, answer.json()


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
    assert "modelpack" in client.online_deployments.get_logs("blue", "wine", lines=50)
    simulator.throttle(1, pattern="POST /endpoints/.*")
    assert score(client)[0] == 429
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


PLANTED: dict[str, Callable[[dict[str, Any]], object]] = {
    "a number as text": lambda body: body["sku"].update(capacity="one"),
    "an unknown property": lambda body: body["properties"].update(instanceKind="x"),
    "an unknown setting": lambda body: body["properties"].update(requestSettings={"requestTimeoutMs": 5}),
    "a variable that is no text": lambda body: body["properties"].update(environmentVariables={"N": 1}),
    "a wrong kind": lambda body: body["properties"].update(endpointComputeType="Serverless"),
    "no location": lambda body: body.pop("location"),
    "no kind": lambda body: body["properties"].pop("endpointComputeType"),
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_a_body_that_does_not_fit_microsofts_schema_is_refused(
    simulator: AzureSimulator, client: MLClient, plant: Callable[[dict[str, Any]], object]
) -> None:
    """Each planted error is caught, and nothing stands afterwards."""
    if not simulator.validates:
        pytest.skip("Microsoft's schemas are not at hand")
    create_endpoint(client)
    body: dict[str, Any] = {
        "location": "eastus",
        "sku": {"name": "Default", "capacity": 1},
        "properties": {"endpointComputeType": "Managed", "instanceType": "Standard_DS3_v2"},
    }
    plant(body)
    refused = put(simulator, client, "onlineEndpoints/wine/deployments/blue", body)
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "ValidationError"
    assert "onlineEndpoints/wine/deployments/blue" not in simulator.names()


def put(simulator: AzureSimulator, client: MLClient, path: str, body: dict[str, Any]) -> requests.Response:
    """Send a body past the SDK."""
    token = simulator.client_arguments()["credential"].get_token("any").token
    url = f"{simulator.url}{client.workspaces.get(client.workspace_name).id}/{path}"
    return requests.put(
        url, json=body, params={"api-version": "2024-04-01"}, headers={"Authorization": f"Bearer {token}"}, timeout=30
    )


@pytest.mark.parametrize(
    "name", ["ab", "a" * 33, "1wine", "wine_red", "double--dash", "end-"], ids=lambda name: f"named {name}"
)
def test_a_name_that_azure_would_not_take_is_refused(simulator: AzureSimulator, client: MLClient, name: str) -> None:
    """Three to 32 characters, a letter first, single dashes."""
    body = {"location": "eastus", "properties": {"authMode": "Key"}}
    assert put(simulator, client, f"onlineEndpoints/{name}", body).json()["error"]["code"] == "BadArgument"
    assert simulator.names() == set()


def test_limits_of_deployments_and_traffic_hold(client: MLClient) -> None:
    """A timeout above 180 s, traffic that does not add up or goes nowhere, and deleting what has traffic."""
    from azure.ai.ml.entities import OnlineRequestSettings
    from azure.core.exceptions import HttpResponseError

    create_endpoint(client)
    with pytest.raises(HttpResponseError, match="at most 180 seconds"):
        deploy(client, "blue", "first:1", request_settings=OnlineRequestSettings(request_timeout_ms=200_000))
    deploy(client, "blue", "first:1")
    with pytest.raises(HttpResponseError, match="0 or 100"):
        set_traffic(client, {"blue": 90})
    with pytest.raises(HttpResponseError, match="do not exist: green"):
        set_traffic(client, {"green": 100})
    set_traffic(client, {"blue": 100})
    with pytest.raises(HttpResponseError, match="has traffic"):
        client.online_deployments.begin_delete("blue", "wine").result()


def test_an_update_serves_the_old_model_until_the_new_one_is_ready(simulator: AzureSimulator, client: MLClient) -> None:
    """A failing update leaves the model that was there; a good one replaces it."""
    from azure.core.exceptions import HttpResponseError

    create_endpoint(client)
    deploy(client, "blue", "first:1")
    simulator.fail_deployments("OutOfCapacity")
    with pytest.raises(HttpResponseError, match="OutOfCapacity"):
        deploy(client, "blue", "first:1")
    assert score(client, deployment="blue")[1] == {"predictions": [2.0, 3.0]}
    with pytest.raises(HttpResponseError, match="Unable to download user container image"):
        redeploy(client, "lost:1")
    redeploy(client, "second:1")
    assert score(client, deployment="blue")[1] == {"predictions": [21.0, 22.0]}
    assert [name for name in simulator.names() if name.startswith("containers")] == ["containers/wine/blue"]


def redeploy(client: MLClient, image: str) -> None:
    """Let `blue` run another image."""
    from azure.ai.ml.entities import Environment

    environment = Environment(name=f"env-{image.partition(':')[0]}", version="2", image=image, inference_config=ROUTES)
    deployment = client.online_deployments.get("blue", "wine")
    deployment.environment = client.environments.create_or_update(environment).id
    client.online_deployments.begin_create_or_update(deployment).result()


def test_failures_come_as_they_are_asked_for(simulator: AzureSimulator, client: MLClient) -> None:
    """Forbidden actions, throttling that the SDK waits out, and a service that is down."""
    from azure.core.exceptions import HttpResponseError

    simulator.forbid("onlineEndpoints/write")
    with pytest.raises(HttpResponseError, match="does not have authorization") as forbidden:
        create_endpoint(client)
    assert forbidden.value.status_code == 403
    assert list(client.online_endpoints.list()) == []
    simulator.heal()
    simulator.throttle(2, pattern="GET .*onlineEndpoints")
    assert list(client.online_endpoints.list()) == []
    assert len([path for _, path in simulator.requests if path.endswith("onlineEndpoints")]) == 4
    simulator.break_down(1, status=500, pattern="PUT .*")
    create_endpoint(client)
    simulator.break_down(1, status=501, pattern="PUT .*")
    with pytest.raises(HttpResponseError, match="unavailable"):
        create_endpoint(client, "other")


def test_lists_come_in_pages_and_changes_are_counted(simulator: AzureSimulator, client: MLClient) -> None:
    """A page of two leads to the next; reading counts nothing, and a reset forgets it all."""
    for name in ("one", "two", "three"):
        create_endpoint(client, name)
    simulator.create_foreign_endpoint("theirs")
    assert simulator.changes == 3
    assert [each.name for each in client.online_endpoints.list()] == ["one", "two", "three", "theirs"]
    assert client.online_endpoints.get("theirs").tags == {"team": "theirs"}
    assert client.online_endpoints.get_keys("one").primary_key
    assert simulator.changes == 3
    simulator.reset()
    assert (simulator.names(), simulator.changes) == (set(), 0)


def test_keys_are_regenerated(client: MLClient) -> None:
    """A new key takes the place of the old one."""
    create_endpoint(client)
    before = client.online_endpoints.get_keys("wine")
    client.online_endpoints.begin_regenerate_keys("wine", key_type="primary").result()
    after = client.online_endpoints.get_keys("wine")
    assert (before.primary_key == after.primary_key, before.secondary_key == after.secondary_key) == (False, True)


def test_another_process_comes_in_with_the_default_credential(simulator: AzureSimulator, client: MLClient) -> None:
    """The variables are all that it needs."""
    create_endpoint(client)
    program = (
        "from azure.ai.ml import MLClient; from azure.identity import DefaultAzureCredential\n"
        f"client = MLClient(DefaultAzureCredential(), **{simulator.place()!r})\n"
        "print([each.name for each in client.online_endpoints.list()])"
    )
    environment = {"PATH": "/usr/bin", **simulator.environment()}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.stdout.strip() == "['wine']", ended.stderr


def test_a_kubernetes_endpoint_passes_the_models_own_status_on(client: MLClient) -> None:
    """A bad request is a 400 there, and a 424 with the status in a header on a managed endpoint."""
    from azure.ai.ml.entities import Environment, KubernetesOnlineDeployment, KubernetesOnlineEndpoint

    endpoint = KubernetesOnlineEndpoint(name="cluster", compute="kubernetes", auth_mode="key")
    client.online_endpoints.begin_create_or_update(endpoint).result()
    environment = Environment(name="own", version="1", image="first:1", inference_config=ROUTES)
    deployment = KubernetesOnlineDeployment(
        name="blue", endpoint_name="cluster", environment=environment, instance_count=1
    )
    client.online_deployments.begin_create_or_update(deployment).result()
    create_endpoint(client)
    deploy(client, "green", "first:1")
    answers = {
        name: send(client, name, b"{", deployment) for name, deployment in (("cluster", "blue"), ("wine", "green"))
    }
    assert answers["cluster"].status_code == 400
    assert answers["wine"].status_code == 424
    assert answers["wine"].headers["ms-azureml-model-error-statuscode"] == "400"
    assert answers["wine"].json() == answers["cluster"].json()


def test_an_environment_is_built_from_an_uploaded_context(client: MLClient, tmp_path: Path) -> None:
    """The model that the context copies is served; without a Dockerfile the build fails."""
    from azure.ai.ml.entities import BuildContext, Environment, ManagedOnlineDeployment
    from azure.core.exceptions import HttpResponseError

    create_endpoint(client)
    context = tmp_path / "context"
    context.mkdir()
    (tmp_path / "first").rename(context / "model")
    for name in ("one", "two"):
        environment = Environment(
            name=name, version="1", build=BuildContext(path=str(context)), inference_config=ROUTES
        )
        deployment = ManagedOnlineDeployment(
            name=name,
            endpoint_name="wine",
            environment=environment,
            instance_type="Standard_DS3_v2",
            instance_count=1,
        )
        created = client.online_deployments.begin_create_or_update
        if name == "one":
            with pytest.raises(HttpResponseError, match="ImageBuildFailure"):
                created(deployment).result()
            (context / "Dockerfile").write_text("FROM scratch\nCOPY model /opt/ml/model\n", encoding="utf-8")
        else:
            created(deployment).result()
    assert score(client, deployment="two")[1] == {"predictions": [2.0, 3.0]}


def test_what_is_archived_is_listed_no_more_and_what_was_uploaded_does_not_change(
    client: MLClient, tmp_path: Path
) -> None:
    """A version keeps its files."""
    from azure.ai.ml.entities import Model
    from azure.core.exceptions import HttpResponseError

    client.models.create_or_update(Model(name="plus", version="1", path=str(tmp_path / "first"), tags={"a": "b"}))
    with pytest.raises(HttpResponseError, match="Asset paths cannot be updated"):
        client.models.create_or_update(Model(name="plus", version="1", path=str(tmp_path / "second")))
    client.models.create_or_update(Model(name="plus", version="2", path=str(tmp_path / "second")))
    client.models.archive("plus", version="1")
    assert [each.version for each in client.models.list("plus")] == ["2"]
    assert client.models.get("plus", version="1").tags == {"a": "b"}


def test_an_endpoint_has_at_most_20_deployments(simulator: AzureSimulator, client: MLClient) -> None:
    """One more is refused, even when none of them runs."""
    from azure.ai.ml.entities import Environment

    create_endpoint(client)
    environment = Environment(name="own", version="1", image="first:1", inference_config=ROUTES)
    properties = {
        "endpointComputeType": "Managed",
        "instanceType": "Standard_DS3_v2",
        "environmentId": client.environments.create_or_update(environment).id,
    }
    simulator.fail_deployments("OutOfQuota", times=None)
    body = {"location": "eastus", "properties": properties}
    answers = [put(simulator, client, f"onlineEndpoints/wine/deployments/d{n:02}", body) for n in range(21)]
    assert [answer.status_code for answer in answers] == [201] * 20 + [400]
    assert "at most 20 deployments" in answers[-1].text


def send(client: MLClient, endpoint: str, body: bytes, deployment: str) -> requests.Response:
    """Send a body to a deployment."""
    key = client.online_endpoints.get_keys(endpoint).primary_key
    headers = {"Authorization": f"Bearer {key}", "azureml-model-deployment": deployment}
    uri = client.online_endpoints.get(endpoint).scoring_uri
    return requests.post(uri, data=body, headers={"Content-Type": "application/json", **headers}, timeout=30)


def test_a_token_opens_an_endpoint_that_asks_for_one(client: MLClient) -> None:
    """Without it there is no entry; with it there is no deployment yet."""
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    endpoint = ManagedOnlineEndpoint(name="wine", auth_mode="aml_token")
    client.online_endpoints.begin_create_or_update(endpoint).result()
    token = client.online_endpoints.get_keys("wine").access_token
    assert [score(client, key=key)[0] for key in ("wrong", token)] == [401, 404]


def test_bodies_are_not_validated_without_the_schemas(tmp_path: Path) -> None:
    """A checkout alone can run the tests; the limits hold still."""
    from azure.ai.ml import MLClient

    with AzureSimulator(tmp_path, schemas=tmp_path / "absent") as simulator:
        client = MLClient(**simulator.client_arguments())
        body = {"location": "eastus", "properties": {"authMode": "Key", "unknown": True}}
        assert put(simulator, client, "onlineEndpoints/wine", body).status_code == 201
        assert put(simulator, client, "onlineEndpoints/w", body).status_code == 400

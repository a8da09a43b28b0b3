"""The stand-in for Azure Machine Learning runs what is deployed: shown with the plain SDK."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from azure_simulator import AzureSimulator

from azure_simulator_tests.sdk_client import ROUTES, SCRIPT, create_endpoint, deploy, score, send, set_traffic

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


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


def test_a_token_opens_an_endpoint_that_asks_for_one(client: MLClient) -> None:
    """Without it there is no entry; with it there is no deployment yet."""
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    endpoint = ManagedOnlineEndpoint(name="wine", auth_mode="aml_token")
    client.online_endpoints.begin_create_or_update(endpoint).result()
    token = client.online_endpoints.get_keys("wine").access_token
    assert [score(client, key=key)[0] for key in ("wrong", token)] == [401, 404]

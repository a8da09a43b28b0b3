"""The stand-in for Azure Machine Learning refuses what Azure refuses, and fails as it is told to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from azure_simulator import AzureSimulator

from azure_simulator_tests.sdk_client import ROUTES, create_endpoint, deploy, put, set_traffic

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.ai.ml import MLClient

    from modelpack.testing.warm_programs import WarmPrograms

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


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


def test_a_document_that_was_read_can_be_written_again(simulator: AzureSimulator, client: MLClient) -> None:
    """What only Azure sets is passed over."""
    create_endpoint(client)
    path = "onlineEndpoints/wine"
    assert put(simulator, client, path, simulator.document(path)).status_code == 200


def test_bodies_are_not_validated_without_the_schemas(tmp_path: Path, warm_programs: WarmPrograms) -> None:
    """A checkout alone can run the tests; the limits hold still."""
    from azure.ai.ml import MLClient

    with AzureSimulator(tmp_path, warm_programs, schemas=tmp_path / "absent") as simulator:
        client = MLClient(**simulator.client_arguments())
        body = {"location": "eastus", "properties": {"authMode": "Key", "unknown": True}}
        assert put(simulator, client, "onlineEndpoints/wine", body).status_code == 201
        assert put(simulator, client, "onlineEndpoints/w", body).status_code == 400


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
    client.models.archive("plus")
    assert list(client.models.list()) == []


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


def test_computes_are_those_that_are_attached(client: MLClient) -> None:
    """Another one is not found, and cannot be deployed to."""
    from azure.ai.ml.entities import KubernetesOnlineEndpoint
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    assert client.compute.get("cpu-cluster").type == "amlcompute"
    assert [each.name for each in client.compute.list()] == ["cpu-cluster", "kubernetes"]
    with pytest.raises(ResourceNotFoundError):
        client.compute.get("lost")
    with pytest.raises(HttpResponseError, match="lost does not exist"):
        client.online_endpoints.begin_create_or_update(KubernetesOnlineEndpoint(name="wine", compute="lost"))


def test_what_is_under_way_cannot_be_changed(tmp_path: Path, warm_programs: WarmPrograms) -> None:
    """A second operation conflicts with the first."""
    from azure.ai.ml import MLClient

    body = {"location": "eastus", "properties": {"authMode": "Key"}}
    with AzureSimulator(tmp_path, warm_programs, seconds=60) as simulator:
        client = MLClient(**simulator.client_arguments())
        assert [put(simulator, client, "onlineEndpoints/wine", body).status_code for _ in range(2)] == [201, 409]
        assert client.online_endpoints.get("wine").provisioning_state == "Creating"


def test_tags_instance_types_and_ports_are_those_that_azure_takes(simulator: AzureSimulator, client: MLClient) -> None:
    """Long tags, a machine that there is not, and a probe at a port where nothing listens."""
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="too long"):
        create_endpoint(client, tags={"a": "b" * 257})
    create_endpoint(client)
    with pytest.raises(HttpResponseError, match="not supported"):
        deploy(client, "blue", "first:1", instance_type="Huge")
    elsewhere = {name: {**route, "port": 9000} for name, route in ROUTES.items()}
    with pytest.raises(HttpResponseError, match="refused at port 9000"):
        deploy(client, "green", "first:1", routes=elsewhere)
    assert not [name for name in simulator.names() if name.startswith("containers")]

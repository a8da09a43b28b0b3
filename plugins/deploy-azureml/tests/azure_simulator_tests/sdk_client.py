"""What the tests of the stand-in do with the plain SDK."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests
from azure_simulator import AzureSimulator

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

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


def create_endpoint(client: MLClient, name: str = "wine", **arguments: Any) -> None:
    """Create an online endpoint with keys."""
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    client.online_endpoints.begin_create_or_update(
        ManagedOnlineEndpoint(name=name, auth_mode="key", **arguments)
    ).result()


def deploy(client: MLClient, name: str, image: str, *, routes: Any = None, **arguments: Any) -> None:
    """Deploy an image to the endpoint `wine`, and wait."""
    from azure.ai.ml.entities import Environment, ManagedOnlineDeployment

    environment = Environment(name=f"env-{name}", version="1", image=image, inference_config=routes or ROUTES)
    given = {"instance_type": "Standard_DS3_v2", "instance_count": 1, **arguments}
    deployment = ManagedOnlineDeployment(name=name, endpoint_name="wine", environment=environment, **given)
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


def send(client: MLClient, endpoint: str, body: bytes, deployment: str) -> requests.Response:
    """Send a body to a deployment."""
    key = client.online_endpoints.get_keys(endpoint).primary_key
    headers = {"Authorization": f"Bearer {key}", "azureml-model-deployment": deployment}
    uri = client.online_endpoints.get(endpoint).scoring_uri
    return requests.post(uri, data=body, headers={"Content-Type": "application/json", **headers}, timeout=30)


def put(simulator: AzureSimulator, client: MLClient, path: str, body: dict[str, Any]) -> requests.Response:
    """Send a body past the SDK."""
    token = simulator.client_arguments()["credential"].get_token("any").token
    url = f"{simulator.url}{client.workspaces.get(client.workspace_name).id}/{path}"
    return requests.put(
        url, json=body, params={"api-version": "2024-04-01"}, headers={"Authorization": f"Bearer {token}"}, timeout=30
    )

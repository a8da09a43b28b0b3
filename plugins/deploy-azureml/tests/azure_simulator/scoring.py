"""The front end that clients of an online endpoint talk to."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING

from azure_simulator import limits
from azure_simulator.messages import Call, Document, Reply, ServiceError

if TYPE_CHECKING:
    from azure_simulator.containers import Container
    from azure_simulator.online import OnlineEndpoints
    from azure_simulator.workspace import Workspace

CHOOSING = "azureml-model-deployment"
OWN = frozenset({"authorization", "connection", "content-length", "host", "transfer-encoding", CHOOSING})


class Front:
    """Authenticates requests, divides them among deployments, and passes them on.

    Attributes:
        mirrored: How many copies each deployment took, by endpoint and deployment.
    """

    def __init__(self, workspace: Workspace, endpoints: OnlineEndpoints) -> None:
        """Stand before the endpoints of a workspace."""
        self._workspace = workspace
        self._endpoints = endpoints
        self._lock = threading.Lock()
        self._credit: Counter[tuple[str, str]] = Counter()
        self.mirrored: Counter[tuple[str, str]] = Counter()

    def answer(self, call: Call) -> Reply:
        """Answer a request to `/endpoints/NAME/…`."""
        _, _, name, *rest = call.path.split("/")
        endpoint = self._workspace.resources.find(("onlineEndpoints", name))
        if endpoint is None:
            raise ServiceError(404, "NotFound", f"There is no endpoint {name}.")
        self._authenticate(endpoint, call)
        deployment = self._chosen(endpoint, call.headers.get(CHOOSING))
        reply = self._passed_on(name, deployment, f"/{'/'.join(rest)}", call)
        self._mirror(endpoint, f"/{'/'.join(rest)}", call)
        return reply

    def _authenticate(self, endpoint: Document, call: Call) -> None:
        found = self._endpoints.secrets(endpoint["name"])
        allowed = {
            "Key": {found["primaryKey"], found["secondaryKey"]},
            "AMLToken": {found["accessToken"]},
            "AADToken": {self._workspace.token},
        }[endpoint["properties"]["authMode"]]
        scheme, _, given = call.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or given not in allowed:
            raise ServiceError(
                401, "Unauthorized", "key_auth_bad_header_forbidden: a key or token of the endpoint is needed"
            )

    def _chosen(self, endpoint: Document, wanted: str | None) -> str:
        if wanted is not None:
            return wanted
        shares = endpoint["properties"]["traffic"]
        with self._lock:
            for deployment, share in shares.items():
                self._credit[endpoint["name"], deployment] += share
            taking = [deployment for deployment, share in shares.items() if share]
            if not taking:
                raise ServiceError(404, "NotFound", "The endpoint has no valid deployment with positive weight.")
            chosen = max(taking, key=lambda deployment: self._credit[endpoint["name"], deployment])
            self._credit[endpoint["name"], chosen] -= 100
        return str(chosen)

    def _mirror(self, endpoint: Document, path: str, call: Call) -> None:
        for deployment, share in endpoint["properties"]["mirrorTraffic"].items():
            place = (f"{endpoint['name']} mirrors", deployment)
            with self._lock:
                self._credit[place] += share
                is_due = self._credit[place] >= 100
                self._credit[place] -= 100 * is_due
            if is_due:
                self._passed_on(endpoint["name"], deployment, path, call)
                self.mirrored[endpoint["name"], deployment] += 1

    def _passed_on(self, name: str, deployment: str, path: str, call: Call) -> Reply:
        key = ("onlineEndpoints", name, "deployments", deployment)
        document, container = self._workspace.resources.find(key), self._workspace.container(key)
        if document is None:
            raise ServiceError(404, "NotFound", f"There is no deployment {deployment}.")
        if container is None or not container.is_running:
            raise ServiceError(503, "ServiceUnavailable", f"Deployment {deployment} has no instance that is ready.")
        timeout = limits.seconds(document["properties"]["requestSettings"].get("requestTimeout", "PT5S"))
        reply = _forwarded(container, _inner(path, container), call, timeout)
        headers = {**reply.headers, CHOOSING: deployment}
        if reply.status < HTTPStatus.MULTIPLE_CHOICES or document["kind"] == "Kubernetes":
            return Reply(reply.status, reply.content, headers)
        told = {"ms-azureml-model-error-statuscode": str(reply.status), "ms-azureml-model-error-reason": "model_error"}
        return Reply(HTTPStatus.FAILED_DEPENDENCY, reply.content, headers | told)


def _inner(path: str, container: Container) -> str:
    if path in {"/score", container.routes["scoring"]}:
        return container.routes["scoring"]
    if path in {"/swagger.json", container.routes["liveness"]}:
        return path
    raise ServiceError(404, "NotFound", f"There is no route {path}.")


def _forwarded(container: Container, path: str, call: Call, timeout: float) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", container.port, timeout=timeout)
    headers = {name: value for name, value in call.headers.items() if name not in OWN}
    try:
        connection.request(call.method, path, call.content if call.method == "POST" else None, headers)
        answer = connection.getresponse()
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in {*OWN, "date", "server"}}
        return Reply(answer.status, answer.read(), kept)
    except TimeoutError:
        raise ServiceError(408, "RequestTimeout", f"The model took longer than {timeout:g} seconds.") from None
    except (OSError, http.client.HTTPException) as error:
        raise ServiceError(502, "BadGateway", f"The container hung up: {error!r}") from error
    finally:
        connection.close()

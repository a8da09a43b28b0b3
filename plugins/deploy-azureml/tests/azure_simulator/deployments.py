"""Online deployments: each runs a container, which takes over from the one before when it is ready."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from azure_simulator import limits
from azure_simulator.messages import Call, Document, Reply, ServiceError
from azure_simulator.resources import folded
from azure_simulator.starting import check_references, start
from azure_simulator.workspace import Collection, check_idle

if TYPE_CHECKING:
    from azure_simulator.containers import Container
    from azure_simulator.resources import Key

INITIAL_DELAY, PERIOD, FAILURES = 10.0, 10.0, 30


class OnlineDeployments(Collection):
    """The deployments below the online endpoints of a workspace."""

    def answer(self, key: Key, call: Call) -> Reply:
        """Answer a request for one deployment."""
        with self._resources.lock:
            if call.method == "PUT":
                return self._put(key, call.document())
            deployment = self._resources.get(key[:4])
            if call.method == "PATCH":
                return self._patch(deployment, call.document())
            if call.method == "DELETE":
                return self._delete(key, deployment)
            if call.method == "POST":
                return self._logs(key, call.document())
            return Reply(200, deployment)

    def _put(self, key: Key, document: Document) -> Reply:
        limits.check_name("Deployment", key[-1])
        endpoint = self._resources.find(key[:2])
        if endpoint is None:
            raise ServiceError(404, "ParentResourceNotFound", f"Endpoint {key[1]} was not found.")
        check_idle(endpoint)
        self._workspace.schemas.check_resource(key, document)
        limits.check_deployment(document)
        standing = self._resources.find(key)
        self._check_place(key, document, standing, endpoint)
        check_references(self._workspace, document)
        stored = self._resources.put(key, _completed(document, is_new=standing is None))
        headers = self._workspace.operations.begin(partial(self._deploy, key, stored))
        remembered = headers["Azure-AsyncOperation"].replace("mfeOperationsStatus", "mfeOperationsIds")
        stored["properties"]["properties"]["AzureAsyncOperationUri"] = remembered
        return Reply(200 if standing else 201, stored, headers)

    def _check_place(self, key: Key, document: Document, standing: Document | None, endpoint: Document) -> None:
        compute = "Kubernetes" if endpoint["properties"].get("compute") else "Managed"
        asked = document["properties"]["endpointComputeType"]
        if asked != compute:
            raise ServiceError(400, "BadArgument", f"A {asked} deployment cannot be made in a {compute} endpoint.")
        if standing is not None:
            check_idle(standing)
        elif len(self._resources.children(key[:3])) >= limits.DEPLOYMENTS:
            raise ServiceError(400, "BadArgument", f"An endpoint has at most {limits.DEPLOYMENTS} deployments.")

    def _deploy(self, key: Key, deployment: Document) -> None:
        try:
            self._fail_if_asked(key)
            container = start(self._workspace, key, deployment)
            self._workspace.begun.append((key, container))
            container.wait_until_ready(min(self._workspace.patience, _patience(deployment["properties"])))
        except BaseException:
            deployment["properties"]["provisioningState"] = "Failed"
            raise
        self._take_over(key, deployment, container)

    def _take_over(self, key: Key, deployment: Document, container: Container) -> None:
        with self._resources.lock:
            stands = self._resources.find(key) is deployment
            superfluous = self._workspace.replace(key, container) if stands else container
            deployment["properties"]["provisioningState"] = "Succeeded"
        if superfluous is not None:
            superfluous.stop()

    def _fail_if_asked(self, key: Key) -> None:
        failing = self._workspace.faults.of_deployment(key[-1])
        if failing is None:
            return
        log = self._workspace.logs[folded(key)] = self._workspace.new_directory(key) / "container.log"
        log.write_text("".join(f"{line}\n" for line in failing.log), encoding="utf-8")
        raise failing.refusal

    def _patch(self, deployment: Document, document: Document) -> Reply:
        self._workspace.schemas.check_request("PATCH", "deployments", document)
        check_idle(deployment)
        changed = deployment | {
            name: deployment[name] | document[name] for name in ("sku", "tags") if document.get(name)
        }
        limits.check_deployment(changed)
        deployment.update(changed)
        deployment["properties"]["provisioningState"] = "Updating"
        return Reply(202, b"", self._workspace.operations.begin(partial(_succeed, deployment)))

    def _delete(self, key: Key, deployment: Document) -> Reply:
        check_idle(deployment)
        properties = self._resources.get(key[:2])["properties"]
        if any(properties[share].get(deployment["name"]) for share in ("traffic", "mirrorTraffic")):
            message = f"Deployment {deployment['name']} has traffic: set its traffic to 0 before it is deleted."
            raise ServiceError(400, "BadRequest", message)
        deployment["properties"]["provisioningState"] = "Deleting"
        return Reply(202, b"", self._workspace.operations.begin(partial(self._remove, key)))

    def _remove(self, key: Key) -> None:
        self._workspace.end(key)
        with self._resources.lock:
            self._resources.remove(key)

    def _logs(self, key: Key, document: Document) -> Reply:
        self._workspace.schemas.check_request("POST", key[-1], document)
        log = self._workspace.logs.get(folded(key[:4]))
        if log is None or document.get("containerType") == "StorageInitializer":
            return Reply(200, {"content": ""})
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        tail = document.get("tail") or len(lines)
        return Reply(200, {"content": "".join(lines[-tail:])})


def _completed(document: Document, *, is_new: bool) -> Document:
    properties = {key: value for key, value in document["properties"].items() if value is not None}
    defaults: Document = {
        "scaleSettings": {"scaleType": "Default"},
        "requestSettings": {"requestTimeout": "PT5S", "maxConcurrentRequestsPerInstance": 1},
        "environmentVariables": {},
        "properties": {},
        "appInsightsEnabled": False,
        "egressPublicNetworkAccess": "Enabled",
    }
    if properties["endpointComputeType"] == "Kubernetes":
        defaults["containerResourceRequirements"] = {"containerResourceRequests": {"cpu": "0.1", "memory": "500Mi"}}
    state = {"provisioningState": "Creating" if is_new else "Updating"}
    sku = {"name": "Default", "capacity": 1} | (document.get("sku") or {})
    rest = {"location": document["location"], "tags": document.get("tags") or {}, "sku": sku}
    return {**rest, "kind": properties["endpointComputeType"], "properties": defaults | properties | state}


def _patience(properties: Document) -> float:
    probe = properties.get("readinessProbe") or {}
    delay, period = (
        limits.seconds(probe[part]) if part in probe else default
        for part, default in (("initialDelay", INITIAL_DELAY), ("period", PERIOD))
    )
    return delay + period * float(probe.get("failureThreshold", FAILURES))


def _succeed(deployment: Document) -> None:
    deployment["properties"]["provisioningState"] = "Succeeded"

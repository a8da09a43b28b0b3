"""Batch endpoints and their deployments."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from azure_simulator import limits
from azure_simulator.messages import Call, Document, Reply, ServiceError
from azure_simulator.workspace import Collection, check_idle

if TYPE_CHECKING:
    from azure_simulator.resources import Key

DEFAULTS: Document = {
    "errorThreshold": -1,
    "loggingLevel": "Info",
    "maxConcurrencyPerInstance": 1,
    "miniBatchSize": 10,
    "outputAction": "AppendRow",
    "outputFileName": "predictions.csv",
    "retrySettings": {"maxRetries": 3, "timeout": "PT30S"},
    "resources": {"instanceCount": 1},
    "environmentVariables": {},
    "properties": {},
}


class BatchEndpoints(Collection):
    """The batch endpoints of a workspace."""

    def answer(self, key: Key, call: Call) -> Reply:
        """Answer a request for one endpoint."""
        with self._resources.lock:
            if call.method == "PUT":
                return self._put(key, call.document())
            endpoint = self._resources.get(key[:2])
            if call.method == "DELETE":
                check_idle(endpoint)
                endpoint["properties"]["provisioningState"] = "Deleting"
                return Reply(202, b"", self._workspace.operations.begin(partial(self._resources.remove, key)))
            if call.method == "PATCH":
                return self._patch(key, endpoint, call.document())
            return Reply(200, endpoint)

    def _put(self, key: Key, document: Document) -> Reply:
        limits.check_name("Endpoint", key[1])
        limits.check_tags(document)
        self._workspace.schemas.check_resource(key, document)
        standing = self._resources.find(key)
        if standing is not None:
            check_idle(standing)
        default = (document["properties"].get("defaults") or {}).get("deploymentName")
        if default and self._resources.find((*key, "deployments", default)) is None:
            raise ServiceError(400, "BadArgument", f"The default deployment {default} does not exist.")
        properties = {name: value for name, value in document["properties"].items() if value is not None}
        properties |= {
            "scoringUri": f"{self._workspace.url}/batch/{key[1]}/jobs",
            "provisioningState": "Updating" if standing else "Creating",
        }
        properties.setdefault("properties", {})
        rest = {"location": document["location"], "tags": document.get("tags") or {}}
        stored = self._resources.put(key, {**rest, "properties": properties})
        return Reply(200 if standing else 201, stored, self._workspace.operations.begin(partial(_succeed, stored)))

    def _patch(self, key: Key, endpoint: Document, document: Document) -> Reply:
        self._workspace.schemas.check_request("PATCH", key[0], document)
        check_idle(endpoint)
        endpoint["tags"] = endpoint["tags"] | (document.get("tags") or {})
        endpoint["properties"] |= document.get("properties") or {}
        return Reply(200, endpoint)


class BatchDeployments(Collection):
    """The deployments below the batch endpoints of a workspace."""

    def answer(self, key: Key, call: Call) -> Reply:
        """Answer a request for one deployment."""
        with self._resources.lock:
            if call.method == "PUT":
                return self._put(key, call.document())
            deployment = self._resources.get(key[:4])
            if call.method == "DELETE":
                return self._delete(key, deployment)
            if call.method == "PATCH":
                self._workspace.schemas.check_request("PATCH", "deployments", call.document())
                check_idle(deployment)
                deployment["tags"] = deployment["tags"] | (call.document().get("tags") or {})
            return Reply(200, deployment)

    def _put(self, key: Key, document: Document) -> Reply:
        limits.check_name("Deployment", key[-1])
        endpoint = self._resources.find(key[:2])
        if endpoint is None:
            raise ServiceError(404, "ParentResourceNotFound", f"Endpoint {key[1]} was not found.")
        check_idle(endpoint)
        self._workspace.schemas.check_resource(key, document)
        self._check_references(document["properties"])
        standing = self._resources.find(key)
        if standing is not None:
            check_idle(standing)
        properties = {name: value for name, value in document["properties"].items() if value is not None}
        state = {"provisioningState": "Updating" if standing else "Creating"}
        rest = {"location": document["location"], "tags": document.get("tags") or {}}
        stored = self._resources.put(key, {**rest, "properties": DEFAULTS | properties | state})
        headers = self._workspace.operations.begin(partial(self._deploy, key, stored))
        return Reply(200 if standing else 201, stored, headers)

    def _check_references(self, properties: Document) -> None:
        code = (properties.get("codeConfiguration") or {}).get("codeId")
        if not code or not properties.get("environmentId"):
            raise ServiceError(400, "BadArgument", "A batch deployment needs a codeConfiguration and an environmentId.")
        if not properties.get("compute"):
            raise ServiceError(400, "BadArgument", "A batch deployment needs a compute.")
        self._workspace.check_compute(properties["compute"])
        model = (properties.get("model") or {}).get("assetId")
        for identifier in filter(None, (code, properties["environmentId"], model)):
            self._workspace.asset(identifier)

    def _deploy(self, key: Key, deployment: Document) -> None:
        failing = self._workspace.faults.of_deployment(key[-1])
        if failing is not None:
            deployment["properties"]["provisioningState"] = "Failed"
            raise failing.refusal
        _succeed(deployment)

    def _delete(self, key: Key, deployment: Document) -> Reply:
        check_idle(deployment)
        defaults = self._resources.get(key[:2])["properties"].get("defaults") or {}
        if defaults.get("deploymentName") == deployment["name"]:
            raise ServiceError(400, "BadRequest", f"Deployment {deployment['name']} is the endpoint's default.")
        deployment["properties"]["provisioningState"] = "Deleting"
        return Reply(202, b"", self._workspace.operations.begin(partial(self._resources.remove, key)))


def _succeed(document: Document) -> None:
    document["properties"]["provisioningState"] = "Succeeded"

"""Azure Resource Manager: authorises a request, finds what it is about, and lists in pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from azure_simulator.assets import COLLECTIONS, Assets
from azure_simulator.batch import BatchDeployments, BatchEndpoints
from azure_simulator.deployments import OnlineDeployments
from azure_simulator.jobs import Jobs
from azure_simulator.messages import Call, Document, Reply, ServiceError
from azure_simulator.online import OnlineEndpoints

if TYPE_CHECKING:
    from azure_simulator.resources import Key
    from azure_simulator.workspace import Workspace

PROVIDER = "/providers/Microsoft.MachineLearningServices"
COLLECTION_NAMES = {
    each.lower(): each
    for each in (*COLLECTIONS, "onlineEndpoints", "batchEndpoints", "deployments", "versions", "jobs", "datastores")
}
READS = frozenset({"listkeys", "token", "getlogs", "listsecrets"})
"""Actions that are asked for with POST and change nothing."""


class ResourceManager:
    """What stands at `/subscriptions/…`.

    Attributes:
        endpoints: The online endpoints.
        jobs: The batch jobs.
        changes: How many requests have asked for a change.
        page: How many entries a list answers at a time.
    """

    def __init__(self, workspace: Workspace, scope: tuple[str, str, str], page: int) -> None:
        """Answer for one workspace: its subscription, resource group and name."""
        self._workspace = workspace
        self._scope = scope
        self.page = page
        self.changes = 0
        self.endpoints = OnlineEndpoints(workspace)
        self.jobs = Jobs(workspace)
        self._online_deployments = OnlineDeployments(workspace)
        self._batch_endpoints = BatchEndpoints(workspace)
        self._batch_deployments = BatchDeployments(workspace)
        self._assets = Assets(workspace.resources, workspace.blobs, workspace.schemas)

    def answer(self, call: Call) -> Reply:
        """Answer a request."""
        if call.headers.get("authorization") != f"Bearer {self._workspace.token}":
            raise ServiceError(401, "InvalidAuthenticationToken", "The access token is missing or invalid.")
        if "api-version" not in call.query and "/runs/" not in call.path:
            raise ServiceError(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
        self.changes += is_change(call)
        operation = re.fullmatch(r"/subscriptions/[^/]+/.*/(mfeOperations?\w+)/([^/]+)", call.path)
        if operation:
            kind, name = operation.groups()
            operations = self._workspace.operations
            return operations.result(name) if kind == "mfeOperationResults" else operations.status(name)
        if call.path.lower() == f"/subscriptions/{self._scope[0]}{PROVIDER}/workspaces".lower():
            return Reply(200, {"value": [self._description()]})
        return self._inside(self._below_workspace(call.path), call)

    def _below_workspace(self, path: str) -> Key | None:
        """The key below the workspace; None for what is above it."""
        subscription, group, name = self._scope
        parts = path.strip("/").split("/")
        for position, code, wanted in ((1, "SubscriptionNotFound", subscription), (3, "ResourceGroupNotFound", group)):
            if len(parts) > position and parts[position].lower() != wanted.lower():
                raise ServiceError(404, code, f"'{parts[position]}' could not be found.")
        if len(parts) <= 4:
            return None
        if len(parts) < 8 or parts[7].lower() != name.lower():
            raise ServiceError(404, "ResourceNotFound", f"The workspace {parts[7:8]} was not found.")
        below = parts[8:]
        return tuple(COLLECTION_NAMES.get(part.lower(), part) if n % 2 == 0 else part for n, part in enumerate(below))

    def _inside(self, key: Key | None, call: Call) -> Reply:
        if key is None:
            return Reply(200, {"id": call.path, "name": call.path.rpartition("/")[2], "location": "eastus"})
        if not key:
            return Reply(200, self._description())
        if key[0] == "runs":
            return Reply(200, self.jobs.run(key[1]))
        if len(key) % 2 and call.method == "GET":
            return Reply(200, self._listed(key, call))
        return self._one(key, call)

    def _one(self, key: Key, call: Call) -> Reply:
        if key[0] == "onlineEndpoints":
            handler = self._online_deployments if key[2:3] == ("deployments",) else self.endpoints
            return handler.answer(key, call)
        if key[0] == "batchEndpoints":
            inner = self._batch_deployments if key[2:3] == ("deployments",) else self._batch_endpoints
            return inner.answer(key, call)
        if key[0] == "jobs":
            return self.jobs.answer(key, call)
        if key[0] == "datastores":
            return self._assets.datastore(key, call)
        if key[0] == "computes":
            return Reply(200, self._compute(key[1]))
        if key[0] in COLLECTIONS:
            return self._assets.answer(key, call)
        raise ServiceError(404, "InvalidResourceType", f"The resource type {key[0]} is not known.")

    def _listed(self, collection: Key, call: Call) -> Document:
        if collection[0] == "datastores":
            found = self._assets.datastores()
        elif collection[0] == "computes":
            found = [self._compute(name) for name in self._workspace.computes]
        elif collection[0] in COLLECTIONS:
            found = self._assets.listed(collection, call)
        elif collection[0] == "batchEndpoints" and collection[-1] == "jobs":
            found = self.jobs.of_endpoint(collection[1], collection[3] if len(collection) > 3 else None)
        else:
            if len(collection) > 1:
                self._workspace.resources.get(collection[:2])
            found = self._workspace.resources.children(collection)
        if call.query.get("listViewType", "ActiveOnly") == "ActiveOnly":
            found = [each for each in found if not each["properties"].get("isArchived")]
        found = [each for each in found if _is_tagged(each, call.query.get("tags"))]
        start, size = int(call.query.get("$skip", 0)), min(self.page, int(call.query.get("$top", self.page)))
        page: Document = {"value": found[start : start + size]}
        if start + size < len(found) and "$top" not in call.query:
            page["nextLink"] = f"{self._workspace.url}{call.path}?{urlencode({**call.query, '$skip': start + size})}"
        return page

    def _compute(self, name: str) -> Document:
        identifier = self._workspace.resources.identifier(("computes", name))
        if name not in self._workspace.computes:
            raise ServiceError(404, "ResourceNotFound", f"The Resource '{identifier}' was not found.")
        properties = {"computeType": self._workspace.computes[name], "provisioningState": "Succeeded", "properties": {}}
        return {"id": identifier, "name": name, "location": "eastus", "properties": properties}

    def _description(self) -> Document:
        properties = {
            "discoveryUrl": f"{self._workspace.url}/discovery",
            "mlFlowTrackingUri": f"azureml://{self._workspace.url.removeprefix('https://')}/mlflow",
            "provisioningState": "Succeeded",
            "workspaceId": "00000000-0000-0000-0000-000000000001",
            "friendlyName": self._scope[2],
            "containerRegistry": f"/subscriptions/{self._scope[0]}/resourceGroups/{self._scope[1]}/providers/"
            "Microsoft.ContainerRegistry/registries/simulated",
            "storageAccount": f"/subscriptions/{self._scope[0]}/resourceGroups/{self._scope[1]}/providers/"
            "Microsoft.Storage/storageAccounts/storage",
        }
        rest = {"location": "eastus", "tags": {}, "kind": "Default", "type": f"{PROVIDER[11:]}/workspaces"}
        identity = {"type": "SystemAssigned", "principalId": "p", "tenantId": "t"}
        identifier = self._workspace.resources.identifier(())
        return {"id": identifier, "name": self._scope[2], "identity": identity, "properties": properties, **rest}


def is_change(call: Call) -> bool:
    """Whether a request asks for a change of what stands in the workspace."""
    if call.method == "POST":
        return call.path.rpartition("/")[2].lower() not in READS
    return call.method in {"PUT", "PATCH", "DELETE"}


def _is_tagged(document: Document, wanted: str | None) -> bool:
    tags = document.get("tags") or document.get("properties", {}).get("tags") or {}
    for term in filter(None, (wanted or "").split(",")):
        name, equals, value = term.partition("=")
        if name not in tags or (equals and tags[name] != value):
            return False
    return True

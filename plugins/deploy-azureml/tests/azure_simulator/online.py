"""Online endpoints: their traffic and their keys."""

from __future__ import annotations

import secrets
import time
from functools import partial
from typing import TYPE_CHECKING

from azure_simulator import limits
from azure_simulator.messages import Call, Document, Reply, ServiceError
from azure_simulator.workspace import Collection, check_idle

if TYPE_CHECKING:
    from azure_simulator.resources import Key
    from azure_simulator.workspace import Workspace

MODES = {mode.lower(): mode for mode in ("Key", "AMLToken", "AADToken")}
SHARES = ("traffic", "mirrorTraffic")


class OnlineEndpoints(Collection):
    """The online endpoints of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        """Keep them in the workspace."""
        super().__init__(workspace)
        self._keys: dict[str, dict[str, str]] = {}

    def answer(self, key: Key, call: Call) -> Reply:
        """Answer a request for one endpoint."""
        with self._resources.lock:
            if call.method == "PUT":
                return self._put(key, call.document())
            endpoint = self._resources.get(key[:2])
            if call.method == "PATCH":
                return self._patch(endpoint, call.document())
            if call.method == "DELETE":
                return self._delete(key, endpoint)
            if call.method == "POST":
                return self._post(key[-1], endpoint, call.document())
            return Reply(200, endpoint)

    def secrets(self, name: str) -> dict[str, str]:
        """The keys of an endpoint, and its token."""
        made = {part: secrets.token_hex(16) for part in ("primaryKey", "secondaryKey", "accessToken")}
        return self._keys.setdefault(name.lower(), made)

    def _put(self, key: Key, document: Document) -> Reply:
        name = key[1]
        limits.check_name("Endpoint", name)
        limits.check_tags(document)
        self._workspace.schemas.check_resource(key, document)
        if document["properties"].get("compute"):
            self._workspace.check_compute(document["properties"]["compute"])
        standing = self._resources.find(key)
        if standing is not None:
            check_idle(standing)
            _check_fixed(standing["properties"], document["properties"])
        deployments = [each["name"] for each in self._resources.children((*key, "deployments"))]
        wanted = {share: document["properties"].get(share) or {} for share in SHARES}
        limits.check_traffic(wanted, deployments)
        stored = self._resources.put(key, self._completed(name, document, standing))
        headers = self._workspace.operations.begin(partial(self._finish, stored, wanted))
        return Reply(200 if standing else 201, stored, headers)

    def _completed(self, name: str, document: Document, standing: Document | None) -> Document:
        url = f"{self._workspace.url}/endpoints/{name}"
        properties = {
            key: value for key, value in document["properties"].items() if value is not None and key != "keys"
        }
        before = standing["properties"] if standing else {"traffic": {}, "mirrorTraffic": {}}
        properties |= {
            **{share: before[share] for share in SHARES},
            "scoringUri": f"{url}/score",
            "swaggerUri": f"{url}/swagger.json",
            "provisioningState": "Updating" if standing else "Creating",
        }
        properties["authMode"] = MODES[properties["authMode"].lower()]
        properties.setdefault("properties", {})
        properties.setdefault("publicNetworkAccess", "Enabled")
        given = document["properties"].get("keys")
        if given and not standing:
            self.secrets(name).update({part: value for part, value in given.items() if value})
        identity = document.get("identity") or {"type": "SystemAssigned"}
        rest = {
            "location": document["location"],
            "tags": document.get("tags") or {},
            "kind": "Kubernetes" if properties.get("compute") else "Managed",
        }
        return {**rest, "identity": identity, "properties": properties}

    def _finish(self, endpoint: Document, wanted: Document) -> None:
        with self._resources.lock:
            endpoint["properties"] |= {**wanted, "provisioningState": "Succeeded"}

    def _patch(self, endpoint: Document, document: Document) -> Reply:
        self._workspace.schemas.check_request("PATCH", "onlineEndpoints", document)
        check_idle(endpoint)
        endpoint["tags"] = endpoint["tags"] | (document.get("tags") or {})
        return Reply(200, endpoint)

    def _delete(self, key: Key, endpoint: Document) -> Reply:
        check_idle(endpoint)
        endpoint["properties"]["provisioningState"] = "Deleting"
        return Reply(202, b"", self._workspace.operations.begin(partial(self._remove, key)))

    def _remove(self, key: Key) -> None:
        for each in self._resources.below(key):
            self._workspace.end(each)
        with self._resources.lock:
            self._resources.remove(key)
            self._keys.pop(key[1].lower(), None)

    def _post(self, action: str, endpoint: Document, document: Document) -> Reply:
        self._workspace.schemas.check_request("POST", action, document)
        found = self.secrets(endpoint["name"])
        mode = endpoint["properties"]["authMode"]
        if action.lower() == "token" and mode == "AMLToken":
            expiry = int(time.time()) + 3600
            times = {"expiryTimeUtc": expiry, "refreshAfterTimeUtc": expiry - 60, "tokenType": "Bearer"}
            return Reply(200, {"accessToken": found["accessToken"], **times})
        if mode != "Key":
            raise ServiceError(400, "BadRequest", f"Endpoint {endpoint['name']} is authenticated by {mode}.")
        if action.lower() == "regeneratekeys":
            part = f"{document['keyType'].lower()}Key"
            found[part] = secrets.token_hex(16)
            return Reply(202, b"", self._workspace.operations.begin(lambda: None))
        if action.lower() != "listkeys":
            raise ServiceError(404, "NotFound", f"There is no action {action}.")
        return Reply(200, {part: found[part] for part in ("primaryKey", "secondaryKey")})


def _check_fixed(standing: Document, wanted: Document) -> None:
    for name in ("authMode", "compute"):
        if (standing.get(name) or "").lower() != (wanted.get(name) or "").lower():
            raise ServiceError(400, "BadRequest", f"{name} of an endpoint cannot be changed.")

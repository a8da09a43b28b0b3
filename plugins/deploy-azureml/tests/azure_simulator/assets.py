"""What is registered in the workspace: models, environments, code and data, each with versions; and its datastore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure_simulator.blobs import CONTAINER, DATASTORE
from azure_simulator.messages import Call, Document, Reply, ServiceError

if TYPE_CHECKING:
    from azure_simulator.blobs import Blobs
    from azure_simulator.resources import Key, Resources
    from azure_simulator.schemas import Schemas

COLLECTIONS = ("models", "environments", "codes", "data")
FIXED = ("modelUri", "codeUri", "dataUri", "image", "build", "condaFile", "inferenceConfig")
"""What a version is made of: it cannot be changed afterwards."""


class Assets:
    """The assets of one workspace."""

    def __init__(self, resources: Resources, blobs: Blobs, schemas: Schemas) -> None:
        """Keep them among the resources; their bytes are in the blobs."""
        self._resources = resources
        self._blobs = blobs
        self._schemas = schemas

    def answer(self, key: Key, call: Call) -> Reply:
        """Answer a request for an asset, one of its versions, or an upload."""
        if key[-1] == "startPendingUpload":
            self._schemas.check_request("POST", key[-1], call.document())
            return Reply(200, self._place_of_upload(key))
        if call.method == "PUT":
            return self._put(key, call.document())
        if call.method == "DELETE":
            self._resources.get(key)
            self._resources.remove(key)
            return Reply(200)
        collection, name, *version = key
        return Reply(200, self._resources.get(key) if version else self._container(collection, name))

    def _put(self, key: Key, document: Document) -> Reply:
        self._schemas.check_resource(key, document)
        with self._resources.lock:
            standing = self._resources.find(key)
            if standing is not None:
                _check_unchanged(key, standing["properties"], document["properties"])
            self._check_bytes(document["properties"])
            stored = self._resources.put(key, _completed(key, document, standing))
        return Reply(200 if standing else 201, stored)

    def _check_bytes(self, properties: Document) -> None:
        for uri in (properties.get("modelUri"), properties.get("codeUri"), _context(properties)):
            path = self._blobs.path(uri) if uri else None
            if path is not None and not self._blobs.below(path):
                raise ServiceError(400, "UserError", f"Nothing was uploaded to {uri}.")

    def _container(self, collection: str, name: str) -> Document:
        versions = self._resources.children((collection, name, "versions"))
        if not versions:
            self._resources.get((collection, name))
        latest = versions[-1]["name"] if versions else None
        numbers = [int(each["name"]) for each in versions if each["name"].isdecimal()]
        properties = {"latestVersion": latest, "nextVersion": str(max(numbers, default=0) + 1), "isArchived": False}
        kept = (self._resources.find((collection, name)) or {}).get("properties", {})
        identifier = self._resources.identifier((collection, name))
        return {"id": identifier, "name": name, "type": collection, "properties": {"tags": {}, **properties, **kept}}

    def _place_of_upload(self, key: Key) -> Document:
        name, version = key[1], key[3]
        uri = f"{self._blobs.url}/{name}/{version}"
        credential = {"credentialType": "SAS", "sasUri": f"{uri}?{self._blobs.signature}"}
        datastore = self._resources.identifier(("datastores", DATASTORE))
        reference = {"blobUri": uri, "storageAccountArmId": datastore, "credential": credential}
        return {"pendingUploadId": version, "pendingUploadType": "None", "blobReferenceForConsumption": reference}

    def listed(self, collection: Key, call: Call) -> list[Document]:
        """The containers of a collection, or the versions of one asset."""
        if len(collection) == 1:
            names = {key[1]: None for key in self._resources.every_key() if key[0] == collection[0]}
            return [self._container(collection[0], name) for name in names]
        found = self._resources.children(collection)
        if call.query.get("hash"):
            found = [each for each in found if _hash(each) == call.query["hash"]]
        return found[::-1] if call.query.get("$orderBy", "").endswith("desc") else found

    def datastore(self, key: Key, call: Call) -> Reply:
        """The one datastore, or its secret."""
        if key[1] not in {DATASTORE, "default"}:
            self._resources.get(key)
        if key[-1].lower() == "listsecrets":
            call.document()
            return Reply(200, {"secretsType": "Sas", "sasToken": self._blobs.signature})
        return Reply(200, self._datastore())

    def datastores(self) -> list[Document]:
        """The one datastore, which is the default."""
        return [self._datastore()]

    def _datastore(self) -> Document:
        account = self._blobs.url.removeprefix("https://").removesuffix(f".blob.core.windows.net/{CONTAINER}")
        properties = {
            "datastoreType": "AzureBlob",
            "isDefault": True,
            "accountName": account,
            "containerName": CONTAINER,
            "endpoint": "core.windows.net",
            "protocol": "https",
            "credentials": {"credentialsType": "Sas"},
            "tags": {},
        }
        identifier = self._resources.identifier(("datastores", DATASTORE))
        return {"id": identifier, "name": DATASTORE, "type": "datastores", "properties": properties}


def _context(properties: Document) -> str | None:
    return (properties.get("build") or {}).get("contextUri")


def _hash(document: Document) -> str | None:
    found: str | None = (document["properties"].get("properties") or {}).get("hash_sha256")
    return found


def _check_unchanged(key: Key, standing: Document, wanted: Document) -> None:
    if any(_plain(standing.get(name)) != _plain(wanted.get(name)) for name in FIXED):
        if key[0] == "environments":
            raise ServiceError(409, "UserError", f"Environment {key[1]} version {key[3]} exists and cannot be changed.")
        raise ServiceError(400, "UserError", "Asset paths cannot be updated.")


def _plain(value: object) -> object:
    return value or None


def _completed(key: Key, document: Document, standing: Document | None) -> Document:
    properties = {name: value for name, value in document["properties"].items() if value is not None}
    added: Document = {"isArchived": False, "tags": {}, "properties": {}, "provisioningState": "Succeeded"}
    if key[0] == "models":
        added["flavors"] = {}
    if key[0] == "environments":
        added |= {"environmentType": "UserCreated", "osType": "Linux"}
    kept = {name: standing["properties"][name] for name in FIXED if name in standing["properties"]} if standing else {}
    return {"properties": added | properties | kept}

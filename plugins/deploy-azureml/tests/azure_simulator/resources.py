"""What stands in the workspace, by path below it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from azure_simulator.messages import Document, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

Key = tuple[str, ...]
"""The segments of a path below the workspace, such as `("onlineEndpoints", "wine", "deployments", "blue")`."""


class Resources:
    """Documents by their paths, whose case does not matter, as in Azure.

    Attributes:
        lock: Held while documents are read and changed together.
    """

    def __init__(self, workspace: str) -> None:
        """Start empty in the workspace with this id."""
        self.lock = threading.RLock()
        self._workspace = workspace
        self._documents: dict[Key, tuple[Key, Document]] = {}

    def identifier(self, key: Key) -> str:
        """The ARM id."""
        return "/".join((self._workspace, *key))

    def key(self, identifier: str) -> Key | None:
        """The key of an ARM id; None if it is outside of the workspace."""
        path = identifier.removeprefix("azureml:")
        if not path.lower().startswith(f"{self._workspace.lower()}/"):
            return None
        return tuple(path[len(self._workspace) + 1 :].split("/"))

    def find(self, key: Key) -> Document | None:
        """The document; None if there is none."""
        found = self._documents.get(folded(key))
        return found[1] if found else None

    def get(self, key: Key) -> Document:
        """The document.

        Raises:
            ServiceError: There is none.
        """
        found = self.find(key)
        if found is None:
            raise ServiceError(404, "ResourceNotFound", f"The Resource '{self.identifier(key)}' was not found.")
        return found

    def put(self, key: Key, document: Document) -> Document:
        """Keep a document, with the fields that Azure adds."""
        kind = "/".join(("Microsoft.MachineLearningServices/workspaces", *key[::2]))
        stored = {**document, "id": self.identifier(key), "name": key[-1], "type": kind}
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        created = (self.find(key) or {}).get("systemData", {"createdBy": "simulated", "createdAt": now})
        changed = {"createdByType": "User", "lastModifiedBy": "simulated", "lastModifiedAt": now}
        stored["systemData"] = {**created, **changed}
        self._documents[folded(key)] = (key, stored)
        return stored

    def remove(self, key: Key) -> None:
        """Forget a document, and what is below it."""
        for each in [key, *self.below(key)]:
            self._documents.pop(folded(each), None)

    def children(self, collection: Key) -> list[Document]:
        """What is directly in a collection, in the order in which it was made."""
        return [
            document
            for key, document in list(self._documents.values())
            if len(key) == len(collection) + 1 and folded(key[:-1]) == folded(collection)
        ]

    def below(self, key: Key) -> list[Key]:
        """The keys below a key."""
        return [each for each in self.every_key() if len(each) > len(key) and folded(each[: len(key)]) == folded(key)]

    def every_key(self) -> Iterator[Key]:
        """Every key."""
        return iter([key for key, _ in list(self._documents.values())])

    def clear(self) -> None:
        """Forget everything."""
        self._documents.clear()


def folded(key: Key) -> Key:
    """The key in lower case, under which things are kept."""
    return tuple(segment.lower() for segment in key)

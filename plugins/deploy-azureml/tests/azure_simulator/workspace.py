"""The parts of one workspace, shared by what answers requests."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from azure_simulator.messages import Document, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from azure_simulator.blobs import Blobs
    from azure_simulator.containers import Container
    from azure_simulator.faults import Faults
    from azure_simulator.operations import Operations
    from azure_simulator.resources import Key, Resources
    from azure_simulator.schemas import Schemas

TERMINAL = frozenset({"Succeeded", "Failed", "Canceled"})


@dataclass
class Workspace:
    """What stands, what runs, and how it is to behave.

    Attributes:
        url: Where the simulator answers.
        token: What authorises requests to it.
        directory: Where containers have their files.
        images: The model in each image that can be pulled.
        patience: How long a container may take to be ready, in seconds.
        containers: What runs, by the deployment's key in lower case.
        logs: Where the newest container of each deployment writes.
    """

    url: str
    token: str
    directory: Path
    images: Mapping[str, Path]
    patience: float
    resources: Resources
    blobs: Blobs
    schemas: Schemas
    operations: Operations
    faults: Faults
    containers: dict[Key, Container] = field(default_factory=dict)
    logs: dict[Key, Path] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def new_directory(self, key: Key) -> Path:
        """An empty directory for one container of a deployment."""
        found = self.directory / f"{next(self.numbers)}-{key[1]}-{key[-1]}"
        found.mkdir()
        return found

    def swap(self, key: Key, container: Container | None) -> None:
        """Let another container take a deployment's requests, and stop the one before."""
        place = tuple(segment.lower() for segment in key)
        with self.resources.lock:
            before = self.containers.pop(place, None)
            if container is not None:
                self.containers[place] = container
        if before is not None:
            before.stop()

    def container(self, key: Key) -> Container | None:
        """What runs for a deployment."""
        return self.containers.get(tuple(segment.lower() for segment in key))

    def stop(self) -> None:
        """End every container."""
        for place in list(self.containers):
            self.swap(place, None)

    def asset(self, identifier: str) -> Document:
        """A registered asset, by its ARM id.

        Raises:
            ServiceError: There is none.
        """
        key = self.resources.key(identifier)
        found = self.resources.find(key) if key else None
        if found is None:
            raise ServiceError(400, "BadArgument", f"The asset {identifier} does not exist.")
        return found


def check_idle(document: Document) -> None:
    """Refuse what would change a resource while an operation on it is under way."""
    state = document["properties"]["provisioningState"]
    if state not in TERMINAL:
        raise ServiceError(
            409, "Conflict", f"{document['name']} is {state}: an operation on it is already in progress."
        )

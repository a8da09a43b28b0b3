"""The parts of one workspace, shared by what answers requests."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from azure_simulator.messages import Document, ServiceError
from azure_simulator.resources import folded

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
        computes: The kinds of the computes that are attached, by their names.
        containers: What runs, by the deployment's key in lower case.
        starting: What was started and is not ready yet.
        logs: Where the newest container of each deployment writes, by the same keys.
    """

    url: str
    token: str
    directory: Path
    images: Mapping[str, Path]
    patience: float
    computes: Mapping[str, str]
    resources: Resources
    blobs: Blobs
    schemas: Schemas
    operations: Operations
    faults: Faults
    containers: dict[Key, Container] = field(default_factory=dict)
    starting: set[Container] = field(default_factory=set)
    logs: dict[Key, Path] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def new_directory(self, key: Key) -> Path:
        """An empty directory for one container of a deployment."""
        found = self.directory / f"{next(self.numbers)}-{key[1]}-{key[-1]}"
        found.mkdir()
        return found

    def swap(self, key: Key, container: Container | None) -> None:
        """Let another container take a deployment's requests, and stop the one before."""
        place = folded(key)
        with self.resources.lock:
            before = self.containers.pop(place, None)
            if container is not None:
                self.containers[place] = container
        if before is not None:
            before.stop()

    def container(self, key: Key) -> Container | None:
        """What runs for a deployment."""
        return self.containers.get(folded(key))

    @contextmanager
    def started(self, container: Container) -> Iterator[Container]:
        """Know of a container while it becomes ready."""
        self.starting.add(container)
        try:
            yield container
        finally:
            self.starting.discard(container)

    def stop(self) -> None:
        """End every container, and what is under way."""
        for container in list(self.starting):
            container.stop()
        self.operations.finish()
        for place in list(self.containers):
            self.swap(place, None)

    def check_compute(self, identifier: str) -> None:
        """Refuse a compute that is not attached."""
        key = self.resources.key(identifier) or ("", "")
        if key[0].lower() != "computes" or key[1] not in self.computes:
            raise ServiceError(400, "BadArgument", f"The compute {identifier} does not exist.")

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

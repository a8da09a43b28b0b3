"""The parts of one workspace, shared by what answers requests."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from azure_simulator.messages import Document, ServiceError
from azure_simulator.resources import folded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from azure_simulator.blobs import Blobs
    from azure_simulator.containers import Container
    from azure_simulator.engine import RunCommand
    from azure_simulator.faults import Faults
    from azure_simulator.operations import Operations
    from azure_simulator.resources import Key, Resources
    from azure_simulator.schemas import Schemas
    from modelpack.testing.warm_programs import WarmPrograms

TERMINAL = frozenset({"Succeeded", "Failed", "Canceled"})


@dataclass
class Workspace:
    """What stands, what runs, and how it is to behave.

    Attributes:
        url: Where the simulator answers.
        token: What authorises requests to it.
        directory: Where containers have their files.
        programs: What starts them.
        images: The model in each image that can be pulled.
        patience: How long a container may take to be ready, in seconds.
        computes: The kinds of the computes that are attached, by their names.
        run_command: How an engine runs an image; None for its server in a process of this Python.
        containers: What takes requests, by the deployment's key in lower case.
        begun: Everything that was started.
        logs: Where the newest container of each deployment writes, by the same keys.
    """

    url: str
    token: str
    directory: Path
    programs: WarmPrograms
    images: Mapping[str, Path]
    patience: float
    computes: Mapping[str, str]
    resources: Resources
    blobs: Blobs
    schemas: Schemas
    operations: Operations
    faults: Faults
    run_command: RunCommand | None = None
    containers: dict[Key, Container] = field(default_factory=dict)
    begun: list[tuple[Key, Container]] = field(default_factory=list)
    logs: dict[Key, Path] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def new_directory(self, key: Key) -> Path:
        """An empty directory for one container of a deployment."""
        found = self.directory / f"{next(self.numbers)}-{key[1]}-{key[-1]}"
        found.mkdir()
        return found

    def replace(self, key: Key, container: Container) -> Container | None:
        """Let another container take a deployment's requests, and answer the one that did."""
        before = self.containers.get(folded(key))
        self.containers[folded(key)] = container
        return before

    def end(self, key: Key) -> None:
        """End what runs for a deployment, ready or not."""
        self.containers.pop(folded(key), None)
        for place, container in list(self.begun):
            if folded(place) == folded(key):
                container.stop()

    def container(self, key: Key) -> Container | None:
        """What takes a deployment's requests."""
        return self.containers.get(folded(key))

    def running(self) -> set[Key]:
        """The deployments for which anything runs, whether it takes requests or not."""
        return {key for key, container in list(self.begun) if container.is_running}

    def stop(self) -> None:
        """End every container, and what is under way."""
        for _, container in list(self.begun):
            container.stop()
        self.operations.finish()
        for _, container in self.begun:
            container.stop()
        for kept in (self.containers, self.begun, self.logs):
            kept.clear()

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


class Collection:
    """The resources of one kind in a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        """Keep them in the workspace."""
        self._workspace = workspace
        self._resources = workspace.resources

"""The simulator: everything behind one address, and what a test asks of it."""

from __future__ import annotations

import secrets
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from azure_simulator import identity
from azure_simulator.arm import ResourceManager
from azure_simulator.blobs import Blobs
from azure_simulator.failing import FailsOnDemand
from azure_simulator.faults import Faults
from azure_simulator.messages import Document
from azure_simulator.operations import Operations
from azure_simulator.resources import Resources
from azure_simulator.routes import Routes
from azure_simulator.schemas import Schemas
from azure_simulator.scoring import Front
from azure_simulator.server import Server
from azure_simulator.workspace import Workspace

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from azure_simulator.engine import RunCommand
    from modelpack.testing.warm_programs import WarmPrograms

SUBSCRIPTION, GROUP, NAME = "00000000-0000-0000-0000-0000000000aa", "simulated-group", "simulated-workspace"
COMPUTES = MappingProxyType({"cpu-cluster": "AmlCompute", "kubernetes": "Kubernetes"})
"""The kinds of the computes that are attached, by their names."""
SCHEMAS = Path(__file__).parents[5] / "shared" / "reference" / "specs" / "azureml"


class AzureSimulator(FailsOnDemand):
    """An Azure Machine Learning workspace over HTTPS, with deployments that run.

    While it is open, the variables of `environment()` are set in this process too.

        with AzureSimulator(directory, programs, images={"wine:1": model}) as simulator:
            client = MLClient(**simulator.client_arguments())

    Attributes:
        url: Where it answers.
    """

    def __init__(
        self,
        directory: Path,
        programs: WarmPrograms,
        *,
        images: Mapping[str, Path] | None = None,
        seconds: float = 0.1,
        retry_after: float = 0.1,
        page: int = 30,
        patience: float = 60.0,
        schemas: Path = SCHEMAS,
    ) -> None:
        """Listen; requests are answered from `with` on.

        Args:
            directory: Where containers have their files.
            programs: What starts them.
            images: The model directory in each image that can be pulled.
            seconds: How long every operation takes at least.
            retry_after: When a client is told to look at an operation again; Azure says a second and more.
            page: How many entries a list answers at a time.
            patience: How long a container may take to be ready.
            schemas: Where Microsoft's ARM schemas are; bodies are not validated where there are none.
        """
        super().__init__(Faults())
        self._server = Server(directory)
        self.url = self._server.url
        self._secret = secrets.token_hex(16)
        identifier = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
        provider = "providers/Microsoft.MachineLearningServices"
        locations = f"{self.url}/subscriptions/{SUBSCRIPTION}/{provider}/locations/eastus"
        self._workspace = Workspace(
            url=self.url,
            token=secrets.token_hex(16),
            directory=directory,
            programs=programs,
            images=images or {},
            patience=patience,
            computes=COMPUTES,
            resources=Resources(f"{identifier}/{provider}/workspaces/{NAME}"),
            blobs=Blobs(self.url, secrets.token_hex(16)),
            schemas=Schemas(schemas),
            operations=Operations(locations, seconds, float(retry_after)),
            faults=self._faults,
        )
        self._manager = ResourceManager(self._workspace, (SUBSCRIPTION, GROUP, NAME), page)
        self._front = Front(self._workspace, self._manager.endpoints)
        self._routes = Routes(self._workspace, self._manager, self._front, self._secret)
        self._server.answer = self._routes.answer
        self._patch = pytest.MonkeyPatch()

    def __enter__(self) -> Self:
        """Answer requests, and lead the SDK in this process here."""
        self._server.start()
        for name, value in self.environment().items():
            self._patch.setenv(name, value)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what runs, and answer no more."""
        self.reset()
        self._patch.undo()
        self._server.stop()

    def client_arguments(self) -> dict[str, Any]:
        """The arguments of `MLClient`."""
        return {
            "credential": identity.FakeCredential(self._workspace.token),
            **self.place(),
            "enable_telemetry": False,
            "show_progress": False,
        }

    def place(self) -> dict[str, str]:
        """The workspace, in the words of `MLClient`."""
        return {"subscription_id": SUBSCRIPTION, "resource_group_name": GROUP, "workspace_name": NAME}

    def environment(self) -> dict[str, str]:
        """The variables with which `MLClient(DefaultAzureCredential(), …)` in a process comes here."""
        return {
            "AZUREML_DEV_URL_MFE": self.url,
            "REQUESTS_CA_BUNDLE": str(self._server.certificate),
            "SSL_CERT_FILE": str(self._server.certificate),
            "IDENTITY_ENDPOINT": f"{self.url}{identity.PATH}",
            "IDENTITY_HEADER": self._secret,
            "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        }

    @property
    def requests(self) -> list[tuple[str, str]]:
        """The method and path of every request."""
        return self._routes.requests

    @property
    def mirrored(self) -> Counter[tuple[str, str]]:
        """How many mirrored requests each deployment took, by endpoint and deployment."""
        return self._front.mirrored

    @property
    def changes(self) -> int:
        """How many requests to the workspace have asked for a change, blobs included."""
        return self._manager.changes

    @property
    def validates(self) -> bool:
        """Whether bodies are checked against Microsoft's schemas."""
        return self._workspace.schemas.are_at_hand

    def names(self) -> set[str]:
        """All that stands: resources by their paths, `blobs/…`, and `containers/…` that run."""
        resources = {"/".join(key) for key in self._workspace.resources.every_key()}
        blobs = {f"blobs/{name}" for name in self._workspace.blobs.names()}
        return resources | blobs | {f"containers/{key[1]}/{key[-1]}" for key in self._workspace.running()}

    def document(self, path: str) -> Document:
        """What stands at a path below the workspace, such as `onlineEndpoints/wine/deployments/blue`."""
        return self._workspace.resources.get(tuple(path.split("/")))

    def blob(self, name: str) -> bytes:
        """The bytes of a blob."""
        return self._workspace.blobs.read(name)

    def upload(self, name: str, content: bytes) -> str:
        """Put a blob into the workspace's datastore, and answer its URI."""
        self._workspace.blobs.write(name, content)
        return self._workspace.blobs.uri(name)

    def run_images(self, run_command: RunCommand) -> None:
        """Let an engine run whichever image is asked for, in place of its server in a process of this Python."""
        self._workspace.run_command = run_command

    def create_foreign_endpoint(self, name: str, *, kind: str = "onlineEndpoints") -> None:
        """Let an endpoint stand that somebody else made."""
        url = f"{self.url}/endpoints/{name}"
        properties = {
            "authMode": "Key",
            "provisioningState": "Succeeded",
            "scoringUri": f"{url}/score",
            "properties": {},
        }
        shares: Document = {"traffic": {}, "mirrorTraffic": {}} if kind == "onlineEndpoints" else {}
        rest = {"location": "eastus", "tags": {"team": "theirs"}}
        self._workspace.resources.put((kind, name), {**rest, "properties": properties | shares})

    def remove(self, path: str) -> None:
        """Remove what stands at a path, as if somebody else had."""
        key = tuple(path.split("/"))
        for each in [key, *self._workspace.resources.below(key)]:
            self._workspace.end(each)
        self._workspace.resources.remove(key)

    def reset(self) -> None:
        """Stop what runs, and forget all that stands and all that was to fail."""
        self._manager.jobs.stop()
        self._workspace.stop()
        self._workspace.resources.clear()
        self._workspace.blobs.clear()
        self.heal()
        self._routes.requests.clear()
        self._manager.changes = 0
        self._front.mirrored.clear()

"""A real workspace, with what the conformance tests ask of the stand-in for one."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from modelpack_deploy_azureml.options import AzureMLOptions
from modelpack_deploy_azureml.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 1800.0
VARIABLE = "MODELPACK_LIVE_IMAGE"


class LiveAzure:
    """The workspace that the variables `AZUREML_ARM_…` name, looked at without the target."""

    changes = None
    """Azure does not count requests."""

    def __init__(self) -> None:
        """Read the variables."""
        self._workspace = Workspace(AzureMLOptions())

    def place(self) -> dict[str, str]:
        """The workspace, as the stand-in says it."""
        workspace = self._workspace
        return {
            "subscription_id": workspace.subscription,
            "resource_group_name": workspace.resource_group,
            "workspace_name": workspace.name,
        }

    def image(self) -> str:
        """The image that serves the kit's models.

        Raises:
            KeyError: The variable is not set.
        """
        return os.environ[VARIABLE]

    def names(self) -> set[str]:
        """The endpoints of the workspace, their deployments, and the versions of models and environments of ours."""
        return set(self._endpoints()) | set(self._versions("models")) | set(self._versions("environments"))

    def document(self, path: str) -> dict[str, Any]:
        """What stands at a path below the workspace."""
        found = self._workspace.arm.get(f"{self._workspace.path}/{path}")
        assert found is not None, path
        return found

    def create_foreign_endpoint(self, name: str) -> None:
        """Make an endpoint without our tags."""
        body = {"location": self._workspace.location, "identity": {"type": "SystemAssigned"}, "tags": {}}
        path = self._workspace.endpoint(name)
        self._workspace.arm.put(path, {**body, "properties": {"authMode": "Key"}}).wait(SECONDS, "make an endpoint")

    def remove(self, path: str) -> None:
        """Remove what stands at a path."""
        operation = self._workspace.arm.delete(f"{self._workspace.path}/{path}")
        if operation is not None:
            operation.wait(SECONDS, "remove an endpoint")

    def _endpoints(self) -> Iterator[str]:
        for endpoint in self._workspace.arm.pages(f"{self._workspace.path}/onlineEndpoints"):
            name = str(PurePosixPath("onlineEndpoints", endpoint["name"]))
            yield name
            for deployment in self._workspace.arm.pages(f"{self._workspace.path}/{name}/deployments"):
                yield f"{name}/deployments/{deployment['name']}"

    def _versions(self, kind: str) -> Iterator[str]:
        for asset in self._workspace.arm.pages(f"{self._workspace.path}/{kind}"):
            path = f"{kind}/{asset['name']}/versions"
            if asset["name"].startswith("modelpack-"):
                for version in self._workspace.arm.pages(f"{self._workspace.path}/{path}", listViewType="ActiveOnly"):
                    yield f"{path}/{version['name']}"

"""What stands in the workspace for a deployment: the endpoint, and the deployments behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelpack_deploy_azureml import naming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelpack_deploy_azureml.arm import Resource
    from modelpack_deploy_azureml.workspace import Workspace

FAILED = frozenset({"Failed", "Canceled"})


@dataclass(frozen=True, slots=True)
class Standing:
    """What Azure says of one endpoint of ours.

    Attributes:
        endpoint: The endpoint.
        deployments: The deployments behind it.
    """

    endpoint: Resource
    deployments: tuple[Resource, ...]

    @property
    def tags(self) -> Mapping[str, str]:
        """The endpoint's tags."""
        return tags_of(self.endpoint)

    @property
    def wanted_name(self) -> str:
        """The name of the deployment that was asked for last."""
        return self.tags.get(naming.WANTED, "")

    @property
    def wanted(self) -> Resource | None:
        """The deployment that was asked for last; None when it is not there."""
        return self.named(self.wanted_name)

    def named(self, name: str) -> Resource | None:
        """A deployment by its name; None when it is not there."""
        return next((each for each in self.deployments if each["name"] == name), None)

    def share(self, name: str) -> int:
        """Percent of the requests that a deployment gets."""
        return int((self.endpoint["properties"].get("traffic") or {}).get(name, 0))

    def mirrored(self, name: str) -> int:
        """Percent of the requests that a deployment gets copies of."""
        return int((self.endpoint["properties"].get("mirrorTraffic") or {}).get(name, 0))

    @property
    def serving(self) -> Resource | None:
        """The deployment that gets most of the requests; None when none does."""
        serving = [each for each in self.deployments if self.share(each["name"])]
        return max(serving, key=lambda each: self.share(each["name"]), default=None)

    @property
    def shares(self) -> dict[str, dict[str, int]]:
        """How the requests are divided and mirrored, as Azure calls it; deployments without any are left out."""
        found = {key: self.endpoint["properties"].get(key) or {} for key in ("traffic", "mirrorTraffic")}
        return {key: {name: share for name, share in each.items() if share} for key, each in found.items()}


def survey(workspace: Workspace, name: str) -> Standing | None:
    """Look at an endpoint of ours; None when there is none."""
    found = workspace.arm.get(workspace.endpoint(name))
    return None if found is None or not is_ours(found) else with_deployments(workspace, found)


def with_deployments(workspace: Workspace, endpoint: Resource) -> Standing:
    """An endpoint with the deployments behind it."""
    return Standing(endpoint, tuple(workspace.arm.pages(f"{workspace.endpoint(endpoint['name'])}/deployments")))


def is_ours(found: Resource) -> bool:
    """Whether modelpack has made a resource."""
    return naming.MANAGED in tags_of(found)


def tags_of(found: Resource) -> Mapping[str, str]:
    """The tags of an endpoint or a deployment."""
    tags: Mapping[str, str] = found.get("tags") or {}
    return tags


def state_of(found: Resource) -> str:
    """Where Azure stands with a resource, such as `Succeeded`, `Creating` or `Failed`."""
    return str(found["properties"].get("provisioningState", "Succeeded"))

"""The workspace that a caller of the older functions means."""

from __future__ import annotations

from modelpack.errors import DeployError, InvalidArgumentError
from modelpack_deploy_azureml.options import AzureMLOptions
from modelpack_deploy_azureml.workspace import Workspace, has_resource_group

_ATTRIBUTES = {
    "subscription": ("subscription_id", "_subscription_id"),
    "resource_group": ("resource_group", "resource_group_name"),
    "workspace": ("workspace_name", "name"),
}
"""What the workspaces and clients of both of Azure's SDKs call them."""


def opened(workspace: object) -> Workspace:
    """A workspace, however the caller says which.

    Args:
        workspace: An `MLClient`, a `Workspace` of either SDK, options of the target, or a name: then the environment
            says the rest.

    Raises:
        InvalidArgumentError: It is none of these.
    """
    if isinstance(workspace, Workspace):
        return workspace
    if isinstance(workspace, AzureMLOptions):
        return Workspace(workspace)
    if isinstance(workspace, str):
        return Workspace(AzureMLOptions(workspace=workspace))
    found = {option: _attribute(workspace, names) for option, names in _ATTRIBUTES.items()}
    if found["workspace"] is None:
        raise InvalidArgumentError(
            f"the workspace is a {type(workspace).__qualname__}",
            hint="give an MLClient, a Workspace, or the name of one",
        )
    return Workspace(AzureMLOptions.model_validate(found))


def named(name: str, subscription: str | None, resource_group: str | None) -> Workspace:
    """A workspace by its name, as the old command line knew it; where no resource group is given, it is looked for.

    Raises:
        DeployError: There is no workspace of that name in the subscription, or there are several (`rejected`).
    """
    given = AzureMLOptions(workspace=name, subscription=subscription, resource_group=resource_group)
    if has_resource_group(given):
        return Workspace(given)
    anywhere = Workspace(given.model_copy(update={"resource_group": "-"}))
    return Workspace(given.model_copy(update={"resource_group": _resource_group(anywhere)}))


def _resource_group(workspace: Workspace) -> str:
    """The resource group of the one workspace of that name in the subscription."""
    name, subscription = workspace.name, workspace.subscription
    path = f"/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/workspaces"
    found = [str(each["id"]) for each in workspace.arm.pages(path) if str(each["name"]).lower() == name.lower()]
    if len(found) != 1:
        there = f"are {len(found)} workspaces" if found else "is no workspace"
        raise DeployError(
            f"there {there} {name} in the subscription {subscription}",
            code="rejected",
            hint="name its resource group with --resource-group",
        )
    return found[0].split("/")[4]


def _attribute(workspace: object, names: tuple[str, ...]) -> str | None:
    values = (getattr(workspace, name, None) for name in names)
    return next((value for value in values if isinstance(value, str) and value), None)

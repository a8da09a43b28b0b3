"""Whether the subscription's quota has room for the machines, as far as the account may look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.deployments.records import Finding
from modelpack.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack_deploy_azureml.arm import Resource
    from modelpack_deploy_azureml.documents import Request
    from modelpack_deploy_azureml.workspace import Workspace

RESERVE = 1.2
"""Azure keeps a fifth of a managed deployment's machines free, to upgrade them."""


def findings(request: Request, workspace: Workspace) -> Iterator[Finding]:
    """Machines that the region does not list, and a quota that is too small; nothing where Azure does not tell.

    Both are warnings: the list is that of compute clusters, and quota may be divided among workspaces.
    """
    name, count, location = request.options.machines(), request.options.instance_count, workspace.location
    if request.options.kind != "managed" or name is None:
        return
    sizes = _read(workspace, "vmSizes")
    size = next((each for each in sizes if str(each.get("name")).lower() == name.lower()), None)
    if sizes and size is None:
        yield Finding(
            level="warning",
            message=f"the region {location} does not list machines {name}",
            hint="`az ml compute list-sizes` shows those that it has; choose one with -o instance_type=NAME",
        )
    if size is not None:
        yield from _of_family(workspace, str(size.get("family")), int(size.get("vCPUs") or 0) * count)


def _of_family(workspace: Workspace, family: str, needed: int) -> Iterator[Finding]:
    for usage in _read(workspace, "usages"):
        found = usage.get("name") or {}
        free = int(usage.get("limit") or 0) - int(usage.get("currentValue") or 0)
        if str(found.get("value")).lower() == family.lower() and 0 <= free < needed * RESERVE:
            yield Finding(
                level="warning",
                message=f"the quota of {found.get('localizedValue') or family} has {free} processors left, and "
                f"{needed} are asked for, of which Azure reserves a fifth more",
                hint="ask for more quota, or for fewer or smaller machines",
            )


def _read(workspace: Workspace, what: str) -> list[Resource]:
    path = f"/subscriptions/{workspace.subscription}/providers/Microsoft.MachineLearningServices/locations"
    try:
        return list(workspace.arm.pages(f"{path}/{workspace.location}/{what}"))
    except DeployError:
        return []

"""Moving the requests to a deployment that has become ready, and removing what it has replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.errors import DeployError
from modelpack_deploy_azureml import documents
from modelpack_deploy_azureml.planning import deployment_name
from modelpack_deploy_azureml.sharing import superfluous, wanted_shares
from modelpack_deploy_azureml.survey import Standing, state_of, survey
from modelpack_deploy_azureml.undoing import clean, patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelpack_deploy_azureml.documents import Request
    from modelpack_deploy_azureml.workspace import Workspace

    Tell = Callable[[str], None]


def finish(workspace: Workspace, request: Request, progress: Tell) -> None:
    """Let the new deployment have its share of the requests, and remove what is not wanted any more.

    What is removed is chosen before it is looked whether somebody else has asked for another deployment: what they make
    is made after that.
    """
    seen = survey(workspace, request.name)
    wanted = deployment_name(request, seen)
    leaving = [] if seen is None else [each["name"] for each in superfluous(request, seen, wanted)]
    standing = survey(workspace, request.name)
    if standing is None or standing.wanted_name != wanted:
        return
    seconds = request.options.operation_timeout
    shares = wanted_shares(request, standing, wanted)
    if standing.shares != shares:
        divide(workspace, standing, shares, seconds)
        progress(f"{request.name} sends its requests to {_told(shares)}")
    for name in leaving:
        _remove(workspace, request.name, name, seconds)
        progress(f"removed the deployment {name}")
    after = survey(workspace, request.name)
    if after is not None and after.wanted_name == wanted:
        clean(workspace, request.name, after, seconds, progress)


def divide(workspace: Workspace, standing: Standing, shares: Mapping[str, Mapping[str, int]], seconds: float) -> None:
    """Divide and mirror the requests of an endpoint."""
    body = documents.as_it_stands(standing.endpoint)
    body["properties"] = {**body["properties"], **{key: dict(value) for key, value in shares.items()}}
    path = workspace.endpoint(standing.endpoint["name"])
    operation = patiently(lambda: workspace.arm.put(path, body), seconds)
    if operation is not None:
        operation.wait(seconds, "divide the traffic")


def set_traffic(workspace: Workspace, standing: Standing, traffic: Mapping[str, float], seconds: float) -> None:
    """Divide the requests among deployments that stand.

    Raises:
        DeployError: One of them is not there or not ready, or a share is no whole number (`rejected`).
    """
    for name, share in traffic.items():
        found = standing.named(name)
        if found is None:
            names = ", ".join(sorted(str(each["name"]) for each in standing.deployments)) or "none"
            raise DeployError(f"there is no variant {name!r}; there are {names}", code="rejected")
        if share and state_of(found) != "Succeeded":
            raise DeployError(f"the variant {name!r} is not ready: {state_of(found)}", code="rejected")
        if share != int(share):
            raise DeployError(f"Azure divides by whole percents, and {name!r} shall get {share:g}", code="rejected")
    shares = {name: int(share) for name, share in traffic.items() if share}
    mirrored = {name: share for name, share in standing.shares["mirrorTraffic"].items() if name not in shares}
    divide(workspace, standing, {"traffic": shares, "mirrorTraffic": mirrored}, seconds)


def _remove(workspace: Workspace, endpoint: str, name: str, seconds: float) -> None:
    operation = patiently(lambda: workspace.arm.delete(workspace.deployment(endpoint, name)), seconds)
    if operation is not None:
        operation.wait(seconds, f"remove the deployment {name}")


def _told(shares: Mapping[str, Mapping[str, int]]) -> str:
    divided = ", ".join(f"{name} ({share} %)" for name, share in sorted(shares["traffic"].items()))
    mirrored = ", ".join(f"copies to {name} ({share} %)" for name, share in sorted(shares["mirrorTraffic"].items()))
    return "; ".join(filter(None, (divided, mirrored)))

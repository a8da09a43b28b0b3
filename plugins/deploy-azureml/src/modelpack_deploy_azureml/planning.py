"""What stands in the way of a request, and the steps that fulfil it."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from modelpack.deployments.records import Finding, Plan, Step
from modelpack_deploy_azureml import assets, documents, naming, quotas
from modelpack_deploy_azureml.sharing import superfluous, wanted_shares
from modelpack_deploy_azureml.survey import FAILED, is_ours, state_of, survey, tags_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelpack_deploy_azureml.arm import Resource
    from modelpack_deploy_azureml.documents import Request
    from modelpack_deploy_azureml.survey import Standing
    from modelpack_deploy_azureml.workspace import Workspace

_RESOURCES = "Microsoft.MachineLearningServices/workspaces"
PERMISSIONS = (
    f"{_RESOURCES}/read",
    *(f"{_RESOURCES}/onlineEndpoints/{verb}" for verb in ("read", "write", "delete", "listKeys/action")),
    *(f"{_RESOURCES}/onlineEndpoints/deployments/{verb}" for verb in ("read", "write", "delete", "getLogs/action")),
    *(f"{_RESOURCES}/{kind}/versions/{verb}" for kind in ("models", "environments") for verb in ("read", "write")),
    f"{_RESOURCES}/datastores/read",
    f"{_RESOURCES}/datastores/listSecrets/action",
)
"""What the account must be allowed to do, as the actions of Azure's roles."""


def findings(request: Request, workspace: Workspace) -> Iterator[Finding]:
    """Whether the name can be one, the workspace is there, and nothing else stands in the way."""
    if not naming.is_endpoint_name(request.name):
        yield Finding(
            level="error",
            message=f"{request.name!r} cannot be the name of an endpoint in Azure",
            hint="use 3 to 32 lower-case letters, digits and single dashes, beginning with a letter",
        )
        return
    yield from _of_files(request)
    found = workspace.arm.get(workspace.endpoint(request.name))
    if found is None:
        yield from quotas.findings(request, workspace)
    elif not is_ours(found):
        yield Finding(
            level="error",
            message=f"the workspace {workspace.name} has an endpoint {request.name!r} that modelpack did not make",
            hint="use another name or workspace",
        )
    else:
        yield from _of_endpoint(request, found)


def _of_files(request: Request) -> Iterator[Finding]:
    for name in assets.IGNORED:
        if (request.model_path / name).exists():
            yield Finding(
                level="error",
                message=f"the model has a file {name}, and azure-ai-ml uploads nothing that it names",
                hint="save the model without it",
            )


def _of_endpoint(request: Request, found: Resource) -> Iterator[Finding]:
    """What cannot be changed of an endpoint that stands."""
    options, properties = request.options, found["properties"]
    kind = "kubernetes" if properties.get("compute") else "managed"
    if kind != options.kind:
        yield _fixed(request.name, f"kind={kind}")
    elif kind == "kubernetes" and str(properties["compute"]).rpartition("/")[2] != options.compute:
        yield _fixed(request.name, f"compute={str(properties['compute']).rpartition('/')[2]}")
    if str(properties["authMode"]).lower() != documents.AUTHENTICATION[options.authentication].lower():
        yield _fixed(request.name, f"authentication by {properties['authMode']}")


def _fixed(name: str, what: str) -> Finding:
    return Finding(
        level="error",
        message=f"{name} is deployed with {what}, which Azure does not change",
        hint="delete it first, or deploy under another name",
    )


def plan(request: Request, workspace: Workspace) -> Plan:
    """The steps that lead from what stands to what is wished."""
    standing = survey(workspace, request.name)
    wanted = deployment_name(request, standing)
    steps = [
        *_endpoint_step(request, standing, wanted),
        *_asset_steps(request, workspace),
        *_deployment_step(request, standing, wanted),
        *_traffic_step(request, standing, wanted),
        *_removals(request, workspace, standing, wanted),
    ]
    return Plan(tuple(steps), naming.revision(request), PERMISSIONS)


def deployment_name(request: Request, standing: Standing | None) -> str:
    """The name of the deployment that fulfils the wish.

    A revision says nothing of secrets. Where one stands with other values of them, another deployment takes its place.
    """
    revision, variables = naming.revision(request), documents.environment_variables(request)
    deployments = () if standing is None else standing.deployments
    of_revision = {
        each["name"]: _variables(each) for each in deployments if tags_of(each).get(naming.REVISION) == revision
    }
    for name, found in sorted(of_revision.items()):
        if variables.items() <= found.items():
            return str(name)
    return next(name for number in count(1) if (name := naming.deployment_name(revision, number)) not in of_revision)


def _variables(found: Resource) -> Mapping[str, str]:
    variables: Mapping[str, str] = found["properties"].get("environmentVariables") or {}
    return variables


def _endpoint_step(request: Request, standing: Standing | None, wanted: str) -> Iterator[Step]:
    options = request.options
    shown = {"kind": options.kind, "authentication": options.authentication, "revision": naming.revision(request)}
    if standing is None:
        yield Step("create", f"endpoint/{request.name}", shown)
    elif standing.wanted_name != wanted:
        before = {"revision": standing.tags.get(naming.REVISION), "deployment": standing.wanted_name}
        after = {"revision": shown["revision"], "deployment": wanted}
        yield Step("update", f"endpoint/{request.name}", after, _changed(before, after))


def _asset_steps(request: Request, workspace: Workspace) -> Iterator[Step]:
    name = naming.asset_name(request.name)
    versions = {
        "models": naming.model_version(request.digest),
        "environments": documents.environment_version(request),
    }
    image = request.options.base_image or naming.image_name(request)
    details = {"models": {"digest": request.digest}, "environments": {"image": image}}
    for kind, version in versions.items():
        if not assets.is_active(workspace, kind, request.name, version):
            yield Step("register", f"{kind[:-1]}/{name}:{version}", details[kind])


def _deployment_step(request: Request, standing: Standing | None, wanted: str) -> Iterator[Step]:
    found = None if standing is None else standing.named(wanted)
    serving = None if standing is None else standing.serving
    shares = wanted_shares(request, standing, wanted)["traffic"]
    details = {
        "digest": request.digest,
        "instances": request.options.instance_count,
        "traffic": shares.get(wanted, 0),
    }
    if request.options.machines() is not None:
        details["instance_type"] = request.options.machines()
    resource = f"deployment/{request.name}/{wanted}"
    if found is None:
        yield Step("create", resource, details, {} if serving is None else _changed(_shown(serving), details))
    elif state_of(found) in FAILED:
        yield Step("replace", resource, {**details, "state": "Succeeded"}, {"state": state_of(found)})


def _shown(found: Resource) -> dict[str, Any]:
    return {
        "digest": tags_of(found).get(naming.DIGEST),
        "instances": (found.get("sku") or {}).get("capacity"),
        "instance_type": found["properties"].get("instanceType"),
    }


def _traffic_step(request: Request, standing: Standing | None, wanted: str) -> Iterator[Step]:
    """How the requests are moved; of a first deployment, its own step says that it gets them."""
    if standing is None or (standing.serving is None and standing.named(wanted) is None):
        return
    before, after = standing.shares, wanted_shares(request, standing, wanted)
    if before != after:
        yield Step(
            "route", f"endpoint/{request.name}", dict(after), _changed(before, after) if before["traffic"] else {}
        )


def _removals(request: Request, workspace: Workspace, standing: Standing | None, wanted: str) -> Iterator[Step]:
    if standing is None:
        return
    leaving = superfluous(request, standing, wanted)
    for each in leaving:
        yield Step("delete", f"deployment/{request.name}/{each['name']}")
    kept = [each for each in standing.deployments if each not in leaving]
    tags = {
        naming.MODEL: naming.model_version(request.digest),
        naming.ENVIRONMENT: documents.environment_version(request),
    }
    for kind, version in assets.unused(workspace, request.name, [*kept, {"tags": tags}]):
        yield Step("archive", f"{kind[:-1]}/{naming.asset_name(request.name)}:{version}")


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What stands now with another value."""
    return {key: value for key, value in before.items() if key in after and after[key] != value}

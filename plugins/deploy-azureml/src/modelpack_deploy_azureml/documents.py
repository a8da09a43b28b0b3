"""A wish as Azure's own resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.deployments.records import revision_of
from modelpack_deploy_azureml import naming, scoring_code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelpack.deployments.records import DeployRequest
    from modelpack_deploy_azureml.arm import Resource
    from modelpack_deploy_azureml.options import AzureMLOptions, Probe
    from modelpack_deploy_azureml.workspace import Workspace

    Request = DeployRequest[AzureMLOptions]

PORT = 8080
AUTHENTICATION = {"key": "Key", "token": "AMLToken", "identity": "AADToken"}
_READ_ONLY = frozenset({"provisioningState", "scoringUri", "swaggerUri", "keys"})


def tags(request: Request) -> dict[str, str]:
    """The tags of everything that is made for a deployment."""
    return {**request.options.tags, naming.MANAGED: request.name}


def endpoint(request: Request, location: str, deployment: str, shares: Mapping[str, Mapping[str, int]]) -> Resource:
    """The endpoint.

    Args:
        request: The wish.
        location: The region.
        deployment: The name of the deployment that is wished.
        shares: `traffic` and `mirrorTraffic`, as they stand: another model gets no requests before it is ready.
    """
    options = request.options
    properties: Resource = {
        "authMode": AUTHENTICATION[options.authentication],
        "publicNetworkAccess": "Enabled" if options.public_access else "Disabled",
        **shares,
    }
    if options.kind == "kubernetes":
        properties["compute"] = options.compute
    return {
        "location": location,
        "identity": _identity(options),
        "tags": {
            **tags(request),
            naming.WANTED: deployment,
            naming.REVISION: naming.revision(request),
            naming.DIGEST: request.digest,
            naming.MODEL: naming.model_version(request.digest),
            naming.ENVIRONMENT: environment_version(request),
        },
        "properties": properties,
    }


def as_it_stands(found: Resource) -> Resource:
    """An endpoint as it can be sent back."""
    properties = {name: value for name, value in found["properties"].items() if name not in _READ_ONLY}
    identity = found.get("identity") or {"type": "SystemAssigned"}
    users = identity.get("userAssignedIdentities")
    sent = {"type": identity["type"], **({"userAssignedIdentities": {user: {} for user in users}} if users else {})}
    return {"location": found["location"], "identity": sent, "tags": found["tags"], "properties": properties}


def _identity(options: AzureMLOptions) -> Resource:
    if options.identity is None:
        return {"type": "SystemAssigned"}
    return {"type": "UserAssigned", "userAssignedIdentities": {options.identity: {}}}


def environment(request: Request) -> Resource:
    """The environment that containers run in: the image of the scoring server, and where it answers.

    With Azure's own image it is that, and what the model needs, as a conda environment.
    """
    if request.options.base_image is not None:
        return scored_environment(request)
    inference = {
        "livenessRoute": {"path": "/v2/health/live", "port": PORT},
        "readinessRoute": {"path": "/v2/health/ready", "port": PORT},
        "scoringRoute": {"path": "/invocations", "port": PORT},
    }
    properties = {"image": naming.image_name(request), "osType": "Linux", "inferenceConfig": inference}
    return {"properties": {**properties, "tags": tags(request), "isAnonymous": False, "isArchived": False}}


def scored_environment(request: Request, also: Sequence[str] = scoring_code.OF_ONLINE) -> Resource:
    """The environment that a script runs in: Azure's own image, and what the model and Azure need beside it."""
    import yaml

    conda = yaml.safe_dump(scoring_code.conda_environment(request, also), sort_keys=False)
    properties = {"image": request.options.base_image, "osType": "Linux", "condaFile": conda}
    return {"properties": {**properties, "tags": tags(request), "isAnonymous": False, "isArchived": False}}


def environment_version(request: Request) -> str:
    """The version under which it is registered."""
    options = request.options
    if options.base_image is not None:
        return revision_of(request.digest, {"base_image": options.base_image})
    return revision_of("", {"image": naming.image_name(request)})


def deployment(request: Request, location: str, workspace: Workspace, code: str | None = None) -> Resource:
    """The deployment of the model behind the endpoint.

    Args:
        request: The wish.
        location: The region.
        workspace: The workspace.
        code: The id of the scoring script; None for an image that serves by itself.
    """
    options = request.options
    asset = naming.asset_name(request.name)
    version = naming.model_version(request.digest)
    properties: Resource = {
        "endpointComputeType": options.kind.capitalize(),
        "model": workspace.asset("models", asset, version),
        "environmentId": workspace.asset("environments", asset, environment_version(request)),
        "environmentVariables": environment_variables(request),
        "appInsightsEnabled": options.app_insights,
        "requestSettings": _request_settings(options),
        "livenessProbe": _probe(options.liveness),
        "readinessProbe": _probe(options.readiness_probe()),
        "scaleSettings": _scale(options),
        **_of_kind(options),
    }
    if options.machines() is not None:
        properties["instanceType"] = options.machines()
    if code is not None:
        properties["codeConfiguration"] = {"codeId": code, "scoringScript": "score.py"}
    marks = {naming.REVISION: naming.revision(request), naming.DIGEST: request.digest, naming.MODEL: version}
    return {
        "location": location,
        "sku": {"name": "Default", "capacity": options.instance_count},
        "tags": {**tags(request), **marks, naming.ENVIRONMENT: environment_version(request)},
        "properties": properties,
    }


def environment_variables(request: Request) -> dict[str, str]:
    """The caller's variables, the digest that the server is trusted to load, and how long a request may take."""
    options = request.options
    own = {name: value.get_secret_value() for name, value in options.env.items()}
    return {"MODELPACK_TRUST": request.digest, "MODELPACK_TIMEOUT": f"{options.request_timeout:g}", **own}


def _request_settings(options: AzureMLOptions) -> Resource:
    queue = {} if options.queue_timeout is None else {"maxQueueWait": duration(options.queue_timeout)}
    return {
        "requestTimeout": duration(options.request_timeout),
        "maxConcurrentRequestsPerInstance": options.concurrency,
        **queue,
    }


def _probe(probe: Probe) -> Resource:
    return {
        "initialDelay": duration(probe.initial_delay),
        "period": duration(probe.period),
        "timeout": duration(probe.timeout),
        "successThreshold": probe.success_threshold,
        "failureThreshold": probe.failure_threshold,
    }


def _scale(options: AzureMLOptions) -> Resource:
    scaling = options.autoscaling
    if scaling is None:
        return {"scaleType": "Default"}
    return {
        "scaleType": "TargetUtilization",
        "minInstances": scaling.min_instances,
        "maxInstances": scaling.max_instances,
        "targetUtilizationPercentage": scaling.target_percent,
        "pollingInterval": duration(scaling.polling_seconds),
    }


def _of_kind(options: AzureMLOptions) -> Resource:
    if options.kind == "managed":
        return {"egressPublicNetworkAccess": "Enabled" if options.egress else "Disabled"}
    if options.resources is None:
        return {}
    asked = {"cpu": options.resources.cpu, "memory": options.resources.memory}
    most: dict[str, Any] = {"cpu": options.resources.cpu_limit, "memory": options.resources.memory_limit}
    limits = {resource: limit or asked[resource] for resource, limit in most.items()}
    return {"containerResourceRequirements": {"containerResourceRequests": asked, "containerResourceLimits": limits}}


def duration(seconds: float) -> str:
    """A time as ISO 8601 writes it."""
    return f"PT{seconds:g}S"

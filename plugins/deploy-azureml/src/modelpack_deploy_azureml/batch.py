"""Batch jobs: the model scores files in the workspace's storage on a cluster, behind a batch endpoint of its own.

The endpoint, its deployment and what was registered for it are the job's alone. They are called after the job, so that
the same call finds them again, and go when the job is over; the job itself stays in the workspace's history.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modelpack.deployments.records import BatchJob, revision_of
from modelpack.errors import DeployError
from modelpack_deploy_azureml import assets, documents, naming
from modelpack_deploy_azureml.batch_checks import check
from modelpack_deploy_azureml.batch_history import reason_of
from modelpack_deploy_azureml.faults import refusal
from modelpack_deploy_azureml.scoring_code import BATCH, OF_BATCH, register_code
from modelpack_deploy_azureml.undoing import clean, patiently
from modelpack_deploy_azureml.workspace import Workspace

if TYPE_CHECKING:
    from modelpack.deployments.records import BatchRequest, BatchState
    from modelpack_deploy_azureml.arm import Resource
    from modelpack_deploy_azureml.options import AzureMLOptions

    Request = BatchRequest[AzureMLOptions]

IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"
"""Azure's image for batch jobs."""

_STATES: dict[str, BatchState] = {"Completed": "succeeded", "Failed": "failed", "Canceled": "stopped"}


def submit(request: Request) -> BatchJob:
    """Start the job, unless there is one of its name; answers as soon as Azure has accepted it.

    Raises:
        DeployError: Azure would refuse it (`rejected`), or a job of that name does something else (`conflict`).
    """
    check(request)
    workspace = Workspace(request.options)
    request = replace(request, options=_on_azures_image(request.options))
    found = workspace.arm.get(f"{workspace.path}/jobs/{request.name}")
    if found is not None:
        return _same(request, found)
    _make(workspace, request)
    _start(workspace, request)
    return get(request.name, request.options)


def get(name: str, options: AzureMLOptions) -> BatchJob:
    """How far a job is. When it is over, what was made for it alone is removed."""
    workspace = Workspace(options)
    found = workspace.arm.get(f"{workspace.path}/jobs/{name}")
    if found is None or _endpoint_of(found) != endpoint_name(workspace, name):
        return BatchJob(name=name, state="absent")
    job = _described(workspace, name, found)
    if job.state != "running":
        _remove(workspace, name, options.operation_timeout)
    return job


def endpoint_name(workspace: Workspace, job: str) -> str:
    """The name of a job's endpoint, which is to be unique in the region."""
    return f"mpb-{hashlib.sha256(f'{workspace.path.lower()}/{job}'.encode()).hexdigest()[:20]}"


def revision(request: Request) -> str:
    """What the job does."""
    options = request.options
    settings = options.model_dump(mode="json", include={"base_image", "batch_compute", "instance_count", "env", "tags"})
    return revision_of(request.digest, {**settings, **_data(request), "content_type": request.content_type})


def _on_azures_image(options: AzureMLOptions) -> AzureMLOptions:
    return options.model_copy(update={"image": None, "base_image": options.base_image or IMAGE})


def _same(request: Request, found: Resource) -> BatchJob:
    wanted = f"r{revision(request)}"
    if found["properties"].get("properties", {}).get("azureml.deploymentname") != wanted:
        raise DeployError(
            f"there is a job {request.name} that does something else", code="conflict", hint="choose another name"
        )
    return get(request.name, request.options)


def _make(workspace: Workspace, request: Request) -> None:
    """Make what the job needs. Each part is what it was when an earlier call has made it."""
    seconds, endpoint = request.options.operation_timeout, endpoint_name(workspace, request.name)
    path = f"{workspace.path}/batchEndpoints/{endpoint}"
    marks = {**documents.tags(request), naming.DIGEST: request.digest}
    body: Resource = {"location": workspace.location, "tags": marks, "properties": {"authMode": "AADToken"}}
    workspace.arm.put(path, body).wait(seconds, f"make the batch endpoint {endpoint}")
    assets.register_model(workspace, request)
    version = revision_of(request.digest, {"base_image": request.options.base_image, "batch": True})
    environment = documents.scored_environment(request, OF_BATCH)
    assets.register_version(workspace, "environments", request.name, version, environment, seconds)
    code = register_code(workspace, seconds)
    name = f"r{revision(request)}"
    deployment = _deployment(workspace, request, code, version)
    workspace.arm.put(f"{path}/deployments/{name}", deployment).wait(seconds, f"make the batch deployment {name}")


def _deployment(workspace: Workspace, request: Request, code: str, environment: str) -> Resource:
    options, asset = request.options, naming.asset_name(request.name)
    own = {name: value.get_secret_value() for name, value in options.env.items()}
    variables = {"MODELPACK_TRUST": request.digest, "MODELPACK_CONTENT_TYPE": request.content_type, **own}
    return {
        "location": workspace.location,
        "tags": documents.tags(request),
        "properties": {
            "model": {
                "referenceType": "Id",
                "assetId": workspace.asset("models", asset, naming.model_version(request.digest)),
            },
            "environmentId": workspace.asset("environments", asset, environment),
            "codeConfiguration": {"codeId": code, "scoringScript": BATCH},
            "compute": f"{workspace.path}/computes/{options.batch_compute}",
            "environmentVariables": variables,
            "resources": {"instanceCount": options.instance_count},
            "outputAction": "AppendRow",
            "outputFileName": "predictions.csv",
            "errorThreshold": 0,
            "maxConcurrencyPerInstance": 1,
            "miniBatchSize": 1,
        },
    }


def _start(workspace: Workspace, request: Request) -> None:
    import requests

    path = f"{workspace.path}/batchEndpoints/{endpoint_name(workspace, request.name)}"
    endpoint = workspace.arm.get(path) or {}
    url = endpoint.get("properties", {}).get("scoringUri")
    headers = {
        "Authorization": f"Bearer {workspace.token(scoring=True)}",
        "azureml-model-deployment": f"r{revision(request)}",
    }
    body = {"properties": {"name": request.name, **_data(request)}}
    try:
        answer = requests.post(str(url), json=body, headers=headers, timeout=(10, 120))
    except requests.RequestException as error:
        raise DeployError(f"{url} does not answer: {error}", code="unreachable") from error
    if not answer.ok:
        _remove(workspace, request.name, request.options.operation_timeout)
        raise refusal(answer.status_code, _json(answer.content), answer.text[:500])


def _data(request: Request) -> dict[str, Any]:
    """Where the data are, and where the predictions go, as Azure calls it."""
    kind = "UriFolder" if request.input.endswith("/") else "UriFile"
    output = f"{request.output}predictions.csv" if request.output.endswith("/") else request.output
    return {
        "inputData": {"data": {"jobInputType": kind, "uri": request.input}},
        "outputData": {"score": {"jobOutputType": "UriFile", "uri": output}},
    }


def _described(workspace: Workspace, name: str, found: Resource) -> BatchJob:
    properties = found["properties"]
    state = _STATES.get(properties["status"], "running")
    output = (properties.get("outputs") or {}).get("score") or {}
    studio = ((properties.get("services") or {}).get("Studio") or {}).get("endpoint")
    reason = reason_of(workspace, name) if state == "failed" else None
    if state in {"failed", "stopped"} and reason is None:
        reason = f"Azure says {properties['status']}"
    return BatchJob(
        name=name, state=state, output=output.get("uri"), reason=reason, details={"studio": studio} if studio else {}
    )


def _endpoint_of(found: Resource) -> str | None:
    name: str | None = (found["properties"].get("properties") or {}).get("azureml.endpointname")
    return name


def _remove(workspace: Workspace, job: str, seconds: float) -> None:
    """Remove what was made for a job alone; when it is gone there is nothing to do."""
    path = f"{workspace.path}/batchEndpoints/{endpoint_name(workspace, job)}"
    if workspace.arm.get(path) is None:
        return
    operation = patiently(lambda: workspace.arm.delete(path), seconds)
    if operation is not None:
        operation.wait(seconds, "remove the batch endpoint")
    clean(workspace, job, None, seconds, lambda _: None)


def _json(content: bytes) -> dict[str, Any]:
    import json

    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

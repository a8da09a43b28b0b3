"""The wish as the documents that `az ml` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack_deploy_azureml import documents, naming
from modelpack_deploy_azureml.scoring_code import ONLINE, conda_environment, script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelpack_deploy_azureml.documents import Request
    from modelpack_deploy_azureml.options import AzureMLOptions, Probe

_SCHEMAS = "https://azuremlschemas.azureedge.net/latest"
_AUTHENTICATION = {"key": "key", "token": "aml_token", "identity": "aad_token"}


def export(request: Request) -> dict[str, str]:
    """`model.yml`, `environment.yml`, `endpoint.yml`, `deployment.yml`, to be created in that order.

    Of secrets there are the names: give their values with `--set environment_variables.NAME=…`.
    """
    import yaml

    parts = {
        "model.yml": _model(request),
        "environment.yml": _environment(request),
        "endpoint.yml": _endpoint(request),
        "deployment.yml": _deployment(request),
    }
    scripts = {ONLINE: script(ONLINE)} if request.options.base_image is not None else {}
    return {name: yaml.safe_dump(part, sort_keys=False) for name, part in parts.items()} | scripts


def _model(request: Request) -> dict[str, Any]:
    return {
        "$schema": f"{_SCHEMAS}/model.schema.json",
        "name": naming.asset_name(request.name),
        "version": naming.model_version(request.digest),
        "type": "custom_model",
        "path": str(request.model_path),
        "tags": {**documents.tags(request), naming.DIGEST: request.digest},
    }


def _environment(request: Request) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "$schema": f"{_SCHEMAS}/environment.schema.json",
        "name": naming.asset_name(request.name),
        "version": documents.environment_version(request),
        "tags": documents.tags(request),
    }
    if request.options.base_image is not None:
        return {**shown, "image": request.options.base_image, "conda_file": conda_environment(request)}
    routes = documents.environment(request)["properties"]["inferenceConfig"]
    names = {"livenessRoute": "liveness_route", "readinessRoute": "readiness_route", "scoringRoute": "scoring_route"}
    inference = {names[key]: dict(value) for key, value in routes.items()}
    return {**shown, "image": naming.image_name(request), "inference_config": inference}


def _endpoint(request: Request) -> dict[str, Any]:
    options = request.options
    schema = "managedOnlineEndpoint" if options.kind == "managed" else "kubernetesOnlineEndpoint"
    shown: dict[str, Any] = {
        "$schema": f"{_SCHEMAS}/{schema}.schema.json",
        "name": request.name,
        "auth_mode": _AUTHENTICATION[options.authentication],
        "tags": documents.endpoint(request, "", naming.deployment_name(naming.revision(request)), {})["tags"],
    }
    if options.kind == "kubernetes":
        shown["compute"] = f"azureml:{options.compute}"
    else:
        shown["public_network_access"] = "enabled" if options.public_access else "disabled"
    if options.identity is not None:
        users = [{"resource_id": options.identity}]
        shown["identity"] = {"type": "user_assigned", "user_assigned_identities": users}
    return shown


def _deployment(request: Request) -> dict[str, Any]:
    options = request.options
    asset, revision = naming.asset_name(request.name), naming.revision(request)
    schema = "managedOnlineDeployment" if options.kind == "managed" else "kubernetesOnlineDeployment"
    shown: dict[str, Any] = {
        "$schema": f"{_SCHEMAS}/{schema}.schema.json",
        "name": naming.deployment_name(revision),
        "endpoint_name": request.name,
        "type": options.kind,
        "model": f"azureml:{asset}:{naming.model_version(request.digest)}",
        "environment": f"azureml:{asset}:{documents.environment_version(request)}",
        "environment_variables": _plain_variables(request),
        "instance_count": options.instance_count,
        "app_insights_enabled": options.app_insights,
        "request_settings": _request_settings(options),
        "liveness_probe": _probe(options.liveness),
        "readiness_probe": _probe(options.readiness_probe()),
        "tags": {
            **documents.tags(request),
            naming.REVISION: revision,
            naming.DIGEST: request.digest,
            naming.MODEL: naming.model_version(request.digest),
            naming.ENVIRONMENT: documents.environment_version(request),
        },
    }
    if options.machines() is not None:
        shown["instance_type"] = options.machines()
    if options.base_image is not None:
        shown["code_configuration"] = {"code": ".", "scoring_script": ONLINE}
    if options.kind == "managed":
        shown["egress_public_network_access"] = "enabled" if options.egress else "disabled"
    return {**shown, **_scaling(options)}


def _plain_variables(request: Request) -> Mapping[str, str]:
    variables = documents.environment_variables(request)
    return {name: value for name, value in variables.items() if name not in request.options.env}


def _request_settings(options: AzureMLOptions) -> dict[str, int]:
    queue = {} if options.queue_timeout is None else {"max_queue_wait_ms": round(options.queue_timeout * 1000)}
    return {
        "request_timeout_ms": round(options.request_timeout * 1000),
        "max_concurrent_requests_per_instance": options.concurrency,
        **queue,
    }


def _probe(probe: Probe) -> dict[str, int]:
    return dict(probe.model_dump())


def _scaling(options: AzureMLOptions) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if options.autoscaling is not None:
        shown["scale_settings"] = {
            "type": "target_utilization",
            "min_instances": options.autoscaling.min_instances,
            "max_instances": options.autoscaling.max_instances,
            "target_utilization_percentage": options.autoscaling.target_percent,
            "polling_interval": options.autoscaling.polling_seconds,
        }
    if options.resources is not None:
        asked = {"cpu": options.resources.cpu, "memory": options.resources.memory}
        most = {"cpu": options.resources.cpu_limit, "memory": options.resources.memory_limit}
        limits = {resource: limit or asked[resource] for resource, limit in most.items()}
        shown["resources"] = {"requests": asked, "limits": limits}
    return shown

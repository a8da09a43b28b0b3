"""What Application Auto Scaling checks and moto does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.applicationautoscaling.models import applicationautoscaling_backends

from sagemaker_simulator.place import ACCOUNT
from sagemaker_simulator.refusals import Refusal, invalid

if TYPE_CHECKING:
    from moto.applicationautoscaling.models import ApplicationAutoscalingBackend

    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.place import Place

_RESOURCE_PARTS = 4


def check(place: Place, operation: str, params: Params) -> None:
    """Check a request.

    Raises:
        Refusal: It names what does not exist, or bounds that cannot be.
    """
    if params.get("ServiceNamespace") != "sagemaker":
        return
    if operation == "RegisterScalableTarget":
        _check_variant(place, params["ResourceId"])
        _check_bounds(place.region, params)
    if operation == "PutScalingPolicy" and _key(params) not in registered(place.region):
        raise Refusal("ObjectNotFoundException", f"No scalable target registered for {_told(params)}")
    if operation == "DeregisterScalableTarget" and _key(params) not in registered(place.region):
        raise Refusal("ObjectNotFoundException", f"No scalable target found for {_told(params)}")
    if operation == "DeleteScalingPolicy" and _policy_key(params) not in policies(place.region):
        told = f"{_told(params)}, policy name: {params['PolicyName']}"
        raise Refusal("ObjectNotFoundException", f"No scaling policy found for {told}")


def after(place: Place, operation: str, params: Params) -> None:
    """Do what else AWS does: a target's policies go with it."""
    if operation == "DeregisterScalableTarget":
        _remove_policies(place.region, params["ResourceId"])


def registered(region: str) -> list[tuple[str, str]]:
    """The resources that scale, with their dimensions."""
    return [(resource, dimension) for dimension, every in _backend(region).targets.items() for resource in every]


def policies(region: str) -> list[tuple[str, str]]:
    """The resources with policies, and the policies' names."""
    return [(each.resource_id, each.policy_name) for each in _backend(region).policies.values()]


def scaling_variants(region: str, endpoint: str) -> set[str]:
    """The variants of an endpoint that scale."""
    prefix = f"endpoint/{endpoint}/variant/"
    return {resource.removeprefix(prefix) for resource, _ in registered(region) if resource.startswith(prefix)}


def deregister(region: str, endpoint: str) -> None:
    """Forget everything about an endpoint that is deleted."""
    for resource, dimension in registered(region):
        if resource.startswith(f"endpoint/{endpoint}/variant/"):
            _backend(region).deregister_scalable_target("sagemaker", resource, dimension)
            _remove_policies(region, resource)


def _remove_policies(region: str, resource: str) -> None:
    for each in list(_backend(region).policies.values()):
        if each.resource_id == resource:
            _backend(region).delete_scaling_policy(
                each.policy_name, each.service_namespace, each.resource_id, each.scalable_dimension
            )


def _check_variant(place: Place, resource: str) -> None:
    parts = resource.split("/")
    found = len(parts) == _RESOURCE_PARTS and parts[0] == "endpoint" and parts[2] == "variant"
    endpoint = place.endpoints.get(parts[1]) if found else None
    fleet = endpoint.fleet if endpoint is not None else None
    variant = next((each for each in fleet.production if each.name == parts[3]), None) if fleet else None
    if variant is None:
        raise invalid(f"Sagemaker variant doesn't exist: {resource}")
    if "ServerlessConfig" in variant.settings and "ProvisionedConcurrency" not in variant.settings["ServerlessConfig"]:
        raise invalid(f"Serverless variant without provisioned concurrency cannot scale: {resource}")


def _check_bounds(region: str, params: Params) -> None:
    lowest, highest = params.get("MinCapacity"), params.get("MaxCapacity")
    if None in {lowest, highest} and _key(params) not in registered(region):
        raise invalid("Both MinCapacity and MaxCapacity are required to register a scalable target.")
    if lowest is not None and highest is not None and lowest > highest:
        raise invalid("Maximum capacity cannot be less than minimum capacity")


def _key(params: Params) -> tuple[str, str]:
    return params["ResourceId"], params["ScalableDimension"]


def _policy_key(params: Params) -> tuple[str, str]:
    return params["ResourceId"], params["PolicyName"]


def _told(params: Params) -> str:
    return (
        f"service namespace: {params['ServiceNamespace']}, resource ID: {params['ResourceId']}, "
        f"scalable dimension: {params['ScalableDimension']}"
    )


def _backend(region: str) -> ApplicationAutoscalingBackend:
    return applicationautoscaling_backends[ACCOUNT][region]

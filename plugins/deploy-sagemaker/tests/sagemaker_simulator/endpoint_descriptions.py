"""What `DescribeEndpoint` and `ListEndpoints` show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagemaker_simulator.endpoints import find_endpoint
from sagemaker_simulator.listing import page

if TYPE_CHECKING:
    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.endpoint import Endpoint, Fleet, Variant
    from sagemaker_simulator.place import Place

_COPIED = ("ManagedInstanceScaling", "RoutingConfig")


def describe_endpoint(place: Place, params: Params) -> Params:
    """Everything about an endpoint."""
    endpoint = find_endpoint(place, params["EndpointName"])
    answer = {
        **_summary(endpoint),
        "EndpointConfigName": endpoint.config,
        "FailureReason": endpoint.reason,
        "LastDeploymentConfig": endpoint.deployment,
        **(_of_fleet(endpoint.fleet) if endpoint.fleet else {}),
        "PendingDeploymentSummary": _pending(endpoint.pending, endpoint.pending_since) if endpoint.pending else None,
    }
    return {name: value for name, value in answer.items() if value is not None}


def list_endpoints(place: Place, params: Params) -> Params:
    """A page of endpoints."""
    every = map(_summary, place.endpoints.values())
    return page("Endpoint", "Endpoints", every, params, place.account.settings.page_size)


def _summary(endpoint: Endpoint) -> Params:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
        "EndpointStatus": endpoint.status,
    }


def _of_fleet(fleet: Fleet) -> Params:
    return {
        "ProductionVariants": [_variant(each) for each in fleet.production] or None,
        "ShadowProductionVariants": [_variant(each) for each in fleet.shadows] or None,
        "DataCaptureConfig": _capture(fleet.capture) if fleet.capture else None,
        "AsyncInferenceConfig": fleet.content.get("AsyncInferenceConfig"),
        "ExplainerConfig": fleet.content.get("ExplainerConfig"),
    }


def _capture(config: Params) -> Params:
    enabled = config.get("EnableCapture", False)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId", ""),
    }


def _variant(variant: Variant) -> Params:
    image = {"SpecifiedImage": variant.definition["Image"], "ResolvedImage": variant.image}
    status = {"VariantStatus": [{"Status": variant.status, "StartTime": variant.begun}]} if variant.status else {}
    return {
        "VariantName": variant.name,
        "DeployedImages": [{**image, "ResolutionTime": variant.begun}],
        "CurrentWeight": variant.weight,
        "DesiredWeight": variant.desired_weight,
        **_capacity(variant),
        **{name: variant.settings[name] for name in _COPIED if name in variant.settings},
        **status,
    }


def _capacity(variant: Variant) -> Params:
    serverless = variant.settings.get("ServerlessConfig")
    if serverless is not None:
        return {"CurrentServerlessConfig": serverless, "DesiredServerlessConfig": serverless}
    return {"CurrentInstanceCount": variant.count, "DesiredInstanceCount": variant.desired_count}


def _pending(fleet: Fleet, since: float) -> Params:
    found: Params = {"EndpointConfigName": fleet.config, "StartTime": since}
    for member, variants in (("ProductionVariants", fleet.production), ("ShadowProductionVariants", fleet.shadows)):
        if variants:
            found[member] = [_pending_variant(each) for each in variants]
    return found


def _pending_variant(variant: Variant) -> Params:
    shown = {name: value for name, value in _variant(variant).items() if name != "DeployedImages"}
    kind = variant.settings.get("InstanceType")
    return {**shown, "InstanceType": kind} if kind else shown

"""Endpoints: creating, updating and deleting them; `endpoint_descriptions` shows them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sagemaker_simulator import fleets, rollout, scaling
from sagemaker_simulator.deployments import check_deployment
from sagemaker_simulator.endpoint import Endpoint, Variant
from sagemaker_simulator.endpoint_configs import find_config, variants
from sagemaker_simulator.fleets import DeploymentFailedError, Kept
from sagemaker_simulator.quotas import check_quota
from sagemaker_simulator.refusals import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.failures import Failure
    from sagemaker_simulator.place import Place, Record

_BUSY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})


def create_endpoint(place: Place, params: Params, failure: Failure | None) -> Params:
    """Begin to create an endpoint."""
    name, arn = params["EndpointName"], place.arn("endpoint", params["EndpointName"])
    if name in place.endpoints:
        raise invalid(f'Cannot create already existing endpoint "{arn}".')
    config = find_config(place, params["EndpointConfigName"])
    check_deployment(place, params.get("DeploymentConfig"), config.content)
    check_quota(place, variants(config.content))
    endpoint = Endpoint(name, arn, config.name, deployment=params.get("DeploymentConfig"))
    place.endpoints[name] = endpoint
    place.tag(arn, params.get("Tags", []))
    place.account.work.begin(lambda: rollout.create(place, endpoint, failure))
    return {"EndpointArn": arn}


def find_endpoint(place: Place, name: str) -> Endpoint:
    """An endpoint.

    Raises:
        Refusal: There is none.
    """
    if name not in place.endpoints:
        raise invalid(f'Could not find endpoint "{place.arn("endpoint", name)}".')
    return place.endpoints[name]


def update_endpoint(place: Place, params: Params, failure: Failure | None) -> Params:
    """Begin to replace what serves."""
    endpoint = find_endpoint(place, params["EndpointName"])
    _check_ready(place, endpoint)
    config = find_config(place, params["EndpointConfigName"])
    deployment = _deployment(place, endpoint, params, config)
    _check_scaling(place, endpoint, config)
    check_quota(place, variants(config.content))
    assert endpoint.fleet is not None
    excluded = [each["VariantPropertyType"] for each in params.get("ExcludeRetainedVariantProperties", [])]
    kept = Kept(endpoint.fleet, excluded) if params.get("RetainAllVariantProperties") else None
    try:
        fleet = fleets.prepare(place, config, kept)
    except DeploymentFailedError as error:
        raise invalid(str(error)) from error
    _check_weights(variant.weight for variant in fleet.production)
    endpoint.pending, endpoint.pending_since, endpoint.deployment = fleet, time.time(), deployment
    endpoint.become("Updating")
    place.account.work.begin(lambda: rollout.update(place, endpoint, fleet, failure))
    return {"EndpointArn": endpoint.arn}


def update_weights(place: Place, params: Params) -> Params:
    """Begin to divide the traffic and the instances anew: `UpdateEndpointWeightsAndCapacities`."""
    endpoint = find_endpoint(place, params["EndpointName"])
    _check_ready(place, endpoint)
    asked = [(_variant(endpoint, each["VariantName"]), each) for each in params["DesiredWeightsAndCapacities"]]
    for variant, each in asked:
        _check_capacity(variant, each)
    assert endpoint.fleet is not None
    weights = {variant: variant.desired_weight for variant in endpoint.fleet.production}
    weights |= {variant: each["DesiredWeight"] for variant, each in asked if "DesiredWeight" in each}
    _check_weights(weights.values())
    for variant, each in asked:
        variant.desired_weight = float(each.get("DesiredWeight", variant.desired_weight))
        variant.desired_count = each.get("DesiredInstanceCount", variant.desired_count)
        if "ServerlessUpdateConfig" in each:
            variant.settings["ServerlessConfig"] |= each["ServerlessUpdateConfig"]
        variant.status, variant.begun = "Updating", time.time()
    endpoint.become("Updating")
    place.account.work.begin(lambda: rollout.reweigh(place, endpoint))
    return {"EndpointArn": endpoint.arn}


def delete_endpoint(place: Place, params: Params) -> Params:
    """Begin to delete an endpoint."""
    endpoint = find_endpoint(place, params["EndpointName"])
    _check_idle(endpoint)
    endpoint.become("Deleting")
    place.account.work.begin(lambda: rollout.delete(place, endpoint))
    return {}


def _check_idle(endpoint: Endpoint) -> None:
    if endpoint.status in _BUSY:
        raise invalid(f'Cannot update in-progress endpoint "{endpoint.arn}".')


def _check_ready(place: Place, endpoint: Endpoint) -> None:
    _check_idle(endpoint)
    if endpoint.status != "InService":
        raise invalid(f'Cannot update endpoint "{endpoint.arn}" in status {endpoint.status}; only delete it.')
    find_config(place, endpoint.config)


def _deployment(place: Place, endpoint: Endpoint, params: Params, config: Record) -> Params | None:
    given: Params | None = params.get("DeploymentConfig")
    if params.get("RetainDeploymentConfig"):
        if given is not None:
            raise invalid("Cannot specify both DeploymentConfig and RetainDeploymentConfig.")
        return endpoint.deployment
    check_deployment(place, given, config.content)
    return given


def _check_scaling(place: Place, endpoint: Endpoint, config: Record) -> None:
    """What scales by itself keeps its type while it does."""
    assert endpoint.fleet is not None
    types = {each["VariantName"]: each.get("InstanceType") for each in variants(config.content)}
    scaling_ones = scaling.scaling_variants(place.region, endpoint.name)
    wrong = [
        each.name
        for each in endpoint.fleet.production
        if each.name in scaling_ones and types.get(each.name, "") != each.settings.get("InstanceType")
    ]
    if wrong:
        raise invalid(
            f'The variant(s) "[{", ".join(wrong)}]" must be deregistered as scalable targets with AutoScaling before '
            "they can be removed or have their instance type updated."
        )


def _variant(endpoint: Endpoint, name: str) -> Variant:
    assert endpoint.fleet is not None
    for variant in endpoint.fleet.variants:
        if variant.name == name:
            return variant
    raise invalid(f'The variant name(s) "{name}" is/are not present within endpoint configuration "{endpoint.config}".')


def _check_weights(weights: Iterable[float]) -> None:
    if not any(weights):
        raise invalid("At least one production variant must have a weight greater than 0.")


def _check_capacity(variant: Variant, asked: Params) -> None:
    if "ServerlessConfig" in variant.settings and "DesiredInstanceCount" in asked:
        raise invalid(f"DesiredInstanceCount is not supported for the serverless variant {variant.name}.")
    if "ServerlessConfig" not in variant.settings and "ServerlessUpdateConfig" in asked:
        raise invalid(f"ServerlessUpdateConfig is not supported for the variant {variant.name}.")

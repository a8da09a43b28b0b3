"""What goes on behind an endpoint while it is created, updated and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagemaker_simulator import cloudwatch, fleets, scaling
from sagemaker_simulator.endpoint_configs import find_config
from sagemaker_simulator.failures import Failure
from sagemaker_simulator.fleets import DeploymentFailedError
from sagemaker_simulator.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.endpoint import Endpoint, Fleet
    from sagemaker_simulator.place import Place


def create(place: Place, endpoint: Endpoint, failure: Failure | None) -> None:
    """Bring an endpoint into service, or let it fail."""
    place.account.work.pause(place.account.settings.delay)
    try:
        with place.lock:
            fleet = fleets.prepare(place, find_config(place, endpoint.config))
        fleets.start(place, endpoint.name, fleet, failure)
    except (DeploymentFailedError, Refusal) as error:
        with place.lock:
            endpoint.become("Failed", str(error))
        return
    with place.lock:
        endpoint.fleet = fleet
        endpoint.become("InService")


def update(place: Place, endpoint: Endpoint, fleet: Fleet, failure: Failure | None) -> None:
    """Replace what serves, or go back to it."""
    place.account.work.pause(place.account.settings.delay)
    try:
        fleets.start(place, endpoint.name, fleet, failure)
        _shift(place, endpoint, fleet)
    except DeploymentFailedError as error:
        _roll_back(place, endpoint, fleet, str(error), failure)
        return
    if endpoint.fleet is not None:
        endpoint.fleet.stop()
    with place.lock:
        endpoint.fleet, endpoint.pending, endpoint.shifted = fleet, None, 0.0
        endpoint.config = fleet.config
        endpoint.become("InService")


def _roll_back(place: Place, endpoint: Endpoint, fleet: Fleet, reason: str, failure: Failure | None) -> None:
    with place.lock:
        endpoint.pending, endpoint.shifted = None, 0.0
        endpoint.become("RollingBack", reason)
    fleet.stop()
    place.account.work.pause(place.account.settings.delay)
    with place.lock:
        endpoint.become("UpdateRollbackFailed" if failure is Failure.ROLLBACK else "InService", reason)


def delete(place: Place, endpoint: Endpoint) -> None:
    """End an endpoint's servers, and forget it."""
    place.account.work.pause(place.account.settings.delay)
    if endpoint.fleet is not None:
        endpoint.fleet.stop()
    with place.lock:
        scaling.deregister(place.region, endpoint.name)
        place.tags.pop(endpoint.arn, None)
        del place.endpoints[endpoint.name]


def reweigh(place: Place, endpoint: Endpoint) -> None:
    """Give the variants the weights and instances that were asked for."""
    place.account.work.pause(place.account.settings.delay)
    with place.lock:
        assert endpoint.fleet is not None
        for variant in endpoint.fleet.variants:
            variant.weight, variant.count, variant.status = variant.desired_weight, variant.desired_count, None
        endpoint.become("InService")


def _shift(place: Place, endpoint: Endpoint, fleet: Fleet) -> None:
    """Move the traffic in the steps of the deployment, each watched for a while.

    Raises:
        DeploymentFailedError: An alarm has gone off.
    """
    deployment = endpoint.deployment or {}
    for part, seconds in _steps(deployment, fleet):
        with place.lock:
            endpoint.shifted = part
            _mark(fleet, "Baking")
        place.account.work.pause(min(seconds, place.account.settings.delay))
        rung = cloudwatch.alarmed(place.region, alarm_names(deployment))
        if rung:
            raise DeploymentFailedError(f"One or more alarms went off during the deployment: {', '.join(rung)}.")
    with place.lock:
        _mark(fleet, None)


def _steps(deployment: Params, fleet: Fleet) -> Iterator[tuple[float, float]]:
    """The part of the traffic after each step, and how long it is watched then."""
    policy = deployment.get("BlueGreenUpdatePolicy", {})
    routing = policy.get("TrafficRoutingConfiguration", deployment.get("RollingUpdatePolicy", {}))
    seconds = float(routing.get("WaitIntervalInSeconds", 0))
    sizes = [routing[name] for name in ("CanarySize", "LinearStepSize", "MaximumBatchSize") if name in routing]
    part = _part(sizes[0], fleet) if sizes else 1.0
    reached = part
    while reached < 1.0 - 1e-9:
        yield reached, seconds
        reached = 1.0 if "CanarySize" in routing else reached + part
    yield 1.0, seconds + float(policy.get("TerminationWaitInSeconds", 0))


def _part(size: Params, fleet: Fleet) -> float:
    every = 100 if size["Type"] == "CAPACITY_PERCENT" else sum(variant.count for variant in fleet.production)
    return min(1.0, float(size["Value"]) / max(every, 1))


def alarm_names(deployment: Params) -> list[str]:
    """The alarms that a deployment is watched by."""
    return [each["AlarmName"] for each in deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])]


def _mark(fleet: Fleet, status: str | None) -> None:
    for variant in fleet.variants:
        variant.status = status

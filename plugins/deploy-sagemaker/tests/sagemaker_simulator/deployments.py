"""How an update is rolled out: what SageMaker checks of a `DeploymentConfig` beyond its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagemaker_simulator import cloudwatch
from sagemaker_simulator.refusals import invalid
from sagemaker_simulator.rollout import alarm_names

if TYPE_CHECKING:
    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.place import Place

_SIZES = {"ALL_AT_ONCE": None, "CANARY": "CanarySize", "LINEAR": "LinearStepSize"}
_LARGEST_STEP = 0.5


def check_deployment(place: Place, deployment: Params | None, config: Params) -> None:
    """Check how an update shall be rolled out.

    Args:
        place: Where.
        deployment: How it shall be; None leaves it to SageMaker.
        config: The configuration that is rolled out.

    Raises:
        Refusal: It cannot be so.
    """
    if deployment is None:
        return
    if "BlueGreenUpdatePolicy" in deployment and "RollingUpdatePolicy" in deployment:
        raise invalid("Cannot specify both BlueGreenUpdatePolicy and RollingUpdatePolicy.")
    missing = cloudwatch.missing_alarms(place.region, alarm_names(deployment))
    if missing:
        raise invalid(f"Could not find CloudWatch alarms: {', '.join(missing)}.")
    if "BlueGreenUpdatePolicy" in deployment:
        _check_routing(deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"], config)
    if "RollingUpdatePolicy" in deployment:
        _check_step("MaximumBatchSize", deployment["RollingUpdatePolicy"], config)


def _check_routing(routing: Params, config: Params) -> None:
    kind, needed = routing["Type"], _SIZES[routing["Type"]]
    for name in ("CanarySize", "LinearStepSize"):
        if name in routing and name != needed:
            raise invalid(f"{name} is not allowed for the traffic routing type {kind}.")
    if needed is not None and needed not in routing:
        raise invalid(f"{needed} is required for the traffic routing type {kind}.")
    if needed is not None:
        _check_step(needed, routing, config)


def _check_step(name: str, policy: Params, config: Params) -> None:
    size = policy[name]
    instances = sum(variant.get("InitialInstanceCount", 0) for variant in config["ProductionVariants"])
    every = 100 if size["Type"] == "CAPACITY_PERCENT" else max(instances, 1)
    if size["Value"] / every > _LARGEST_STEP:
        raise invalid(f"{name} must be less than or equal to {_LARGEST_STEP:.0%} of the variant's instance count.")

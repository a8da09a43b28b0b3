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
_LARGEST_STEP = 50


def check_deployment(place: Place, deployment: Params | None) -> None:
    """Check how an update shall be rolled out.

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
        _check_routing(deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"])


def _check_routing(routing: Params) -> None:
    kind, needed = routing["Type"], _SIZES[routing["Type"]]
    for name in ("CanarySize", "LinearStepSize"):
        if name in routing and name != needed:
            raise invalid(f"{name} is not allowed for the traffic routing type {kind}.")
    if needed is not None and needed not in routing:
        raise invalid(f"{needed} is required for the traffic routing type {kind}.")
    size = routing.get(needed, {}) if needed else {}
    if size.get("Type") == "CAPACITY_PERCENT" and size["Value"] > _LARGEST_STEP:
        raise invalid(f"{needed} must be at most {_LARGEST_STEP} percent of the capacity.")

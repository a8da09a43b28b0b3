"""Application Auto Scaling for the variants of an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack_deploy_sagemaker.faults import AbsentError, in_words
from modelpack_deploy_sagemaker.names import SCALING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelpack_deploy_sagemaker.account import Account
    from modelpack_deploy_sagemaker.survey import Standing

_SPACE = "sagemaker"
_DIMENSION = "sagemaker:variant:DesiredInstanceCount"


def register(account: Account, standing: Standing) -> None:
    """Let the instances of the variant that serves follow the requests, as its configuration's tag says."""
    wanted = standing.config_tags.get(SCALING)
    own = standing.config_tags.get("modelpack:name")
    variants = [
        each["VariantName"] for each in standing.variants if each["VariantName"].endswith(str(standing.revision))
    ]
    if wanted is None or own != standing.name or not variants:
        return
    least, most, invocations, scale_in, scale_out = wanted.split("/")
    client = account.client("application-autoscaling")
    target: dict[str, Any] = {
        "ServiceNamespace": _SPACE,
        "ResourceId": _resource(standing.name, variants[0]),
        "ScalableDimension": _DIMENSION,
    }
    policy = {
        "TargetValue": float(invocations),
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "ScaleInCooldown": int(scale_in),
        "ScaleOutCooldown": int(scale_out),
    }
    with in_words(f"set up the autoscaling of {standing.name}"):
        client.register_scalable_target(**target, MinCapacity=int(least), MaxCapacity=int(most))
        client.put_scaling_policy(
            **target,
            PolicyName=f"modelpack-{variants[0]}",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=policy,
        )


def deregister(account: Account, standing: Standing) -> None:
    """End the autoscaling of all variants, as SageMaker wants it before an endpoint is updated or deleted."""
    if SCALING in standing.config_tags:
        _deregister(account, [_resource(standing.name, each["VariantName"]) for each in standing.variants])


def _deregister(account: Account, resources: Iterable[str]) -> None:
    client = account.client("application-autoscaling")
    for resource in resources:
        try:
            with in_words(f"end the autoscaling of {resource}"):
                client.deregister_scalable_target(
                    ServiceNamespace=_SPACE, ResourceId=resource, ScalableDimension=_DIMENSION
                )
        except AbsentError:
            continue


def _resource(endpoint: str, variant: str) -> str:
    return f"endpoint/{endpoint}/variant/{variant}"

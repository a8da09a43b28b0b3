"""Application Auto Scaling for the variants of an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import DeployError
from modelpack_deploy_sagemaker.faults import AbsentError, in_words
from modelpack_deploy_sagemaker.names import SCALING

if TYPE_CHECKING:
    from collections.abc import Collection

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


def deregister(account: Account, standing: Standing, kept: Collection[str] = ()) -> None:
    """End the autoscaling of the variants that go, as SageMaker wants it before they do.

    An account that may not do so most likely has set up none; if it has, SageMaker tells it.
    """
    for variant in (each["VariantName"] for each in standing.variants if each["VariantName"] not in kept):
        try:
            _deregister(account, _resource(standing.name, variant))
        except DeployError as error:
            if error.code != "permission_denied" or SCALING in standing.config_tags:
                raise


def _deregister(account: Account, resource: str) -> None:
    try:
        with in_words(f"end the autoscaling of {resource}"):
            account.client("application-autoscaling").deregister_scalable_target(
                ServiceNamespace=_SPACE, ResourceId=resource, ScalableDimension=_DIMENSION
            )
    except AbsentError:
        return


def _resource(endpoint: str, variant: str) -> str:
    return f"endpoint/{endpoint}/variant/{variant}"

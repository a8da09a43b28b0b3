"""The variants of an endpoint's configuration, and how traffic moves to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelpack_deploy_sagemaker.options import Rollout
    from modelpack_deploy_sagemaker.wish import Wish

Request = dict[str, Any]

_ONE_PRODUCTION = 1


def production_variants(wish: Wish) -> list[Request]:
    """The variants that answer: this model's alone; with `add`, those that stand and this one at weight 0 (S131)."""
    kept = [_kept(wish, each) for each in wish.standing.config.get("ProductionVariants", ())]
    if wish.options.shadow is not None:
        if len(kept) != _ONE_PRODUCTION:
            raise DeployError(
                f"a shadow needs an endpoint with one variant, and {wish.name} has {len(kept)}",
                code="rejected",
                hint="deploy a model without the option shadow first",
            )
        return kept
    own = _own_variant(wish, 1.0)
    if wish.options.mode != "add" or not wish.standing.is_ours:
        return [own]
    others = [each for each in kept if each["VariantName"] != wish.model_name]
    return [*others, {**own, "InitialVariantWeight": 0.0 if others else 1.0}]


def shadow_variants(wish: Wish) -> list[Request]:
    """This model as a shadow: its weight is its share of the requests, where the production variant's is 1."""
    (production,) = production_variants(wish)
    share = (wish.options.shadow or 0) / 100
    return [_own_variant(wish, share * (production.get("InitialVariantWeight") or 1.0))]


def data_capture(wish: Wish) -> Request | None:
    """What is kept of requests; what stands when nothing is said of it."""
    wanted = wish.options.data_capture
    if wanted is None:
        standing: Request | None = wish.standing.config.get("DataCaptureConfig") if wish.standing.is_ours else None
        is_possible = wish.options.serverless is None and wish.options.asynchronous is None
        return standing if is_possible else None
    base = f"s3://{wish.account.bucket}/{wish.options.prefix}/{wish.name}/captured"
    capture: Request = {
        "EnableCapture": wanted.enabled,
        "InitialSamplingPercentage": wanted.percentage,
        "DestinationS3Uri": wanted.destination or base,
        "CaptureOptions": [{"CaptureMode": mode} for mode in wanted.capture],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
    }
    return capture if wish.options.kms_key is None else {**capture, "KmsKeyId": wish.options.kms_key}


def deployment_config(rollout: Rollout) -> Request:
    """How an update moves the traffic, and when SageMaker goes back by itself."""
    traffic: Request = {"Type": rollout.kind.upper(), "WaitIntervalInSeconds": rollout.wait}
    size = {"Type": "CAPACITY_PERCENT", "Value": rollout.percent}
    if rollout.kind != "all_at_once":
        traffic["CanarySize" if rollout.kind == "canary" else "LinearStepSize"] = size
    policy: Request = {"TrafficRoutingConfiguration": traffic, "TerminationWaitInSeconds": rollout.terminate_after}
    if rollout.timeout is not None:
        policy["MaximumExecutionTimeoutInSeconds"] = rollout.timeout
    alarms = [{"AlarmName": alarm} for alarm in rollout.alarms]
    return {"BlueGreenUpdatePolicy": policy, **({"AutoRollbackConfiguration": {"Alarms": alarms}} if alarms else {})}


def _own_variant(wish: Wish, weight: float) -> Request:
    options = wish.options
    variant: Request = {
        "VariantName": wish.model_name,
        "ModelName": wish.model_name,
        "InitialVariantWeight": weight,
    }
    if options.serverless is not None:
        sizes = {
            "MemorySizeInMB": options.serverless.memory,
            "MaxConcurrency": options.serverless.max_concurrency,
            "ProvisionedConcurrency": options.serverless.provisioned,
        }
        return {**variant, "ServerlessConfig": {name: size for name, size in sizes.items() if size is not None}}
    variant |= {"InstanceType": options.instance_type, "InitialInstanceCount": _count(wish)}
    if options.startup_timeout is not None:
        variant["ContainerStartupHealthCheckTimeoutInSeconds"] = options.startup_timeout
    if options.download_timeout is not None:
        variant["ModelDataDownloadTimeoutInSeconds"] = options.download_timeout
    return variant


def _count(wish: Wish) -> int:
    """How many instances it begins with: with autoscaling as many as answer by now, so that requests find enough."""
    scaling, count = wish.options.autoscaling, wish.options.instance_count
    if scaling is None:
        return count
    now = sum(each.get("CurrentInstanceCount", 0) for each in wish.standing.variants)
    return int(min(max(count, now, scaling.min, 1), scaling.max))


def _kept(wish: Wish, variant: Mapping[str, Any]) -> Request:
    """A variant of the configuration that stands, with the traffic and the instances that it has by now."""
    now = next((each for each in wish.standing.variants if each["VariantName"] == variant["VariantName"]), {})
    kept = dict(variant)
    if "CurrentWeight" in now:
        kept["InitialVariantWeight"] = now["CurrentWeight"]
    if now.get("CurrentInstanceCount") and "InitialInstanceCount" in variant:
        kept["InitialInstanceCount"] = now["CurrentInstanceCount"]
    return kept

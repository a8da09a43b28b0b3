"""Data capture, autoscaling, shadows, roll-outs, serverless and asynchronous endpoints."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from conftest import Place
from deploying import FIRST, SECOND, Models, config, count, deploy, predictions, refusal
from sagemaker_simulator import Failure

from modelpack import deployments
from modelpack.errors import DeployError

pytestmark = pytest.mark.slow


def test_data_capture_is_kept_on_an_update(place: Place, models: Models) -> None:
    """Also when it was set up by somebody else; it is switched off by saying so."""
    deploy(place, models[0], data_capture={"percentage": 50, "capture": ["Input"]})
    before = config()["DataCaptureConfig"]
    deploy(place, models[1])
    assert config()["DataCaptureConfig"] == before
    deploy(place, models[0], data_capture={"enabled": False})
    assert config()["DataCaptureConfig"]["EnableCapture"] is False


def wait_until_ready(place: Place) -> None:
    """Wait until nothing is being changed."""
    boto3.client("sagemaker").get_waiter("endpoint_in_service").wait(EndpointName="plus", WaiterConfig={"Delay": 1})
    assert deployments.get("plus", **place.arguments()).state == "ready"


def test_autoscaling_follows_the_deployment(place: Place, models: Models) -> None:
    """It is set up for what serves, also after an update that failed, and goes with it."""
    scaling: dict[str, Any] = {"autoscaling": {"min": 1, "max": 4, "target_invocations": 70, "scale_in_cooldown": 60}}

    def resources() -> list[tuple[str, int]]:
        found = boto3.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
        return [(each["ResourceId"], each["MaxCapacity"]) for each in found["ScalableTargets"]]

    first = deploy(place, models[0], **scaling)
    expected = [(f"endpoint/plus/variant/{first.variants[0].name}", 4)]
    assert resources() == expected
    place.simulator.fail_next("update_endpoint", Failure.INSUFFICIENT_CAPACITY)
    assert refusal(place, models[1], **scaling).code == "rolled_back"
    assert resources() == expected
    weights: Any = [{"VariantName": first.variants[0].name, "DesiredInstanceCount": 3}]
    boto3.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="plus", DesiredWeightsAndCapacities=weights
    )
    wait_until_ready(place)
    second = deploy(place, models[1], **scaling)
    assert config()["ProductionVariants"][0]["InitialInstanceCount"] == 3  # as many as answered before
    assert resources() == [(f"endpoint/plus/variant/{second.variants[0].name}", 4)]
    deployments.delete("plus", **place.arguments())
    assert not place.simulator.names()


def test_a_shadow_gets_requests_and_answers_none(place: Place, models: Models) -> None:
    """Deploying the same without the option lets it take over."""
    deploy(place, models[0])
    shadowed = deploy(place, models[1], shadow=100)
    assert (shadowed.state, shadowed.digest) == ("ready", models[0].digest)
    (shadow,) = shadowed.details["shadows"]
    assert predictions(place) == FIRST
    assert place.simulator.invocations("plus")[shadow] == 1
    deploy(place, models[1])
    assert predictions(place) == SECOND
    assert (count(place, "model"), count(place, "endpoint-config")) == (1, 1)


@pytest.mark.parametrize("kind", ["all_at_once", "canary", "linear"])
def test_alarms_let_an_update_go_back(place: Place, models: Models, kind: str) -> None:
    """While it is rolled out in one of the ways that there are."""
    deploy(place, models[0])
    cloudwatch = boto3.client("cloudwatch")
    metric: Any = {"Namespace": "AWS/SageMaker", "MetricName": "Invocation5XXErrors", "Statistic": "Sum", "Period": 60}
    cloudwatch.put_metric_alarm(
        AlarmName="errors", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, Threshold=1, **metric
    )
    rollout = {"kind": kind, "percent": 50, "wait": 1, "alarms": ["errors"]}
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a test")
    error = refusal(place, models[1], rollout=rollout)
    assert error.code == "rolled_back"
    assert "errors" in error.message
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="a test")
    deploy(place, models[1], rollout=rollout)
    assert predictions(place) == SECOND


def test_a_serverless_endpoint_has_no_instances(place: Place, models: Models) -> None:
    """But memory and a limit."""
    deploy(place, models[0], serverless={"memory": 3072, "max_concurrency": 2})
    (variant,) = config()["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MemorySizeInMB": 3072, "MaxConcurrency": 2}
    assert "InstanceType" not in variant
    assert predictions(place) == FIRST


def test_an_asynchronous_endpoint_is_invoked_by_way_of_the_bucket(place: Place, models: Models) -> None:
    """And a request that is refused is told in the server's words."""
    deploy(place, models[0], asynchronous={"max_concurrent": 2})
    assert predictions(place) == FIRST
    with pytest.raises(DeployError) as caught:
        deployments.invoke("plus", b"{", content_type="application/json", **place.arguments())
    assert caught.value.code == "invocation_failed"
    assert not [name for name in place.simulator.names() if "/async/requests/" in name]

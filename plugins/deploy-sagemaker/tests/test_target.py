"""Deploying to a stand-in for SageMaker that runs the real scoring server."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from conftest import Place
from sagemaker_simulator import Failure

import modelpack
from modelpack import ModelInfo, deployments
from modelpack.errors import DeployError
from modelpack.plugins.manager import PluginManager
from modelpack_deploy_sagemaker import contract
from modelpack_deploy_sagemaker.target import target

Models = tuple[ModelInfo, ModelInfo]
slow = pytest.mark.slow
BODY = b'{"dataframe_split": {"columns": ["x"], "data": [[1.5], [2.0]]}}'
FIRST, SECOND = [{"x": 2.5}, {"x": 3.0}], [{"x": 3.5}, {"x": 4.0}]
NOBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def deploy(place: Place, model: ModelInfo, *, wait: bool = True, **options: Any) -> Any:
    """Deploy a model as `plus`."""
    return modelpack.deploy(model.path, name="plus", wait=wait, timeout=90, **place.arguments(**options))


def refusal(place: Place, model: ModelInfo, **options: Any) -> DeployError:
    """The error of a deployment that does not come about."""
    with pytest.raises(DeployError) as caught:
        deploy(place, model, **options)
    return caught.value


def predictions(place: Place) -> Any:
    """What the endpoint answers."""
    answer = deployments.invoke("plus", BODY, content_type="application/json", **place.arguments())
    return json.loads(answer.body)["predictions"]


def config() -> Any:
    """The configuration that serves."""
    client = boto3.client("sagemaker")
    name = client.describe_endpoint(EndpointName="plus")["EndpointConfigName"]
    return client.describe_endpoint_config(EndpointConfigName=name)


def count(place: Place, kind: str) -> int:
    """How many of a kind there are."""
    return sum(name.startswith(f"{kind}/") for name in place.simulator.names())


def test_the_installed_plugin_is_this_one() -> None:
    """The target is found by its name, and it is valid."""
    assert PluginManager().target("sagemaker") is target


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"image": None}, "no image was named"),
        ({"image": "docker.io/library/python:3.11"}, "is none of ECR's"),
        ({"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/modelpack"}, "is none of ECR's with a tag"),
        ({"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/modelpack:2"}, "there is no image"),
        ({"image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/modelpack:1"}, "is in eu-west-1"),
        ({"role": "nobody"}, "nobody"),
        ({"role": "arn:aws:iam::123456789012:role/nobody"}, "there is no role"),
        ({"role": None}, "no role was named"),
        ({"bucket": "missing"}, "there is no bucket missing"),
        ({"instance_type": "ml.m5.larg"}, "did you mean 'ml.m5.large'"),
        ({"instance_count": 0}, "InitialInstanceCount is 0, and 1 is the least"),
        ({"startup_timeout": 10}, "10, and 60 is the least"),
        ({"serverless": {"memory": 7168}}, "7168, and 6144 is the most"),
        ({"env": {"a b": "1"}}, "Environment key is 'a b'"),
        ({"rollout": {"alarms": ["lost"]}}, "there is no alarm lost"),
        ({"shadow": 10}, "a shadow needs an endpoint with one variant"),
        ({"flavor": "mleap"}, "the model has no flavor mleap"),
    ],
)
def test_what_would_fail_later_is_refused_before_anything_is_made(
    place: Place, models: Models, options: dict[str, Any], words: str
) -> None:
    """With the value, and nothing is sent that changes something."""
    error = refusal(place, models[0], **options)
    assert error.code == "rejected"
    assert words in error.message
    assert not place.simulator.changes


def test_a_role_that_does_not_trust_sagemaker_is_refused(place: Place, models: Models) -> None:
    """The hint says what its policy has to allow."""
    error = refusal(place, models[0], role=place.simulator.create_role("closed", NOBODY))
    assert "does not trust sagemaker.amazonaws.com" in error.message
    assert "sts:AssumeRole" in (error.hint or "")


def test_a_bucket_of_another_region_is_refused(place: Place, models: Models) -> None:
    """SageMaker would say that only when the model is made."""
    location: Any = {"LocationConstraint": "eu-west-1"}
    boto3.client("s3", region_name="eu-west-1").create_bucket(Bucket="far", CreateBucketConfiguration=location)
    assert "the bucket far is in eu-west-1" in refusal(place, models[0], bucket="far").message


def test_a_role_that_cannot_be_read_is_a_warning(place: Place, models: Models) -> None:
    """Whoever may deploy may not always look at roles."""
    place.simulator.fail_next("get_role", Failure.ACCESS_DENIED, times=None)
    with pytest.warns(modelpack.ModelpackWarning, match="can be used is not known"):
        planned = deployments.plan(models[0].path, name="plus", **place.arguments())
    assert planned.steps


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Failure.ACCESS_DENIED, "permission_denied"),
        (Failure.QUOTA_EXCEEDED, "rejected"),
        (Failure.INTERNAL, "unreachable"),
    ],
)
@pytest.mark.parametrize("operation", ["create_model", "create_endpoint_config", "create_endpoint"])
def test_a_step_that_is_refused_leaves_nothing(
    place: Place, models: Models, operation: str, failure: Failure, code: str
) -> None:
    """What was made before it is gone."""
    place.simulator.fail_next(operation, failure, times=None)
    assert refusal(place, models[0]).code == code
    assert not place.simulator.names()


def test_credentials_that_are_missing_are_told(
    place: Place, models: Models, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """With the ways to give them."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    error = refusal(place, models[0])
    assert error.code == "permission_denied"
    assert "aws configure" in (error.hint or "")


def test_a_region_that_is_missing_is_told(place: Place, models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the option."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    error = refusal(place, models[0])
    assert (error.code, error.message) == ("rejected", "no AWS region is configured")


def test_a_plan_says_what_would_be_sent(place: Place, models: Models) -> None:
    """Each step, the permissions, and no secret."""
    options = {"env": {"TOKEN": "a-secret"}, "autoscaling": {"max": 3, "target_invocations": 100}}
    planned = deployments.plan(models[0].path, name="plus", **place.arguments(**options))
    assert [step.resource.partition("/")[0] for step in planned.steps] == [
        "s3",
        "model",
        "endpoint-config",
        "endpoint",
        "autoscaling",
    ]
    assert "a-secret" not in repr(planned)
    assert {"iam:PassRole", "application-autoscaling:PutScalingPolicy"} <= set(planned.permissions)
    assert not place.simulator.changes


def test_documents_are_what_the_aws_command_takes(place: Place, models: Models) -> None:
    """`aws sagemaker create-model --cli-input-json file://plus-model.json`."""
    documents = deployments.export(models[0].path, name="plus", **place.arguments())
    operations = {
        "model": "CreateModel",
        "endpoint-config": "CreateEndpointConfig",
        "create-endpoint": "CreateEndpoint",
    }
    assert set(documents) == {f"plus-{name}.json" for name in operations}
    for name, operation in operations.items():
        assert contract.problems(operation, json.loads(documents[f"plus-{name}.json"])) == []


@slow
def test_a_model_is_deployed_updated_and_deleted(place: Place, models: Models) -> None:
    """Each revision answers, and in the end nothing is left."""
    deployed = deploy(place, models[0])
    assert (deployed.state, deployed.digest) == ("ready", models[0].digest)
    assert predictions(place) == FIRST
    deploy(place, models[1])
    assert predictions(place) == SECOND
    assert (count(place, "model"), count(place, "endpoint-config")) == (1, 1)
    deployments.delete("plus", **place.arguments())
    assert not place.simulator.names()


@slow
def test_the_caller_need_not_name_the_bucket_again_to_delete(place: Place, models: Models) -> None:
    """The models say where their archives are."""
    deploy(place, models[0])
    deployments.delete("plus", target="sagemaker")
    assert not place.simulator.names()


@slow
@pytest.mark.parametrize("operation", ["create_model", "create_endpoint_config", "create_endpoint"])
def test_an_answer_that_is_lost_does_no_harm(place: Place, models: Models, operation: str) -> None:
    """What was asked for stands, and is found."""
    place.simulator.fail_next(operation, Failure.LOST_ANSWER)
    assert deploy(place, models[0]).state == "ready"
    place.simulator.fail_next("update_endpoint", Failure.LOST_ANSWER)
    assert deploy(place, models[1]).digest == models[1].digest
    assert (count(place, "model"), count(place, "endpoint-config")) == (1, 1)


@slow
@pytest.mark.parametrize(
    "failure", [Failure.HEALTH_CHECK, Failure.INSUFFICIENT_CAPACITY, Failure.IMAGE_NOT_FOUND, Failure.MODEL_DATA]
)
def test_a_first_deployment_that_fails_is_removed_with_its_endpoint(
    place: Place, models: Models, failure: Failure
) -> None:
    """So that the name is free; the error holds SageMaker's reason."""
    place.simulator.fail_next("create_endpoint", failure)
    error = refusal(place, models[0])
    assert (error.code, error.left_behind) == ("failed", ())
    assert not place.simulator.names()
    assert deploy(place, models[0]).state == "ready"


@slow
def test_a_failed_endpoint_that_was_left_is_replaced(place: Place, models: Models) -> None:
    """By whoever deploys next, as when nobody waited for the failure."""
    place.simulator.fail_next("create_endpoint", Failure.INSUFFICIENT_CAPACITY)
    deploy(place, models[0], wait=False)
    client = boto3.client("sagemaker")
    with pytest.raises(Exception, match="Failed"):
        client.get_waiter("endpoint_in_service").wait(EndpointName="plus", WaiterConfig={"Delay": 1})
    assert deployments.get("plus", **place.arguments()).state == "failed"
    deploy(place, models[1])
    assert predictions(place) == SECOND
    assert (count(place, "model"), count(place, "endpoint-config")) == (1, 1)


@slow
def test_an_update_that_fails_is_undone(place: Place, models: Models) -> None:
    """SageMaker goes back, and what it leaves is removed."""
    deploy(place, models[0])
    before = place.simulator.names()
    place.simulator.fail_next("update_endpoint", Failure.HEALTH_CHECK)
    error = refusal(place, models[1])
    assert error.code == "rolled_back"
    assert "did not pass the ping health check" in error.message
    assert predictions(place) == FIRST
    assert place.simulator.names() == before


@slow
def test_a_way_back_that_fails_too_is_left_for_people(place: Place, models: Models) -> None:
    """What may still answer is not deleted."""
    deploy(place, models[0])
    place.simulator.fail_next("update_endpoint", Failure.ROLLBACK)
    error = refusal(place, models[1])
    assert (error.code, error.left_behind) == ("failed", ("plus",))
    assert count(place, "endpoint") == 1
    deploy(place, models[1])
    assert predictions(place) == SECOND


@slow
def test_data_capture_is_kept_on_an_update(place: Place, models: Models) -> None:
    """Also when it was set up by somebody else; it is switched off by saying so."""
    deploy(place, models[0], data_capture={"percentage": 50, "capture": ["Input"]})
    before = config()["DataCaptureConfig"]
    deploy(place, models[1])
    assert config()["DataCaptureConfig"] == before
    deploy(place, models[0], data_capture={"enabled": False})
    assert config()["DataCaptureConfig"]["EnableCapture"] is False


@slow
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
    second = deploy(place, models[1], **scaling)
    assert resources() == [(f"endpoint/plus/variant/{second.variants[0].name}", 4)]
    deployments.delete("plus", **place.arguments())
    assert not place.simulator.names()


@slow
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


@slow
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


@slow
def test_a_serverless_endpoint_has_no_instances(place: Place, models: Models) -> None:
    """But memory and a limit."""
    deploy(place, models[0], serverless={"memory": 3072, "max_concurrency": 2})
    (variant,) = config()["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MemorySizeInMB": 3072, "MaxConcurrency": 2}
    assert "InstanceType" not in variant
    assert predictions(place) == FIRST


@slow
def test_an_asynchronous_endpoint_is_invoked_by_way_of_the_bucket(place: Place, models: Models) -> None:
    """And a request that is refused is told in the server's words."""
    deploy(place, models[0], asynchronous={"max_concurrent": 2})
    assert predictions(place) == FIRST
    with pytest.raises(DeployError) as caught:
        deployments.invoke("plus", b"{", content_type="application/json", **place.arguments())
    assert caught.value.code == "invocation_failed"
    assert not [name for name in place.simulator.names() if "/async/requests/" in name]


@slow
def test_delete_waits_for_a_change_in_progress(place: Place, models: Models) -> None:
    """SageMaker refuses to delete what it is creating."""
    deploy(place, models[0], wait=False)
    deployments.delete("plus", **place.arguments())
    assert not place.simulator.names()


@slow
def test_an_archive_is_kept_and_can_be_deployed_again(place: Place, models: Models) -> None:
    """What was kept on purpose is not swept up later."""
    deploy(place, models[0])
    deploy(place, models[1], archive=True)
    kept = {name for name in place.simulator.names() if models_revision(name)}
    deploy(place, models[1], instance_count=2)
    assert count(place, "model") == 2
    assert kept & set(place.simulator.names())
    deploy(place, models[0])
    assert predictions(place) == FIRST
    assert count(place, "model") == 1


def models_revision(name: str) -> bool:
    """Whether it is a model or a configuration."""
    return name.startswith(("model/", "endpoint-config/"))


@slow
def test_a_batch_is_scored_and_leaves_only_its_predictions(place: Place, models: Models) -> None:
    """Lines of JSON are sent as many at a time as fit."""
    lines = b'{"x": 1.5}\n{"x": 2.0}\n'
    boto3.client("s3").put_object(Bucket=place.bucket, Key="in/rows.jsonl", Body=lines)
    before = place.simulator.names()
    job = deployments.submit_batch(
        models[0].path,
        name="nightly",
        input=f"s3://{place.bucket}/in/",
        output=f"s3://{place.bucket}/out/",
        content_type="application/jsonlines",
        **place.arguments(),
    )
    assert (job.state, job.output) == ("succeeded", f"s3://{place.bucket}/out/")
    body = boto3.client("s3").get_object(Bucket=place.bucket, Key="out/rows.jsonl.out")["Body"].read()
    assert [json.loads(line) for line in body.splitlines()] == FIRST
    more = set(place.simulator.names() - before)
    assert more == {f"s3://{place.bucket}/out/rows.jsonl.out", f"transform-job/{job.details['job']}"}


@slow
def test_a_batch_that_fails_says_why_and_can_be_started_again(place: Place, models: Models) -> None:
    """As another job, since SageMaker keeps the first."""
    boto3.client("s3").put_object(Bucket=place.bucket, Key="in/rows.csv", Body=b"x\n1.5\n")
    data: dict[str, Any] = {"input": f"s3://{place.bucket}/in/", "output": f"s3://{place.bucket}/out/"}
    place.simulator.fail_next("create_transform_job", Failure.INSUFFICIENT_CAPACITY)
    with pytest.raises(DeployError, match="InsufficientInstanceCapacity"):
        deployments.submit_batch(models[0].path, name="nightly", **data, **place.arguments())
    job = deployments.submit_batch(models[0].path, name="nightly", **data, **place.arguments())
    assert job.state == "succeeded"
    assert (count(place, "model"), count(place, "transform-job")) == (0, 2)

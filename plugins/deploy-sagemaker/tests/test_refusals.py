"""What is refused before anything is made, and what is only looked at."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from conftest import Place
from deploying import BODY, Models, refusal
from sagemaker_simulator import Failure

import modelpack
from modelpack import deployments
from modelpack.errors import DeployError
from modelpack.plugins.manager import PluginManager
from modelpack_deploy_sagemaker import contract
from modelpack_deploy_sagemaker.target import target

NOBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


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


def test_a_quota_that_is_too_low_is_told_before_the_upload(place: Place, models: Models) -> None:
    """New accounts have none for most types; where quotas cannot be read, SageMaker itself tells it."""
    place.simulator.set_quota("ml.m5.large", 1)
    error = refusal(place, models[0], instance_count=2)
    assert error.message == "the account may have 1 instances of ml.m5.large for endpoints, and 2 are asked for"
    assert not place.simulator.changes
    place.simulator.fail_next("list_service_quotas", Failure.ACCESS_DENIED, times=None)
    assert deployments.plan(models[0].path, name="plus", **place.arguments(instance_count=2)).steps


@pytest.mark.parametrize("name", ["under_score", "dot.ted", "a" * 50])
def test_nothing_stands_under_a_name_that_nothing_can_have(place: Place, name: str) -> None:
    """Which is no error to look at, or to delete."""
    assert deployments.get(name, **place.arguments()).state == "absent"
    assert deployments.get_batch(name, **place.arguments()).state == "absent"
    deployments.delete(name, **place.arguments())
    with pytest.raises(DeployError) as caught:
        deployments.invoke(name, BODY, content_type="application/json", **place.arguments())
    assert caught.value.code == "not_deployed"

"""Deployments that come, change, fail and go."""

from __future__ import annotations

import boto3
import pytest
from conftest import Place
from deploying import FIRST, SECOND, Models, count, deploy, predictions, refusal
from sagemaker_simulator import Failure

from modelpack import deployments
from modelpack.testing.dialect_checks import assert_answers_as_the_scoring_server

pytestmark = pytest.mark.slow


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


def test_every_dialect_is_answered_as_by_the_scoring_server(place: Place, models: Models) -> None:
    """Byte for byte, as at every other target."""
    deploy(place, models[0])
    assert_answers_as_the_scoring_server(models[0].path, "plus", **place.arguments())


def test_the_caller_need_not_name_the_bucket_again_to_delete(place: Place, models: Models) -> None:
    """The models say where their archives are."""
    deploy(place, models[0])
    deployments.delete("plus", target="sagemaker")
    assert not place.simulator.names()


@pytest.mark.parametrize("operation", ["create_model", "create_endpoint_config", "create_endpoint"])
def test_an_answer_that_is_lost_does_no_harm(place: Place, models: Models, operation: str) -> None:
    """What was asked for stands, and is found."""
    place.simulator.fail_next(operation, Failure.LOST_ANSWER)
    assert deploy(place, models[0]).state == "ready"
    place.simulator.fail_next("update_endpoint", Failure.LOST_ANSWER)
    assert deploy(place, models[1]).digest == models[1].digest
    assert (count(place, "model"), count(place, "endpoint-config")) == (1, 1)


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


def test_a_way_back_that_fails_too_is_left_for_people(place: Place, models: Models) -> None:
    """What may still answer is not deleted."""
    deploy(place, models[0])
    place.simulator.fail_next("update_endpoint", Failure.ROLLBACK)
    error = refusal(place, models[1])
    assert (error.code, error.left_behind) == ("failed", ("plus",))
    assert count(place, "endpoint") == 1
    deploy(place, models[1])
    assert predictions(place) == SECOND


def test_delete_waits_for_a_change_in_progress(place: Place, models: Models) -> None:
    """SageMaker refuses to delete what it is creating."""
    deploy(place, models[0], wait=False)
    deployments.delete("plus", **place.arguments())
    assert not place.simulator.names()


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


def test_an_upload_that_was_not_ended_goes_with_the_deployment(place: Place, models: Models) -> None:
    """S3 keeps the parts of large archives, unseen and for money, when the command was killed."""
    boto3.client("s3").create_multipart_upload(Bucket=place.bucket, Key="modelpack/plus/0123456789abcdef/model.tar.gz")
    deploy(place, models[0])
    assert not [name for name in place.simulator.names() if name.startswith("s3-upload")]
    boto3.client("s3").create_multipart_upload(Bucket=place.bucket, Key="modelpack/plus/0123456789abcdef/model.tar.gz")
    deployments.delete("plus", **place.arguments())
    assert not place.simulator.names()

"""Batch transform."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from conftest import Place
from deploying import FIRST, Models, count
from sagemaker_simulator import Failure

from modelpack import deployments
from modelpack.errors import DeployError

pytestmark = pytest.mark.slow


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


def test_what_a_batch_has_left_that_never_started_goes(place: Place, models: Models) -> None:
    """With the next look, or with the deployment of that name."""
    boto3.client("s3").put_object(Bucket=place.bucket, Key="in/rows.csv", Body=b"x\n1.5\n")
    data: dict[str, Any] = {"input": f"s3://{place.bucket}/in/", "output": f"s3://{place.bucket}/out/"}
    place.simulator.fail_next("create_transform_job", Failure.ACCESS_DENIED)
    before = place.simulator.names()
    with pytest.raises(DeployError) as caught:
        deployments.submit_batch(models[0].path, name="nightly", **data, **place.arguments())
    assert caught.value.code == "permission_denied"
    assert place.simulator.names() == before
    deployments.submit_batch(models[0].path, name="nightly", wait=False, **data, **place.arguments())
    assert (count(place, "model"), deployments.get_batch("nightly", **place.arguments()).state) == (1, "running")
    with pytest.raises(DeployError, match="scores something else") as caught:
        deployments.submit_batch(models[1].path, name="nightly", **data, **place.arguments())
    assert caught.value.code == "conflict"
    waiter = boto3.client("sagemaker").get_waiter("transform_job_completed_or_stopped")
    waiter.wait(TransformJobName=jobs(place)[0], WaiterConfig={"Delay": 1})
    deployments.delete("nightly", **place.arguments())
    assert count(place, "model") == 0


def jobs(place: Place) -> list[str]:
    """The names of the transform jobs."""
    return [name.partition("/")[2] for name in place.simulator.names() if name.startswith("transform-job/")]

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

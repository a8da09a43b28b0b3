"""Batch transform: `CreateTransformJob` and the rest."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from sagemaker_simulator import transform_job
from sagemaker_simulator.listing import page
from sagemaker_simulator.models import containers, find_model
from sagemaker_simulator.refusals import Refusal, invalid
from sagemaker_simulator.transform_job import TransformJob

if TYPE_CHECKING:
    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.failures import Failure
    from sagemaker_simulator.place import Place

_TOGETHER = 100


def create_transform_job(place: Place, params: Params, failure: Failure | None) -> Params:
    """Begin a job."""
    name, arn = params["TransformJobName"], place.arn("transform-job", params["TransformJobName"])
    if name in place.jobs:
        taken = "Job name must be unique within an AWS account and region, and a job with this name already exists"
        raise Refusal("ResourceInUse", f"{taken} ({arn})")
    model = find_model(place, params["ModelName"])
    _check(params)
    content = {key: value for key, value in params.items() if key != "Tags"}
    job = TransformJob(name, arn, content, copy.deepcopy(containers(model.content)[0]))
    place.jobs[name] = job
    place.tag(arn, params.get("Tags", []))
    place.account.work.begin(lambda: transform_job.run(place, job, failure))
    return {"TransformJobArn": arn}


def describe_transform_job(place: Place, params: Params) -> Params:
    """Everything about a job."""
    job = _find(place, params["TransformJobName"])
    answer = {**job.content, **_summary(job), "TransformStartTime": job.created}
    return {name: value for name, value in answer.items() if name != "LastModifiedTime"}


def list_transform_jobs(place: Place, params: Params) -> Params:
    """A page of jobs."""
    every = map(_summary, place.jobs.values())
    return page("TransformJob", "TransformJobSummaries", every, params, place.account.settings.page_size)


def stop_transform_job(place: Place, params: Params) -> Params:
    """Let a job end before it is done."""
    job = _find(place, params["TransformJobName"])
    if job.status != "InProgress":
        raise invalid(f"The request was rejected because the transform job is in status {job.status}.")
    job.status = "Stopping"
    return {}


def _find(place: Place, name: str) -> TransformJob:
    if name not in place.jobs:
        raise invalid(f'Could not find requested job with name "{name}".')
    return place.jobs[name]


def _summary(job: TransformJob) -> Params:
    found = {
        "TransformJobName": job.name,
        "TransformJobArn": job.arn,
        "CreationTime": job.created,
        "LastModifiedTime": job.ended or job.created,
        "TransformEndTime": job.ended,
        "TransformJobStatus": job.status,
        "FailureReason": job.reason,
    }
    return {name: value for name, value in found.items() if value is not None}


def _check(params: Params) -> None:
    largest = params.get("MaxPayloadInMB", 1) * params.get("MaxConcurrentTransforms", 1)
    if largest > _TOGETHER:
        raise invalid(f"MaxConcurrentTransforms * MaxPayloadInMB must not be more than {_TOGETHER} MB.")
    asked = params["TransformInput"]
    if params.get("BatchStrategy") == "SingleRecord" and asked.get("SplitType", "None") == "None":
        raise invalid("BatchStrategy SingleRecord requires a SplitType other than None.")
    if asked.get("SplitType", "None") not in {"None", "Line"} or asked.get("CompressionType", "None") != "None":
        raise invalid("The simulator splits by lines only, and reads nothing compressed.")
    if asked["DataSource"]["S3DataSource"]["S3DataType"] != "S3Prefix" or params.get("DataProcessing"):
        raise invalid("The simulator takes a prefix, and neither filters nor joins.")

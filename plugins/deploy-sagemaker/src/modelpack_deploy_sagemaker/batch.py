"""Batch transform: scoring what lies in S3 with a model that no endpoint serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.data.media_types import MediaType
from modelpack.deployments.records import BatchJob, BatchState, DeployRequest, revision_of
from modelpack.errors import DeployError
from modelpack_deploy_sagemaker import contract, names
from modelpack_deploy_sagemaker.applying import create_anew, create_bucket, upload
from modelpack_deploy_sagemaker.artefacts import batch_artefacts
from modelpack_deploy_sagemaker.faults import ExistsError, in_words
from modelpack_deploy_sagemaker.planning import bucket_exists
from modelpack_deploy_sagemaker.removing import remove
from modelpack_deploy_sagemaker.survey import Standing, tags_if_there
from modelpack_deploy_sagemaker.wish import Wish

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelpack.deployments.records import BatchRequest
    from modelpack_deploy_sagemaker.account import Account
    from modelpack_deploy_sagemaker.options import SageMakerOptions

MOST_MEGABYTES = 100
"""What SageMaker sends in one request at most, and in all requests of an instance at a time."""
LINE_MEGABYTES = 6
_LINES = frozenset({"application/jsonl", "application/x-ndjson", "application/x-jsonlines", "application/jsonlines"})
_STATES: dict[str, BatchState] = {
    "InProgress": "running",
    "Completed": "succeeded",
    "Failed": "failed",
    "Stopping": "running",
    "Stopped": "stopped",
}
_REPEATED = frozenset({"failed", "stopped"})


class BatchWish(Wish):
    """The model of a batch, apart from those of a deployment of the same name."""

    @property
    def model_name(self) -> str:
        """What the model is called."""
        return names.batch_name(self.name, self.revision)

    @property
    def key(self) -> str:
        """Where in the bucket the archive lies."""
        return names.batch_key(self.options.prefix, self.name, self.revision)


def submit(request: BatchRequest[SageMakerOptions], account: Account) -> BatchJob:
    """Start a job, or find the one that the same call has started; one that failed is started again.

    Raises:
        DeployError: SageMaker would refuse a value (`rejected`), or refuses the job; a job of that name that does
            something else goes on (`conflict`).
    """
    wish = _wish(request, account)
    _check_name(request.name)
    first = names.batch_name(request.name, _revision(request))
    jobs = list(_jobs(account, request.name))
    earlier = [job for job in jobs if job == first or job.startswith(f"{first}-")]
    standing = _described(account, request.name, jobs[0]) if jobs else None
    if standing is not None and standing.state == "running" and jobs[0] not in earlier:
        raise DeployError(
            f"the job {request.name} scores something else at this moment",
            code="conflict",
            hint="wait until it is done, or take another name",
        )
    found = _described(account, request.name, earlier[0]) if earlier else None
    if found is not None and found.state not in _REPEATED:
        return found
    job_name = first if not earlier else f"{first}-{len(earlier) + 1}"
    asked = _job(request, wish, job_name)
    problems = [*contract.problems("CreateModel", wish.model()), *contract.problems("CreateTransformJob", asked)]
    if problems:
        raise DeployError(f"SageMaker would refuse {'; '.join(problems)}", code="rejected")
    try:
        _start(wish, asked)
    except ExistsError:
        pass  # the same call has started it meanwhile
    except DeployError:
        sweep(account, request.name)
        raise
    return _described(account, request.name, job_name)


def _start(wish: BatchWish, asked: dict[str, Any]) -> None:
    if not bucket_exists(wish.account):
        create_bucket(wish.account)
    upload(wish)
    create_anew(wish.account, "model", wish.model())
    with in_words(f"start the job {asked['TransformJobName']}"):
        wish.account.sagemaker.create_transform_job(**asked)


def get(account: Account, name: str) -> BatchJob:
    """The job of a name that was started last; what was made for one that has ended is removed.

    A job itself cannot be deleted: SageMaker keeps it.
    """
    newest = next(_jobs(account, name), None) if names.is_name(name) else None
    if newest is None:
        return BatchJob(name=name, state="absent")
    found = _described(account, name, newest)
    if not account.options.archive:
        sweep(account, name)
    return found


def sweep(account: Account, name: str) -> None:
    """Remove what was made for jobs of a name that are over or were never started, as far as the caller may."""
    if not names.is_name(name):
        return
    try:
        left = batch_artefacts(account, name)
        newest = next(_jobs(account, name), None) if left else None
        if newest is None or _described(account, name, newest).state != "running":
            remove(account, left)
    except DeployError as error:
        if error.code != "permission_denied":
            raise


def _wish(request: BatchRequest[SageMakerOptions], account: Account) -> BatchWish:
    """The model that the job needs."""
    options = request.options
    if options.serverless is not None or options.asynchronous is not None or options.shadow is not None:
        raise DeployError(
            "a batch runs on instances of its own",
            code="rejected",
            hint="leave out serverless, asynchronous and shadow; give instance_type and instance_count",
        )
    model: DeployRequest[SageMakerOptions] = DeployRequest(
        name=request.name, model_path=request.model_path, digest=request.digest, options=options
    )
    return BatchWish(model, account, Standing(request.name))


def _check_name(name: str) -> None:
    if not names.is_name(name):
        raise DeployError(
            f"{name!r} cannot be the name of a job",
            code="rejected",
            hint=f"use at most {names.LONGEST_NAME} letters, digits and -, beginning and ending with one of the former",
        )


def _revision(request: BatchRequest[SageMakerOptions]) -> str:
    task = {"input": request.input, "output": request.output, "types": [request.content_type, request.accept]}
    return revision_of(request.digest, {**request.options.settings(), **task})


def _job(request: BatchRequest[SageMakerOptions], wish: Wish, job_name: str) -> dict[str, Any]:
    """The request for a transform job.

    Lines are sent as many at a time as fit. A CSV file has its header in its first line, so it is sent whole, unless
    its type says `header=absent`.
    """
    options, by_lines = request.options, _is_lines(request.content_type)
    output: dict[str, Any] = {
        "S3OutputPath": request.output,
        "Accept": request.accept or MediaType.parse(request.content_type).name,
        "AssembleWith": "Line" if by_lines else "None",
    }
    resources: dict[str, Any] = {"InstanceType": options.instance_type, "InstanceCount": options.instance_count}
    if options.kms_key is not None:
        output["KmsKeyId"] = resources["VolumeKmsKeyId"] = options.kms_key
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": request.input}}
    return {
        "TransformJobName": job_name,
        "ModelName": wish.model_name,
        "BatchStrategy": "MultiRecord",
        "MaxPayloadInMB": LINE_MEGABYTES if by_lines else MOST_MEGABYTES,
        "MaxConcurrentTransforms": MOST_MEGABYTES // LINE_MEGABYTES if by_lines else 1,
        "TransformInput": {
            "DataSource": source,
            "ContentType": request.content_type,
            "SplitType": "Line" if by_lines else "None",
        },
        "TransformOutput": output,
        "TransformResources": resources,
        "Tags": names.as_tags(wish.tags),
    }


def _is_lines(content_type: str) -> bool:
    kind = MediaType.parse(content_type)
    return kind.name in _LINES or (kind.name == "text/csv" and ("header", "absent") in kind.parameters)


def _jobs(account: Account, name: str) -> Iterator[str]:
    """The names of the jobs of a name, the newest first."""
    with in_words(f"list the jobs of {name}"):
        pages = account.sagemaker.get_paginator("list_transform_jobs").paginate(
            NameContains=names.batch_name(name, ""), SortBy="CreationTime", SortOrder="Descending"
        )
        for each in (each for page in pages for each in page["TransformJobSummaries"]):
            if tags_if_there(account, each["TransformJobArn"]).get(names.NAME) == name:
                yield each["TransformJobName"]


def _described(account: Account, name: str, job: str) -> BatchJob:
    with in_words(f"look at the job {job}"):
        found: Mapping[str, Any] = account.sagemaker.describe_transform_job(TransformJobName=job)
    return BatchJob(
        name=name,
        state=_STATES[found["TransformJobStatus"]],
        output=found["TransformOutput"]["S3OutputPath"],
        reason=found.get("FailureReason"),
        details={"job": job, "arn": found["TransformJobArn"], "model": found["ModelName"], "region": account.region},
    )

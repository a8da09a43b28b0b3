"""The steps that fulfil a wish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.deployments.records import Plan, Step
from modelpack_deploy_sagemaker import survey
from modelpack_deploy_sagemaker.faults import AbsentError, in_words
from modelpack_deploy_sagemaker.names import DIGEST, REVISION
from modelpack_deploy_sagemaker.wish import Wish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.deployments.records import DeployRequest
    from modelpack_deploy_sagemaker.account import Account
    from modelpack_deploy_sagemaker.options import SageMakerOptions

BASIC_PERMISSIONS = (
    "iam:GetRole",
    "iam:PassRole",
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:PutObject",
    "s3:PutObjectTagging",
    "sagemaker:AddTags",
    "sagemaker:CreateEndpoint",
    "sagemaker:CreateEndpointConfig",
    "sagemaker:CreateModel",
    "sagemaker:DeleteEndpoint",
    "sagemaker:DeleteEndpointConfig",
    "sagemaker:DeleteModel",
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:DescribeModel",
    "sagemaker:ListEndpointConfigs",
    "sagemaker:ListEndpoints",
    "sagemaker:ListModels",
    "sagemaker:ListTags",
    "sagemaker:UpdateEndpoint",
    "ecr:DescribeImages",
    "logs:DescribeLogStreams",
    "logs:GetLogEvents",
)
SCALING_PERMISSIONS = (
    "application-autoscaling:DeregisterScalableTarget",
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:PutScalingPolicy",
    "application-autoscaling:RegisterScalableTarget",
    "cloudwatch:DeleteAlarms",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutMetricAlarm",
    "iam:CreateServiceLinkedRole",
)


def plan(request: DeployRequest[SageMakerOptions], account: Account) -> Plan:
    """What would change; nothing when the endpoint is at the revision, or on the way to it."""
    wish = Wish(request, account, survey.look(account, request.name))
    steps = () if wish.standing.is_reaching(wish.config_name) else tuple(_steps(wish))
    return Plan(steps, wish.revision, permissions(request.options))


def permissions(options: SageMakerOptions) -> tuple[str, ...]:
    """What the caller's account must be allowed to do."""
    bucket = () if options.bucket else ("s3:CreateBucket",)
    return (*BASIC_PERMISSIONS, *bucket, *(SCALING_PERMISSIONS if options.autoscaling else ()))


def _steps(wish: Wish) -> Iterator[Step]:
    account, standing = wish.account, wish.standing
    if not bucket_exists(account):
        yield Step("create", f"bucket/{account.bucket}", {"region": account.region})
    if uploaded_digest(account, wish.key) != wish.request.digest:
        yield Step("upload", f"s3/{account.bucket}/{wish.key}", {"digest": wish.request.digest})
    yield Step("create", f"model/{wish.model_name}", _plain(wish.model(shown=True)))
    yield Step("create", f"endpoint-config/{wish.config_name}", _plain(wish.config()))
    if standing.status in survey.BROKEN:
        yield Step("delete", f"endpoint/{wish.name}", {}, {"status": standing.status})
    exists = standing.is_there and standing.status not in {*survey.BROKEN, "Deleting"}
    yield _endpoint_step(wish, exists=exists)
    if wish.options.autoscaling is not None:
        yield Step("create", f"autoscaling/{wish.model_name}", dict(wish.options.autoscaling))


def _endpoint_step(wish: Wish, *, exists: bool) -> Step:
    asked = _plain(wish.endpoint(exists=exists))
    details = {**asked, "revision": wish.revision, "digest": wish.request.digest}
    if not exists:
        return Step("create", f"endpoint/{wish.name}", details)
    tags = wish.standing.config_tags
    before = {
        "EndpointConfigName": wish.standing.endpoint.get("EndpointConfigName"),
        "revision": tags.get(REVISION),
        "digest": tags.get(DIGEST),
    }
    changed = {key: value for key, value in before.items() if details.get(key) != value}
    return Step("update", f"endpoint/{wish.name}", details, changed)


def bucket_exists(account: Account) -> bool:
    """Whether there is the bucket for models, and the caller reaches it."""
    try:
        with in_words(f"reach the bucket {account.bucket}"):
            account.s3.head_bucket(Bucket=account.bucket)
    except AbsentError:
        return False
    return True


def uploaded_digest(account: Account, key: str) -> str | None:
    """The digest of the model whose archive lies at a key; None when there is none."""
    try:
        with in_words(f"look at s3://{account.bucket}/{key}"):
            found = account.s3.head_object(Bucket=account.bucket, Key=key)
    except AbsentError:
        return None
    digest: str | None = found["Metadata"].get("digest")
    return digest


def _plain(request: dict[str, Any]) -> dict[str, Any]:
    """A request without its tags, which say again what stands in it."""
    return {key: value for key, value in request.items() if key != "Tags"}

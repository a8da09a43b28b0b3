"""Taking the steps: each can be taken again, and finds what an earlier apply has left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import DeployError
from modelpack_deploy_sagemaker import survey
from modelpack_deploy_sagemaker.archive import model_archive
from modelpack_deploy_sagemaker.artefacts import artefacts_of
from modelpack_deploy_sagemaker.faults import AbsentError, ExistsError, in_words
from modelpack_deploy_sagemaker.planning import bucket_exists, uploaded_digest
from modelpack_deploy_sagemaker.removing import remove, remove_endpoint, wait_while
from modelpack_deploy_sagemaker.scaling import deregister
from modelpack_deploy_sagemaker.wish import Wish

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.contexts import DeployContext
    from modelpack_deploy_sagemaker.account import Account
    from modelpack_deploy_sagemaker.options import SageMakerOptions

UNSEEN = 20
"""Seconds that SageMaker's answers may not show an update that it has accepted, as MLflow found (S133)."""
_US_EAST = "us-east-1"


def apply(context: DeployContext[SageMakerOptions], account: Account) -> None:
    """Upload, create the model and the configuration, and create or update the endpoint.

    Raises:
        DeployError: What it made is removed again; what served serves on.
    """
    request = context.request
    wish = Wish(request, account, _cleared(account, request.name, context.progress))
    if wish.standing.is_reaching(wish.config_name):
        return
    try:
        _take_steps(wish, context.progress)
    except DeployError as error:
        if isinstance(error, AbsentError):
            error = _taken_away(error, wish.name)
        undo(wish)
        raise error from error.__cause__


def undo(wish: Wish) -> None:
    """Remove what was made for a wish, unless the endpoint uses it."""
    standing = survey.look(wish.account, wish.name)
    if standing.is_ours and standing.uses(wish.config_name):
        return
    remove(wish.account, [each for each in artefacts_of(wish.account, wish.name) if each.revision == wish.revision])


def _cleared(account: Account, name: str, progress: Callable[[str], None]) -> survey.Standing:
    """What stands, once an endpoint that failed or is being deleted is gone."""
    standing = survey.look(account, name)
    if standing.is_there and not standing.is_ours:
        raise foreign(name)
    if standing.status == "Deleting":
        progress(f"waiting until the endpoint {name} before is gone")
        return wait_while(account, name, {"Deleting"})
    if standing.status in survey.BROKEN:
        remove_endpoint(account, name)
        progress(f"removed the endpoint {name}, which had failed")
        return survey.look(account, name)
    return standing


def foreign(name: str) -> DeployError:
    """Somebody else has an endpoint of that name."""
    return DeployError(
        f"there is an endpoint {name} that modelpack did not make", code="conflict", hint="use another name"
    )


def _take_steps(wish: Wish, progress: Callable[[str], None]) -> None:
    account = wish.account
    if not bucket_exists(account):
        create_bucket(account)
        progress(f"created the bucket {account.bucket}")
    if uploaded_digest(account, wish.key) != wish.request.digest:
        upload(wish)
        progress(f"uploaded the model to {wish.archive_uri}")
    create_anew(account, "model", wish.model())
    progress(f"created the model {wish.model_name}")
    create_anew(account, "endpoint_config", wish.config())
    progress(f"created the configuration {wish.config_name}")
    _change_endpoint(wish)
    progress(f"asked SageMaker to {'update' if wish.standing.is_there else 'create'} the endpoint {wish.name}")
    if wish.options.autoscaling is not None:
        progress("the autoscaling is set up when the endpoint serves")


def create_bucket(account: Account) -> None:
    """Make the bucket for models, of the caller alone (S128)."""
    place: Any = {"CreateBucketConfiguration": {"LocationConstraint": account.region}}
    with in_words(f"create the bucket {account.bucket}"):
        account.s3.create_bucket(Bucket=account.bucket, **({} if account.region == _US_EAST else place))


def upload(wish: Wish) -> None:
    """Write the model's archive into the bucket."""
    from boto3.exceptions import Boto3Error
    from boto3.s3.transfer import S3Transfer

    key = wish.options.kms_key
    encryption = {} if key is None else {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    extra = {"Metadata": {"digest": wish.request.digest}, "Tagging": "SageMaker=true", **encryption}
    with model_archive(wish.request.model_path) as path, in_words(f"take the upload {wish.archive_uri}"):
        try:
            S3Transfer(wish.account.s3).upload_file(str(path), wish.account.bucket, wish.key, extra_args=extra)
        except Boto3Error as error:
            raise DeployError(f"uploading to {wish.archive_uri} failed: {error}", code="unreachable") from error


def create_anew(account: Account, kind: str, request: dict[str, Any]) -> None:
    """Create a model or a configuration; one that an interrupted apply has left is replaced.

    Nothing uses it: its name holds the revision, and the endpoint is not at that.
    """
    key, name = next(iter(request.items()))
    words = f"the {kind.replace('_', ' ')} {name}"
    create = getattr(account.sagemaker, f"create_{kind}")
    try:
        with in_words(f"create {words}"):
            create(**request)
    except ExistsError:
        with in_words(f"replace {words}"):
            getattr(account.sagemaker, f"delete_{kind}")(**{key: name})
            create(**request)


def _change_endpoint(wish: Wish) -> None:
    """Create or update the endpoint; the platform decides who of two was first."""
    client = wish.account.sagemaker
    exists = wish.standing.is_there
    change, word = (client.update_endpoint, "update") if exists else (client.create_endpoint, "create")
    try:
        if exists:
            kept = {each["VariantName"] for each in wish.config()["ProductionVariants"]}
            deregister(wish.account, wish.standing, kept)
        with in_words(f"{word} the endpoint {wish.name}"):
            change(**wish.endpoint(exists=exists))
    except DeployError as error:
        standing = survey.look(wish.account, wish.name)
        if standing.is_ours and standing.is_reaching(wish.config_name):
            return  # the answer was lost, or somebody else wanted the same
        raise (foreign(wish.name) if standing.is_there and not standing.is_ours else error) from error
    _wait_until_seen(wish)


def _wait_until_seen(wish: Wish) -> None:
    """Wait until a description of the endpoint shows the change; until then it looks as if all had settled."""
    import time

    before = wish.standing.endpoint.get("LastModifiedTime")
    deadline = time.monotonic() + UNSEEN
    while time.monotonic() < deadline:
        standing = survey.look(wish.account, wish.name)
        if standing.is_there and (standing.status != "InService" or standing.endpoint["LastModifiedTime"] != before):
            return
        time.sleep(0.5)


def _taken_away(error: DeployError, name: str) -> DeployError:
    """What was made for the endpoint is gone before it was used: another deployment has cleaned up."""
    return DeployError(
        f"somebody else is changing {name}: {error.message}", code="conflict", hint="look what stands, and try again"
    )

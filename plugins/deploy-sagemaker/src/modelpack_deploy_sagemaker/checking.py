"""What stands in the way of a request, found before anything is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from modelpack.deployments.records import Finding
from modelpack.errors import DeployError
from modelpack_deploy_sagemaker import contract, survey
from modelpack_deploy_sagemaker.faults import AbsentError, in_words
from modelpack_deploy_sagemaker.image_checks import image_findings
from modelpack_deploy_sagemaker.names import LONGEST_NAME, is_name
from modelpack_deploy_sagemaker.quotas import quota_finding
from modelpack_deploy_sagemaker.wish import Wish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.deployments.records import DeployRequest
    from modelpack_deploy_sagemaker.account import Account
    from modelpack_deploy_sagemaker.options import SageMakerOptions

SERVICE = "sagemaker.amazonaws.com"


def findings(request: DeployRequest[SageMakerOptions], account: Account) -> Iterator[Finding]:
    """The name, the credentials, what stands, every value against SageMaker's description, and what they refer to."""
    if not is_name(request.name):
        yield _error(
            f"{request.name!r} cannot be the name of an endpoint",
            f"use at most {LONGEST_NAME} letters, digits and -, beginning and ending with a letter or a digit",
        )
        return
    standing = survey.look(account, request.name)
    if standing.is_there and not standing.is_ours:
        yield _error(f"there is an endpoint {request.name} that modelpack did not make", "use another name")
        return
    wish = Wish(request, account, standing)
    yield from _of_mode(wish)
    wrong = list(_of_values(wish))
    yield from wrong
    if not wrong:
        yield from _of_bucket(account)
        yield from _of_alarms(account)
        yield from _of_role(account)
        yield from image_findings(account, account.image(request.digest))
        yield from quota_finding(wish)


def _error(message: str, hint: str | None = None) -> Finding:
    return Finding(level="error", message=message, hint=hint)


def _warning(message: str, hint: str | None = None) -> Finding:
    return Finding(level="warning", message=message, hint=hint)


def _of_mode(wish: Wish) -> Iterator[Finding]:
    """With `create`, a name that serves something else is refused (S127)."""
    is_taken = wish.standing.is_there and wish.standing.status not in {*survey.BROKEN, "Deleting"}
    if wish.options.mode == "create" and is_taken and not wish.standing.uses(wish.config_name):
        yield _error(
            f"there is a deployment {wish.name} already",
            "mode=replace takes its place, mode=add sets the model beside it",
        )


def _of_values(wish: Wish) -> Iterator[Finding]:
    """Every request that would be sent, held against SageMaker's description of it."""
    exists = wish.standing.is_there
    requests = {
        "CreateModel": wish.model(),
        "CreateEndpointConfig": wish.config(),
        "UpdateEndpoint" if exists else "CreateEndpoint": wish.endpoint(exists=exists),
    }
    if not exists and wish.options.rollout is not None:
        requests["UpdateEndpoint"] = wish.endpoint(exists=True)
    for operation, request in requests.items():
        for problem in contract.problems(operation, request):
            yield _error(f"SageMaker would refuse {problem}")


def _of_bucket(account: Account) -> Iterator[Finding]:
    bucket = account.bucket
    try:
        with in_words(f"reach the bucket {bucket}"):
            found = account.s3.head_bucket(Bucket=bucket)
    except AbsentError:
        if account.options.bucket is not None:
            yield _error(f"there is no bucket {bucket}", "make it, or leave the option out")
        return
    except DeployError as error:
        yield _error(error.message, error.hint)
        return
    region = found.get("BucketRegion", account.region)
    if region != account.region:
        yield _error(
            f"the bucket {bucket} is in {region}, and SageMaker reads models of its own region only, {account.region}",
            "name a bucket there, or leave the option out",
        )


def _of_alarms(account: Account) -> Iterator[Finding]:
    named = () if account.options.rollout is None else account.options.rollout.alarms
    if not named:
        return
    try:
        with in_words("look at the alarms"):
            found = account.client("cloudwatch").describe_alarms(AlarmNames=list(named))
    except DeployError as error:
        yield _warning(f"whether there are the alarms is not known: {error.message}", error.hint)
        return
    known = {each["AlarmName"] for kind in ("MetricAlarms", "CompositeAlarms") for each in found.get(kind, ())}
    for name in sorted(set(named) - known):
        yield _error(f"there is no alarm {name} in CloudWatch", "make it, or leave it out of the rollout")


def _of_role(account: Account) -> Iterator[Finding]:
    role = account.role
    try:
        with in_words(f"look at the role {role}"):
            found = account.client("iam").get_role(RoleName=role.rpartition("/")[2])["Role"]
    except AbsentError:
        yield _error(
            f"there is no role {role}", "name one that trusts sagemaker.amazonaws.com with -o role=NAME_OR_ARN"
        )
        return
    except DeployError as error:
        yield _warning(f"whether the role {role} can be used is not known: {error.message}", error.hint)
        return
    if not _trusts_sagemaker(found.get("AssumeRolePolicyDocument") or {}):
        yield _error(
            f"the role {role} does not trust {SERVICE}",
            f'let its trust policy allow sts:AssumeRole to {{"Service": "{SERVICE}"}}',
        )


def _trusts_sagemaker(policy: Any) -> bool:
    import json

    document = json.loads(unquote(policy)) if isinstance(policy, str) else policy
    statements = document.get("Statement", [])
    for each in statements if isinstance(statements, list) else [statements]:
        principal = each.get("Principal", {})
        services = ["*"] if principal == "*" else principal.get("Service", [])
        named = [services] if isinstance(services, str) else services
        if each.get("Effect") == "Allow" and {SERVICE, "*"} & set(named):
            return True
    return False

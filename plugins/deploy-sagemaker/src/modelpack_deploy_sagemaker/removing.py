"""Removing what was made: each removal can be done again."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from modelpack.errors import DeployError
from modelpack_deploy_sagemaker import survey
from modelpack_deploy_sagemaker.artefacts import artefacts_of
from modelpack_deploy_sagemaker.faults import AbsentError, InProgressError, in_words
from modelpack_deploy_sagemaker.names import ARCHIVED, as_tags
from modelpack_deploy_sagemaker.scaling import deregister

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from modelpack_deploy_sagemaker.account import Account
    from modelpack_deploy_sagemaker.artefacts import Artefact
    from modelpack_deploy_sagemaker.survey import Standing

LONGEST_CHANGE = 3900
"""Seconds: a container has at most an hour to start."""
FORGOTTEN = timedelta(hours=1)
"""What is so old and unused is no part of a deployment that somebody else is making."""
_PAUSE = 0.2
_LONGEST_PAUSE = 10.0


def delete(account: Account, name: str) -> None:
    """Remove the endpoint, wait until it is gone, and then all that was made for it (S134)."""
    standing = survey.look(account, name)
    if standing.is_there and not standing.is_ours:
        return
    if standing.is_there:
        remove_endpoint(account, name)
    dispose(account, artefacts_of(account, name))


def remove_endpoint(account: Account, name: str) -> None:
    """Remove the endpoint and wait until it is gone; a change in progress is waited for, since SageMaker insists."""
    deadline = time.monotonic() + LONGEST_CHANGE
    while True:
        standing = survey.look(account, name)
        if not standing.is_there:
            return
        if standing.status not in survey.CHANGING and _begin_removal(account, standing):
            wait_while(account, name, {"Deleting"})
            return
        if time.monotonic() > deadline:
            raise DeployError(
                f"the endpoint {name} is still {standing.status}, and SageMaker does not delete it before that ends",
                code="timeout",
                left_behind=(name,),
                hint="the same command again waits on",
            )
        standing = wait_while(account, name, {standing.status} & survey.CHANGING)


def _begin_removal(account: Account, standing: Standing) -> bool:
    """Whether SageMaker has begun to delete it."""
    deregister(account, standing)
    try:
        with in_words(f"delete the endpoint {standing.name}"):
            account.sagemaker.delete_endpoint(EndpointName=standing.name)
    except AbsentError:
        return True
    except InProgressError:
        return False
    return True


def wait_while(account: Account, name: str, states: Collection[str]) -> Standing:
    """Wait until the endpoint is in no such state any more, and answer how it stands."""
    deadline, pause = time.monotonic() + LONGEST_CHANGE, _PAUSE
    while True:
        standing = survey.look(account, name)
        if standing.status not in states or time.monotonic() > deadline:
            return standing
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def dispose(account: Account, artefacts: Iterable[Artefact]) -> None:
    """Remove what is not needed any more, or mark it as kept, as the option `archive` says."""
    if not account.options.archive:
        remove(account, artefacts)
        return
    for each in artefacts:
        if each.arn:
            with in_words(f"mark {each.name} as archived"):
                account.sagemaker.add_tags(ResourceArn=each.arn, Tags=as_tags({ARCHIVED: "true"}))


def remove(account: Account, artefacts: Iterable[Artefact]) -> None:
    """Remove configurations, models and archives; what is gone already is no error."""
    for each in artefacts:
        try:
            with in_words(f"delete {each.name}"):
                if each.kind == "endpoint-config":
                    account.sagemaker.delete_endpoint_config(EndpointConfigName=each.name)
                elif each.kind == "model":
                    account.sagemaker.delete_model(ModelName=each.name)
                else:
                    _remove_object(account, each)
        except AbsentError:
            continue


def _remove_object(account: Account, artefact: Artefact) -> None:
    bucket, _, key = artefact.name.removeprefix("s3://").partition("/")
    if artefact.upload:
        account.s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=artefact.upload)
    else:
        account.s3.delete_object(Bucket=bucket, Key=key)


def replaced(account: Account, standing: Standing) -> list[Artefact]:
    """What the endpoint does not use any more.

    What is younger than the configuration that serves may belong to a deployment that somebody is making now.
    """
    found = artefacts_of(account, standing.name)
    used = _used_revisions(account, standing, found)
    limit = max(standing.config["CreationTime"], datetime.now(UTC) - FORGOTTEN)
    young = {each.revision for each in found if each.created >= limit}
    return [each for each in found if each.revision not in used | young]


def _used_revisions(account: Account, standing: Standing, found: Iterable[Artefact]) -> set[str]:
    """The revisions of the configurations that the endpoint is at or on the way to, and of the models in them."""
    configs = {str(standing.endpoint.get("EndpointConfigName")), *filter(None, [standing.pending])}
    models = {each["ModelName"] for config in configs for each in _variants_of(account, config) if "ModelName" in each}
    return {each.revision for each in found if each.name in configs | models}


def _variants_of(account: Account, config: str) -> list[dict[str, str]]:
    try:
        with in_words(f"look at the configuration {config}"):
            found = account.sagemaker.describe_endpoint_config(EndpointConfigName=config)
    except AbsentError:
        return []
    return [*found["ProductionVariants"], *found.get("ShadowProductionVariants", ())]

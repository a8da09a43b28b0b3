"""Invoking an endpoint that answers by way of S3."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from modelpack.deployments.records import InvocationAnswer
from modelpack.errors import DeployError
from modelpack_deploy_sagemaker.faults import AbsentError, in_words

if TYPE_CHECKING:
    from modelpack.deployments.records import Invocation
    from modelpack_deploy_sagemaker.account import Account
    from modelpack_deploy_sagemaker.survey import Standing

LONGEST = 900.0
"""Seconds to wait for an answer; the endpoint may take an hour, and then the place of the answer is told."""
_PAUSE = 0.2
_LONGEST_PAUSE = 5.0


def is_asynchronous(standing: Standing) -> bool:
    """Whether an endpoint answers by way of S3."""
    return "AsyncInferenceConfig" in standing.config


def invoke(account: Account, standing: Standing, invocation: Invocation) -> InvocationAnswer:
    """Put the body into the bucket, and wait for what comes of it; the body is removed again.

    Raises:
        DeployError: The scoring server refused the request (`invocation_failed`), or has not answered yet (`timeout`).
    """
    key = f"{account.options.prefix}/{standing.name}/async/requests/{uuid.uuid4()}"
    types: Any = {"ContentType": invocation.content_type}
    accept = {} if invocation.accept is None else {"Accept": invocation.accept}
    with in_words(f"put the request into the bucket {account.bucket}"):
        account.s3.put_object(Bucket=account.bucket, Key=key, Body=invocation.body, **types)
    try:
        with in_words(f"invoke the endpoint {standing.name}"):
            accepted = account.client("sagemaker-runtime").invoke_endpoint_async(
                EndpointName=standing.name, InputLocation=f"s3://{account.bucket}/{key}", **types, **accept
            )
        return _awaited(account, standing.name, accepted)
    finally:
        with in_words("remove the request from the bucket"):
            account.s3.delete_object(Bucket=account.bucket, Key=key)


def _awaited(account: Account, name: str, accepted: Any) -> InvocationAnswer:
    deadline, pause = time.monotonic() + LONGEST, _PAUSE
    output, failure = accepted["OutputLocation"], accepted.get("FailureLocation")
    while time.monotonic() < deadline:
        found = _object(account, output)
        if found is not None:
            return found
        failed = None if failure is None else _object(account, failure)
        if failed is not None:
            raise DeployError(
                f"{name} answered an error: {failed.body.decode('utf-8', 'replace')}", code="invocation_failed"
            )
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    raise DeployError(
        f"{name} has not answered after {LONGEST:g} s", code="timeout", hint=f"its answer will be at {output}"
    )


def _object(account: Account, uri: str) -> InvocationAnswer | None:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        with in_words(f"read {uri}"):
            found = account.s3.get_object(Bucket=bucket, Key=key)
            return InvocationAnswer(body=found["Body"].read(), content_type=found["ContentType"])
    except AbsentError:
        return None

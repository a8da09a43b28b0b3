"""What AWS refuses, in words and codes."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelpack.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterator

_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "403",
    }
)
_BUSY = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"})
_ABSENT = frozenset(
    {
        "404",
        "NoSuchKey",
        "NoSuchBucket",
        "NoSuchUpload",
        "NoSuchEntity",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "ObjectNotFoundException",
        "RepositoryNotFoundException",
        "ImageNotFoundException",
        "NotFoundException",
    }
)
_SERVER_ERROR = 500
_NOT_FOUND = re.compile(
    r'could not find (endpoint|endpoint configuration|model|requested job with name) "'
    r"|endpoint \S+ of account \d+ not found"
)
"""How SageMaker says that what was asked for is not there; what a request refers to is another matter."""


class AbsentError(DeployError):
    """What was asked for is not there."""


class ExistsError(DeployError):
    """There is one of that name already."""


class InProgressError(DeployError):
    """The endpoint is being changed."""


@contextmanager
def in_words(task: str) -> Iterator[None]:
    """Turn what boto3 raises into a `DeployError`.

    Args:
        task: What was to be done, such as `create the model churn-model-1`.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _refusal(error, task) from error
    except BotoCoreError as error:
        raise _without_answer(error, task) from error


def code_of(error: Any) -> str:
    """AWS's name of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: Any) -> str:
    """What AWS says."""
    return str(error.response.get("Error", {}).get("Message") or error)


def _refusal(error: Any, task: str) -> DeployError:
    code, said = code_of(error), message_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    message = f"AWS does not {task}: {said}"
    about = _about_resource(code, said.lower(), message)
    if about is not None:
        return about
    if code in _DENIED:
        return DeployError(
            message, code="permission_denied", hint="--dry-run lists the permissions that the account needs"
        )
    if code == "ResourceLimitExceeded":
        return DeployError(
            message, code="rejected", hint="raise the quota at Service Quotas, or take another instance_type"
        )
    if code in _BUSY or status >= _SERVER_ERROR:
        return DeployError(f"AWS cannot {task} now: {said}", code="unreachable")
    return DeployError(message, code="rejected")


def _about_resource(code: str, said: str, message: str) -> DeployError | None:
    """What speaks of something that is there, is not, or is being changed; SageMaker has one code for all of it."""
    if code in _ABSENT or _NOT_FOUND.search(said):
        return AbsentError(message, code="not_deployed")
    if "already exist" in said or code == "ResourceInUse":
        return ExistsError(message, code="conflict")
    if "in-progress" in said or "in progress" in said:
        return InProgressError(
            message, code="conflict", hint="somebody else is changing it; `modelpack deployments get` shows the state"
        )
    return None


def _without_answer(error: Any, task: str) -> DeployError:
    from botocore import exceptions

    if isinstance(error, (exceptions.NoCredentialsError, exceptions.PartialCredentialsError)):
        return DeployError(
            f"there are no AWS credentials to {task}",
            code="permission_denied",
            hint="`aws configure`, the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or -o profile=NAME",
        )
    if isinstance(error, exceptions.NoRegionError):
        return no_region()
    if isinstance(error, exceptions.HTTPClientError):  # connections, time-outs, TLS
        return DeployError(f"AWS does not answer: {error}", code="unreachable")
    return DeployError(f"cannot {task}: {error}", code="rejected")


def no_region() -> DeployError:
    """Nobody has said which region."""
    return DeployError(
        "no AWS region is configured",
        code="rejected",
        hint="name one with -o region=us-east-1, or with the variable AWS_DEFAULT_REGION",
    )

"""Whether SageMaker finds the image: it fetches those of ECR in its own region, and no others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelpack.deployments.records import Finding
from modelpack.errors import DeployError
from modelpack_deploy_sagemaker.faults import AbsentError, in_words
from modelpack_deploy_sagemaker.registry import existing_repository_uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack_deploy_sagemaker.account import Account

_IMAGE = re.compile(r"(?P<host>[^/]+)/(?P<name>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>.+))?")
_HOST = re.compile(r"(?P<account>\d{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[\w-]+)\.(amazonaws\.com(\.cn)?|on\.aws)")
_PUSH = "push it with `modelpack sagemaker build-and-push-container -m MODEL`"


def image_findings(account: Account, image: str) -> Iterator[Finding]:
    """What is wrong with an image; a warning where ECR does not let the caller look."""
    parts = _IMAGE.fullmatch(image)
    try:
        registry = None if parts is None else _registry(account, parts["host"], parts["name"])
        if parts is None or registry is None or not (parts["tag"] or parts["digest"]):
            yield _error(
                f"the image {image} is none of ECR's with a tag or a digest, and SageMaker fetches no others", _PUSH
            )
        elif registry[1] != account.region:
            yield _error(
                f"the image {image} is in {registry[1]}, and SageMaker fetches those of {account.region} only",
                "push it there, too",
            )
        elif not _is_there(account, registry[0], parts):
            yield _error(f"there is no image {image}", _PUSH)
    except DeployError as error:
        message = f"whether there is the image {image} is not known: {error.message}"
        yield Finding(level="warning", message=message, hint=error.hint)


def _registry(account: Account, host: str, name: str) -> tuple[str | None, str] | None:
    """The account and the region of a registry; the account is None where ECR calls it by a name of its own."""
    known = _HOST.fullmatch(host)
    if known is not None:
        return known["account"], known["region"]
    return (None, account.region) if existing_repository_uri(account, name) == f"{host}/{name}" else None


def _is_there(account: Account, number: str | None, parts: re.Match[str]) -> bool:
    wanted = {"imageDigest": parts["digest"]} if parts["digest"] else {"imageTag": parts["tag"]}
    place = {} if number is None else {"registryId": number}
    try:
        with in_words(f"find the image {parts[0]}"):
            account.client("ecr").describe_images(repositoryName=parts["name"], imageIds=[wanted], **place)
    except AbsentError:
        return False
    return True


def _error(message: str, hint: str) -> Finding:
    return Finding(level="error", message=message, hint=hint)

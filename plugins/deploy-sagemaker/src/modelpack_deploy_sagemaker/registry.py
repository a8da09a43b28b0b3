"""The account's container registry, ECR: its repositories, and who may push to them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from modelpack_deploy_sagemaker.faults import AbsentError, ExistsError, in_words

if TYPE_CHECKING:
    from modelpack.images.oci.credentials import Credentials
    from modelpack_deploy_sagemaker.account import Account


def existing_repository_uri(account: Account, name: str) -> str | None:
    """Where images of a name are; None when there is no such repository."""
    try:
        with in_words(f"find the repository {name}"):
            found = account.client("ecr").describe_repositories(repositoryNames=[name])
    except AbsentError:
        return None
    return str(found["repositories"][0]["repositoryUri"])


def repository_uri(account: Account, name: str) -> str:
    """Where images of a name go; the repository is created when there is none (S138)."""
    found = existing_repository_uri(account, name)
    if found is not None:
        return found
    try:
        with in_words(f"create the repository {name}"):
            made = account.client("ecr").create_repository(repositoryName=name)
            return str(made["repository"]["repositoryUri"])
    except ExistsError:
        return repository_uri(account, name)  # somebody else has just made it


def credentials(account: Account) -> Credentials:
    """Who one is at the registry for the next twelve hours, without the command `aws`."""
    from modelpack.images.oci.credentials import Credentials

    with in_words("log in to ECR"):
        answer = account.client("ecr").get_authorization_token()
    token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
    user, _, password = token.partition(":")
    return Credentials(user, password)

"""The account's container registry, ECR: its repositories, and who may push to them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from modelpack_deploy_sagemaker.faults import AbsentError, ExistsError, in_words

if TYPE_CHECKING:
    from modelpack.images.oci.credentials import Credentials
    from modelpack_deploy_sagemaker.account import Account


def repository_uri(account: Account, name: str) -> str:
    """Where images of a name go; the repository is created when there is none (S138)."""
    client = account.client("ecr")
    try:
        return _described(client, name)
    except AbsentError:
        try:
            with in_words(f"create the repository {name}"):
                return str(client.create_repository(repositoryName=name)["repository"]["repositoryUri"])
        except ExistsError:
            return _described(client, name)  # somebody else has just made it


def credentials(account: Account) -> Credentials:
    """Who one is at the registry for the next twelve hours, without the command `aws`."""
    from modelpack.images.oci.credentials import Credentials

    with in_words("log in to ECR"):
        answer = account.client("ecr").get_authorization_token()
    token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
    user, _, password = token.partition(":")
    return Credentials(user, password)


def _described(client: Any, name: str) -> str:
    with in_words(f"find the repository {name}"):
        found = client.describe_repositories(repositoryNames=[name])
    return str(found["repositories"][0]["repositoryUri"])

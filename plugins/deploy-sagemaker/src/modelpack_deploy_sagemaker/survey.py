"""The endpoint of a deployment, as it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelpack_deploy_sagemaker.faults import AbsentError, in_words
from modelpack_deploy_sagemaker.names import DIGEST, NAME, REVISION, from_tags, is_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelpack_deploy_sagemaker.account import Account

CHANGING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
BROKEN = frozenset({"Failed", "UpdateRollbackFailed", "OutOfService"})


@dataclass(frozen=True, slots=True)
class Standing:
    """An endpoint as it stands, with its configuration and the marks of both.

    Attributes:
        name: The deployment's name.
        endpoint: What SageMaker says of the endpoint; empty when there is none.
        tags: The endpoint's tags.
        config: What SageMaker says of the configuration that serves; empty when it is gone.
        config_tags: The tags of that.
    """

    name: str
    endpoint: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    config_tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_there(self) -> bool:
        """Whether there is an endpoint, whoever made it."""
        return bool(self.endpoint)

    @property
    def is_ours(self) -> bool:
        """Whether modelpack made the endpoint for this deployment."""
        return self.tags.get(NAME) == self.name

    @property
    def status(self) -> str:
        """SageMaker's word for the state; empty when there is none."""
        return str(self.endpoint.get("EndpointStatus", ""))

    @property
    def revision(self) -> str | None:
        """The revision of the configuration that serves."""
        return self.config_tags.get(REVISION)

    @property
    def digest(self) -> str | None:
        """The digest of the model for which that configuration was made."""
        return self.config_tags.get(DIGEST)

    @property
    def variants(self) -> list[Mapping[str, Any]]:
        """The variants as they serve, with their weights."""
        return list(self.endpoint.get("ProductionVariants", ()))

    @property
    def pending(self) -> str | None:
        """The configuration that an update in progress leads to."""
        found: str | None = self.endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
        return found

    def uses(self, config: str) -> bool:
        """Whether the endpoint is at a configuration, or on the way to it."""
        return config in {self.endpoint.get("EndpointConfigName"), self.pending}

    def is_reaching(self, config: str) -> bool:
        """Whether nothing has to be done but to wait until it serves a configuration, if it does not yet."""
        if self.status in {"InService", "Creating"}:
            return self.endpoint.get("EndpointConfigName") == config
        return self.status in {"Updating", "SystemUpdating"} and self.pending == config


def look(account: Account, name: str) -> Standing:
    """The endpoint of a name as it is now; none of a name that no deployment here can have."""
    if not is_name(name):
        return Standing(name)
    client = account.sagemaker
    try:
        with in_words(f"look at the endpoint {name}"):
            endpoint = client.describe_endpoint(EndpointName=name)
            tags = tags_of(account, endpoint["EndpointArn"])
    except AbsentError:
        return Standing(name)
    try:
        with in_words(f"look at the configuration of the endpoint {name}"):
            config = client.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
            config_tags = tags_of(account, config["EndpointConfigArn"])
    except (AbsentError, KeyError):
        return Standing(name, endpoint, tags)
    return Standing(name, endpoint, tags, config, config_tags)


def tags_of(account: Account, arn: str) -> dict[str, str]:
    """The tags of something, all pages."""
    pages = account.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return from_tags(tag for page in pages for tag in page["Tags"])


def tags_if_there(account: Account, arn: str) -> dict[str, str]:
    """The tags of something; none when it is not there."""
    try:
        with in_words("look at tags"):
            return tags_of(account, arn)
    except AbsentError:
        return {}  # it went meanwhile


def endpoint_names(account: Account) -> Iterator[str]:
    """The names of the endpoints that modelpack made, page by page."""
    with in_words("list the endpoints"):
        for page in account.sagemaker.get_paginator("list_endpoints").paginate(MaxResults=100):
            for found in page["Endpoints"]:
                if tags_if_there(account, found["EndpointArn"]).get(NAME) == found["EndpointName"]:
                    yield found["EndpointName"]

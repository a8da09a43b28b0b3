"""What stands at SageMaker and in S3 under a deployment's name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelpack_deploy_sagemaker.faults import AbsentError, in_words
from modelpack_deploy_sagemaker.names import DIGEST, NAME, REVISION, from_tags, revision_in, revision_of_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

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
        if self.status == "InService":
            return self.endpoint.get("EndpointConfigName") == config
        if self.status == "Creating":
            return self.endpoint.get("EndpointConfigName") == config
        return self.status in {"Updating", "SystemUpdating"} and self.pending == config


@dataclass(frozen=True, slots=True)
class Artefact:
    """A model, a configuration or an archive of a deployment.

    Attributes:
        kind: `model`, `endpoint-config` or `archive`.
        name: SageMaker's name of it, or the URI in S3.
        revision: Which revision it was made for.
        created: When.
    """

    kind: str
    name: str
    revision: str
    created: datetime


def look(account: Account, name: str) -> Standing:
    """The endpoint of a name as it is now."""
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


def endpoint_names(account: Account) -> Iterator[str]:
    """The names of the endpoints that modelpack made, page by page."""
    with in_words("list the endpoints"):
        for page in account.sagemaker.get_paginator("list_endpoints").paginate(MaxResults=100):
            for found in page["Endpoints"]:
                try:
                    with in_words("look at tags"):
                        tags = tags_of(account, found["EndpointArn"])
                except AbsentError:
                    continue  # it went meanwhile
                if tags.get(NAME) == found["EndpointName"]:
                    yield found["EndpointName"]


def artefacts(account: Account, name: str) -> list[Artefact]:
    """All that was made for a deployment beside its endpoint: configurations first, archives last."""
    configs = _tagged(account, name, "endpoint-config")
    models = _tagged(account, name, "model")
    return [*configs, *models, *_archives(account, name, [model.name for model in models])]


def _tagged(account: Account, name: str, kind: str) -> list[Artefact]:
    word = {"model": "Model", "endpoint-config": "EndpointConfig"}[kind]
    operation = {"model": "list_models", "endpoint-config": "list_endpoint_configs"}[kind]
    found = []
    with in_words(f"list what belongs to {name}"):
        for page in account.sagemaker.get_paginator(operation).paginate(NameContains=f"{name}-", MaxResults=100):
            for each in page[f"{word}s"]:
                revision = revision_in(each[f"{word}Name"], name)
                if revision is not None and _is_marked(account, each[f"{word}Arn"], name):
                    found.append(Artefact(kind, each[f"{word}Name"], revision, each["CreationTime"]))
    return found


def _is_marked(account: Account, arn: str, name: str) -> bool:
    try:
        with in_words("look at tags"):
            return tags_of(account, arn).get(NAME) == name
    except AbsentError:
        return False


def _archives(account: Account, name: str, models: list[str]) -> Iterator[Artefact]:
    """The archives in the bucket of the options, and in those that the models name."""
    prefix = account.options.prefix
    places = {(account.bucket, prefix), *filter(None, (_place_of(account, name, model) for model in models))}
    for bucket, beginning in sorted(places):
        try:
            with in_words(f"list the bucket {bucket}"):
                pages = account.s3.get_paginator("list_objects_v2").paginate(
                    Bucket=bucket, Prefix=f"{beginning}/{name}/"
                )
                for each in (each for page in pages for each in page.get("Contents", ())):
                    revision = revision_of_key(each["Key"], beginning, name)
                    if revision is not None:
                        uri = f"s3://{bucket}/{each['Key']}"
                        yield Artefact("archive", uri, revision, each["LastModified"])
        except AbsentError:
            continue  # there is no such bucket


def _place_of(account: Account, name: str, model: str) -> tuple[str, str] | None:
    """The bucket and the prefix where a model's archive lies; None when it lies where no archive of ours does."""
    try:
        with in_words(f"look at the model {model}"):
            found = account.sagemaker.describe_model(ModelName=model)
    except AbsentError:
        return None
    bucket, _, key = found.get("PrimaryContainer", {}).get("ModelDataUrl", "").removeprefix("s3://").partition("/")
    prefix, found_name, _ = key.rpartition(f"/{name}/")
    return (bucket, prefix) if found_name else None

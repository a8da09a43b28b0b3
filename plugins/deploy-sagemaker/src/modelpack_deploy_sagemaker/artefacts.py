"""What was made for a deployment beside its endpoint: configurations, models, archives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelpack.errors import DeployError
from modelpack_deploy_sagemaker.faults import AbsentError, in_words
from modelpack_deploy_sagemaker.names import (
    ARCHIVED,
    BATCH,
    NAME,
    batch_name,
    config_name,
    is_name,
    model_name,
    revision_in,
    revision_of_key,
)
from modelpack_deploy_sagemaker.survey import tags_if_there

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from modelpack_deploy_sagemaker.account import Account

    Tagged = tuple["Artefact", Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Artefact:
    """A model, a configuration or an archive of a deployment.

    Attributes:
        kind: `model`, `endpoint-config`, `archive`, or `upload` for one that was not ended.
        name: SageMaker's name of it, or the URI in S3.
        arn: Its ARN; empty for an archive.
        revision: Which revision it was made for.
        created: When.
        upload: S3's name of the upload.
    """

    kind: str
    name: str
    arn: str
    revision: str
    created: datetime
    upload: str = ""


def artefacts_of(account: Account, name: str) -> list[Artefact]:
    """What was made for a deployment beside its endpoint: configurations first, archives last.

    What somebody has archived is not among it.
    """
    if not is_name(name):
        return []
    configs = _tagged(account, name, "endpoint-config", config_name(name, ""))
    models = _tagged(account, name, "model", model_name(name, ""))
    kept = {each.revision for each, tags in (*configs, *models) if ARCHIVED in tags}
    archives = [each for place in _places(account, name, models) for each in _below(account, name, *place)]
    found = (*(each for each, _ in configs), *(each for each, _ in models), *archives)
    return [each for each in found if each.revision not in kept]


def batch_artefacts(account: Account, name: str) -> list[Artefact]:
    """The models and the archives that were made for batches of a name."""
    models = _tagged(account, name, "model", batch_name(name, ""))
    places = [(bucket, f"{prefix}/{name}") for bucket, prefix in _places(account, name, models)]
    archives = [each for place in places for each in _below(account, BATCH, *place)]
    return [*(each for each, _ in models), *archives]


def _tagged(account: Account, name: str, kind: str, beginning: str) -> list[Tagged]:
    """The models or the configurations of a name, with their tags."""
    word = {"model": "Model", "endpoint-config": "EndpointConfig"}[kind]
    operation = {"model": "list_models", "endpoint-config": "list_endpoint_configs"}[kind]
    found: list[Tagged] = []
    with in_words(f"list what belongs to {name}"):
        for page in account.sagemaker.get_paginator(operation).paginate(NameContains=beginning, MaxResults=100):
            for each in page[f"{word}s"]:
                revision = revision_in(each[f"{word}Name"], beginning)
                tags = {} if revision is None else tags_if_there(account, each[f"{word}Arn"])
                if revision is not None and tags.get(NAME) == name:
                    artefact = Artefact(kind, each[f"{word}Name"], each[f"{word}Arn"], revision, each["CreationTime"])
                    found.append((artefact, tags))
    return found


def _places(account: Account, name: str, models: list[Tagged]) -> list[tuple[str, str]]:
    """The bucket and the prefix of the options, and those that the models name."""
    named = filter(None, (_place_of(account, name, model.name) for model, _ in models))
    return sorted({(account.bucket, account.options.prefix), *named})


def _below(account: Account, name: str, bucket: str, prefix: str) -> Iterator[Artefact]:
    """The archives of a deployment in a bucket, and the uploads of such that were not ended."""
    place: Any = {"Bucket": bucket, "Prefix": f"{prefix}/{name}/"}
    try:
        with in_words(f"list the bucket {bucket}"):
            objects = account.s3.get_paginator("list_objects_v2").paginate(**place)
            found = [(each, each["LastModified"]) for page in objects for each in page.get("Contents", ())]
    except AbsentError:
        return  # there is no such bucket
    for each, created in [*found, *_uploads(account, place)]:
        revision, upload = revision_of_key(each["Key"], prefix, name), each.get("UploadId", "")
        if revision is not None:
            kind = "upload" if upload else "archive"
            yield Artefact(kind, f"s3://{bucket}/{each['Key']}", "", revision, created, upload)


def _uploads(account: Account, place: Any) -> list[tuple[Any, datetime]]:
    """The uploads that were not ended; none where the caller may not see them."""
    try:
        with in_words(f"list the uploads to the bucket {place['Bucket']}"):
            pages = account.s3.get_paginator("list_multipart_uploads").paginate(**place)
            return [(each, each["Initiated"]) for page in pages for each in page.get("Uploads", ())]
    except DeployError as error:
        if error.code != "permission_denied":
            raise
        return []


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

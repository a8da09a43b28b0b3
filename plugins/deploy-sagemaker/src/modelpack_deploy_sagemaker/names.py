"""What a deployment's parts are called, and how they are marked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAME = "modelpack:name"
REVISION = "modelpack:revision"
DIGEST = "modelpack:digest"
SCALING = "modelpack:autoscaling"
ARCHIVED = "modelpack:archived"
"""What was kept on purpose when it was replaced or deleted, and is left alone from then on."""

BATCH = "batch"
LONGEST_NAME = 39
"""A name, `-config-` and a revision have to fit into the 63 characters that SageMaker gives."""

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")
_REVISION = re.compile(r"[0-9a-f]{16}")


def is_name(name: str) -> bool:
    """Whether a deployment here can have the name."""
    return _NAME.fullmatch(name) is not None and len(name) <= LONGEST_NAME


def model_name(name: str, revision: str) -> str:
    """What SageMaker's model is called, and the variant that serves it."""
    return f"{name}-model-{revision}"


def config_name(name: str, revision: str) -> str:
    """What the endpoint's configuration is called."""
    return f"{name}-config-{revision}"


def archive_key(prefix: str, name: str, revision: str) -> str:
    """Where in the bucket the model lies."""
    return f"{prefix}/{name}/{revision}/model.tar.gz"


def batch_name(name: str, revision: str) -> str:
    """What a batch is called, and its model."""
    return f"{name}-batch-{revision}"


def batch_key(prefix: str, name: str, revision: str) -> str:
    """Where in the bucket the model of a batch lies."""
    return archive_key(f"{prefix}/{name}", BATCH, revision)


def revision_in(full_name: str, beginning: str) -> str | None:
    """The revision with which a name ends; None when there is something else than that after its beginning.

    Args:
        full_name: The name of a model or a configuration.
        beginning: What one of those functions makes of a deployment's name and no revision.
    """
    revision = full_name.removeprefix(beginning)
    return revision if full_name.startswith(beginning) and _REVISION.fullmatch(revision) else None


def revision_of_key(key: str, prefix: str, name: str) -> str | None:
    """The revision whose archive has the key; None when it is no archive of the deployment."""
    revision = key.removeprefix(f"{prefix}/{name}/").removesuffix("/model.tar.gz")
    return revision if archive_key(prefix, name, revision) == key and _REVISION.fullmatch(revision) else None


def as_tags(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as requests have them."""
    return [{"Key": key, "Value": value} for key, value in values.items()]


def from_tags(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Tags as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in tags}

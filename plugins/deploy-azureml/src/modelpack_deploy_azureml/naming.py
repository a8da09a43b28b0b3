"""How everything in the workspace is called, and the tags by which it is known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelpack.deployments.records import revision_of
from modelpack.errors import DeployError

if TYPE_CHECKING:
    from modelpack.deployments.records import DeployRequest
    from modelpack_deploy_azureml.options import AzureMLOptions

MANAGED = "modelpack"
"""The tag that makes something ours; its value is the deployment's name."""

REVISION = "modelpack-revision"
DIGEST = "modelpack-digest"
MODEL = "modelpack-model"
ENVIRONMENT = "modelpack-environment"
WANTED = "modelpack-deployment"
"""On an endpoint, the name of the deployment that was asked for last."""

MODEL_FOLDER = "model"
"""The directory that the model is uploaded as."""

_SHORTEST, _LONGEST = 3, 32
_NAME = re.compile(r"[a-z](-?[a-z0-9])*")


def is_endpoint_name(name: str) -> bool:
    """Whether Azure takes a name for an endpoint; it does not tell cases apart, so capitals are left to nobody."""
    return _SHORTEST <= len(name) <= _LONGEST and _NAME.fullmatch(name) is not None


def asset_name(name: str) -> str:
    """The name of the model and of the environment that are registered for a deployment."""
    return f"modelpack-{name}"


def model_version(digest: str) -> str:
    """The version under which a model is registered."""
    return digest.removeprefix("sha256:")[:16]


def image_name(request: DeployRequest[AzureMLOptions]) -> str:
    """The image of the scoring server, with the model's digest put in.

    Raises:
        DeployError: None was named (`rejected`).
    """
    options = request.options
    if options.image is None:
        raise DeployError(
            "no image was named",
            code="rejected",
            hint="build and push one with `modelpack build MODEL -t REGISTRY.azurecr.io/IMAGE` and name it with "
            "-o image=…; or run a generated score.py on Azure's own with -o base_image=…",
        )
    return options.image.replace("{digest}", model_version(request.digest)[:12])


def revision(request: DeployRequest[AzureMLOptions]) -> str:
    """Which revision the request is."""
    options = request.options
    image = options.base_image or image_name(request)
    return revision_of(request.digest, options.settings() | {"image": image, "scored": options.base_image is not None})


def deployment_name(revision: str, number: int = 1) -> str:
    """The name of the deployment of a revision, for the n-th set of secrets with which it is deployed."""
    return f"r{revision}" if number == 1 else f"r{revision}-{number}"

"""What MLflow 0.9 checks and fills in before it deploys to SageMaker (S125-S128)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelpack.errors import DeployError, InvalidArgumentError, NotFoundError
from modelpack.package.load import open_model
from modelpack_deploy_sagemaker.account import Account
from modelpack_deploy_sagemaker.containers import image_tag
from modelpack_deploy_sagemaker.flavors import FLAVORS
from modelpack_deploy_sagemaker.mlflow_constants import DEFAULT_IMAGE
from modelpack_deploy_sagemaker.registry import existing_repository_uri

if TYPE_CHECKING:
    from modelpack.package.load import StoredModel

MODES = ("create", "add", "replace")
IMAGE_VARIABLES = ("MODELPACK_SAGEMAKER_IMAGE", "MLFLOW_SAGEMAKER_DEPLOY_IMG_URL", "SAGEMAKER_DEPLOY_IMG_URL")
"""Where the image is looked for that the caller does not name (S128)."""


def deployment_flavor(stored: StoredModel, flavor: str | None) -> str:
    """Whose view of a model is deployed (S126).

    Raises:
        InvalidArgumentError: The flavor cannot be deployed at all.
        NotFoundError: The model has not got it, or none that can be deployed.
    """
    present = stored.mlmodel.flavors
    supported = f"SageMaker's container serves {' and '.join(FLAVORS)}"
    if flavor is not None and flavor not in FLAVORS:
        raise InvalidArgumentError(f"the flavor {flavor!r} cannot be deployed", hint=supported)
    wanted = ["mleap", "python_function"] if flavor is None else [flavor]
    found = [each for each in wanted if each in present]
    if not found:
        named = "flavor that can be deployed" if flavor is None else f"flavor {flavor!r}"
        raise NotFoundError(f"the model has no {named}; it has {', '.join(present)}", hint=supported)
    return found[0]


def default_image(account: Account) -> str:
    """The image that nobody has named (S128)."""
    named = next((os.environ[name] for name in IMAGE_VARIABLES if os.environ.get(name)), None)
    return named or f"{_default_repository(account)}:{image_tag()}"


def _default_repository(account: Account) -> str:
    """As ECR calls it, or would call it."""
    try:
        found = existing_repository_uri(account, DEFAULT_IMAGE)
    except DeployError:
        found = None  # whoever may not look can still use it
    return found or f"{account.registry}/{DEFAULT_IMAGE}"


def default_bucket(account: Account) -> str:
    """The bucket that nobody has named (S128)."""
    return f"mlflow-sagemaker-{account.region}-{account.number}"


def provide_default_bucket(account: Account) -> str:
    """The same, made when it is missing."""
    from modelpack_deploy_sagemaker.applying import create_bucket
    from modelpack_deploy_sagemaker.planning import bucket_exists

    chosen = Account(account.options.model_copy(update={"bucket": default_bucket(account)}))
    if not bucket_exists(chosen):
        create_bucket(chosen)
    return chosen.bucket


def vpc_from_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The VPC configuration in a JSON file (S124).

    Raises:
        InvalidArgumentError: There is no JSON object in it.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidArgumentError(f"the VPC configuration {os.fspath(path)} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise InvalidArgumentError(
            f"the VPC configuration {os.fspath(path)} is no JSON object",
            hint='such as {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}',
        )
    return content


def model_uri(model_path: str | os.PathLike[str], run_id: str | None) -> str:
    """The URI of a model directory, or of a run's artifact."""
    return os.fspath(model_path) if run_id is None else f"runs:/{run_id}/{os.fspath(model_path)}"


def opened_model(uri: str) -> StoredModel:
    """The model; a path without one is a wrong parameter, as in MLflow (S125)."""
    try:
        return open_model(uri)
    except NotFoundError as error:
        raise InvalidArgumentError(error.message, hint=error.hint) from error


def check_mode(mode: str) -> None:
    """Refuse a mode that there is not (S125)."""
    if mode not in MODES:
        raise InvalidArgumentError(f"the mode is {mode!r}", hint=f"it can be {', '.join(MODES)}")


def check_waiting(*, archive: bool, synchronous: bool) -> None:
    """Refuse not to wait when something has to be removed afterwards (S125)."""
    if not synchronous and not archive:
        raise InvalidArgumentError(
            "without waiting for the endpoint, what it replaces cannot be removed",
            hint="set archive as well, or wait",
        )


def check_free(account: Account, name: str) -> None:
    """Refuse to create what is there already, whoever made it (S127)."""
    from modelpack_deploy_sagemaker.survey import BROKEN, look

    standing = look(account, name)
    if standing.is_there and standing.status not in BROKEN:
        raise InvalidArgumentError(
            f"there is an endpoint {name} already",
            hint="mode 'replace' takes its place, mode 'add' sets the model beside what it serves",
        )

"""MLflow 0.9's `azureml.build_image` on today's Azure ML (S142-S148).

There, an image was built and registered. Azure has removed such images; an environment has taken their place, which
Azure builds from the same build context that `modelpack build` uses, when it is first deployed.
"""

from __future__ import annotations

import re
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError
from modelpack_deploy_azureml import assets
from modelpack_deploy_azureml.faults import in_words
from modelpack_deploy_azureml.old_workspaces import opened
from modelpack_deploy_azureml.registered import RegisteredImage, RegisteredModel

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from modelpack.package.load import StoredModel
    from modelpack.package.trust import Trust
    from modelpack_deploy_azureml.arm import Resource
    from modelpack_deploy_azureml.workspace import Workspace

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?")


def build_image(  # noqa: PLR0913, PLR0917 - MLflow's signature
    model_path: str | os.PathLike[str],
    workspace: object,
    run_id: str | None = None,
    image_name: str | None = None,
    model_name: str | None = None,
    mlflow_home: str | os.PathLike[str] | None = None,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    synchronous: bool = True,  # noqa: FBT001, FBT002 - MLflow's signature
    *,
    trust: Trust | None = None,
) -> tuple[RegisteredImage, RegisteredModel]:
    """Register a model, and an environment whose image serves it.

    Args:
        model_path: A model directory or its URI, or, with `run_id`, the artifact path of one.
        workspace: A workspace: `azure.ai.ml`'s `MLClient`, the old SDK's `Workspace`, `AzureMLOptions`, or a name.
        run_id: The run that has logged the model.
        image_name: The environment's name; `mlflow-` and a random id by default.
        model_name: The registered model's name, likewise.
        mlflow_home: Accepted and without effect: what is installed here goes into the image, checkouts included.
        description: What stands beside both.
        tags: Further tags of both.
        synchronous: Whether to wait until Azure has registered the environment, showing its state.
        trust: What may run code when the model is loaded, as for `load_model`.

    Returns:
        The image and the registered model, in this order. `image.wait_for_creation()` waits.

    Raises:
        InvalidArgumentError: The model has no `python_function` flavor, is of Python 2, or a name cannot be used.
        NotFoundError: There is no such model.
        DeployError: Azure refuses something.
    """
    del mlflow_home
    stored = _stored(model_path, run_id)
    names = [_checked_name(each) for each in (image_name, model_name)]
    place = opened(workspace)
    marks = _tags(stored, model_path, run_id, tags)
    image = _register_image(place, stored, names[0], marks, description, trust)
    model = _register_model(place, stored, names[1], marks)
    if synchronous:
        image.wait_for_creation(show_output=True)
    return image, model


def _stored(model_path: str | os.PathLike[str], run_id: str | None) -> StoredModel:
    """The verified model, if it can be served.

    Raises:
        InvalidArgumentError: It has no generic view, or is of Python 2.
    """
    from modelpack.package.load import open_model
    from modelpack.package.python_function import NAME

    stored = open_model(model_path if run_id is None else f"runs:/{run_id}/{model_path}")
    if NAME not in stored.mlmodel.flavors:
        raise InvalidArgumentError(
            f"the model at {model_path} has no flavor {NAME}",
            hint=f"it has {', '.join(stored.mlmodel.flavors)}; save it with one that has a generic Python view",
        )
    version = _python_version(stored)
    if version is not None and int(version.partition(".")[0]) < 3:  # noqa: PLR2004 - the line between the two
        raise InvalidArgumentError(f"the model at {model_path} is of Python {version}; Azure ML needs Python 3")
    return stored


def _python_version(stored: StoredModel) -> str | None:
    from modelpack.package.python_function import NAME

    version = stored.mlmodel.flavor_conf(NAME).get("python_version")
    return None if version is None else str(version)


def _tags(
    stored: StoredModel, model_path: str | os.PathLike[str], run_id: str | None, tags: Mapping[str, str] | None
) -> dict[str, str]:
    """The caller's tags, and where the model is from (S145)."""
    path = str(model_path) if run_id is not None else str(Path(model_path).absolute())
    own = {"model_path": path, "run_id": run_id, "python_version": _python_version(stored)}
    return {**(tags or {}), **{name: value for name, value in own.items() if value is not None}}


def _checked_name(name: str | None) -> str:
    """The name, or one that nothing else has (S146)."""
    if name is None:
        return f"mlflow-{secrets.token_hex(12)}"
    if _NAME.fullmatch(name) is None:
        raise InvalidArgumentError(
            f"{name!r} cannot be the name of an image or a model in Azure ML",
            hint="use at most 32 lower-case letters, digits and dashes, with a letter or digit at both ends",
        )
    return name


def _register_model(workspace: Workspace, stored: StoredModel, name: str, tags: dict[str, str]) -> RegisteredModel:
    with assets.folder_of(stored.path) as folder, in_words():
        made = assets.upload_model(workspace, folder, name, None, tags)
    return RegisteredModel(made["name"], str(made["version"]), made["id"], made["tags"])


def _register_image(
    workspace: Workspace,
    stored: StoredModel,
    name: str,
    tags: dict[str, str],
    description: str | None,
    trust: Trust | None,
) -> RegisteredImage:
    from azure.ai.ml.entities import BuildContext, Environment

    from modelpack.images.context import write_build_context
    from modelpack.images.options import ImageOptions

    with tempfile.TemporaryDirectory(prefix="modelpack-azureml-") as scratch, in_words():
        context = write_build_context(stored.path, Path(scratch, "context"), options=ImageOptions(trust=trust))
        made = workspace.client.environments.create_or_update(
            Environment(
                name=name,
                description=description,
                build=BuildContext(path=str(context.path), dockerfile_path="Dockerfile"),
                tags=dict(tags),
                inference_config=_routes(),
            )
        )
    own = dict(made.tags or {})
    return RegisteredImage(str(made.name), str(made.version), str(made.id), own, made.description, workspace)


def _routes() -> Resource:
    from modelpack_deploy_azureml.documents import PORT

    paths: dict[str, Any] = {
        "liveness_route": "/v2/health/live",
        "readiness_route": "/v2/health/ready",
        "scoring_route": "/invocations",
    }
    return {name: {"path": path, "port": PORT} for name, path in paths.items()}

"""The functions of MLflow 0.9's `mlflow.sagemaker`, with its arguments and errors, on top of the target (S123-S141).

Code that imported `mlflow.sagemaker` imports this module in its place. What differs is listed in `docs/sagemaker.md`.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from modelpack.deployments.local.foreground import container_engines, run_container_in_foreground
from modelpack_deploy_sagemaker.account import Account
from modelpack_deploy_sagemaker.containers import Wanted, build, push
from modelpack_deploy_sagemaker.flavors import FLAVORS, container_variables
from modelpack_deploy_sagemaker.local_run import container_command
from modelpack_deploy_sagemaker.mlflow_constants import DEFAULT_IMAGE, INSTANCE_TYPE, REGION
from modelpack_deploy_sagemaker.mlflow_defaults import (
    check_free,
    check_mode,
    check_waiting,
    default_bucket,
    default_image,
    deployment_flavor,
    model_uri,
    opened_model,
    provide_default_bucket,
)
from modelpack_deploy_sagemaker.options import SageMakerOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelpack.deployments.records import Deployment

__all__ = ["FLAVORS", "build_image", "delete", "deploy", "list_flavors", "push_image_to_ecr", "run_local"]


def deploy(  # noqa: PLR0913, PLR0917 - MLflow's arguments
    app_name: str,
    model_path: str | os.PathLike[str],
    execution_role_arn: str | None = None,
    bucket: str | None = None,
    run_id: str | None = None,
    image_url: str | None = None,
    region_name: str = REGION,
    mode: str = "create",
    archive: bool = False,  # noqa: FBT001, FBT002 - as in MLflow
    instance_type: str = INSTANCE_TYPE,
    instance_count: int = 1,
    vpc_config: Mapping[str, Sequence[str]] | None = None,
    flavor: str | None = None,
    synchronous: bool = True,  # noqa: FBT001, FBT002 - as in MLflow
    timeout_seconds: float = 1200,
    progress: Callable[[str], None] | None = None,
) -> Deployment:
    """Deploy a model to a SageMaker endpoint, as `mlflow.sagemaker.deploy` did (S123).

    Args:
        app_name: The endpoint's name.
        model_path: The model directory, or with `run_id` the path of a run's artifact.
        execution_role_arn: The role that SageMaker acts as; by default the one that the caller has assumed.
        bucket: Where the model goes; by default `mlflow-sagemaker-<region>-<account>`, which is made when missing.
        run_id: The run whose artifact the model is.
        image_url: The image; by default what one of `IMAGE_VARIABLES` says, else `mlflow-pyfunc` in the account's ECR,
            tagged with the version of modelpack.
        region_name: The region.
        mode: `create` refuses an endpoint that is there, `add` sets the model beside the others at weight 0, `replace`
            takes their place.
        archive: Whether replaced models, configurations and archives are kept.
        instance_type: The instances.
        instance_count: How many.
        vpc_config: `{"SecurityGroupIds": […], "Subnets": […]}`.
        flavor: `python_function` or `mleap`; by default mleap where the model has it.
        synchronous: Whether to wait until it serves. Without it, `archive` has to be set.
        timeout_seconds: How long to wait.
        progress: Called with a line for each step and change of state.

    Raises:
        InvalidArgumentError: A mode or flavor that there is not, an endpoint that exists and is not to be replaced, no
            model at the path, or `synchronous=False` without `archive`.
        NotFoundError: The model has no flavor that can be deployed.
        DeployError: The deployment failed; see its code.
    """
    import modelpack

    check_mode(mode)
    check_waiting(archive=archive, synchronous=synchronous)
    uri = model_uri(model_path, run_id)
    stored = opened_model(uri)
    options: dict[str, Any] = {
        "region": region_name,
        "role": execution_role_arn,
        "mode": mode,
        "archive": archive,
        "instance_type": instance_type,
        "instance_count": instance_count,
        "vpc": None if vpc_config is None else dict(vpc_config),
        "flavor": deployment_flavor(stored, flavor),
        "tags": {} if run_id is None else {"run_id": run_id},
    }
    account = Account(SageMakerOptions(region=region_name))
    if mode == "create":
        check_free(account, app_name)
    options["image"] = image_url or default_image(account)
    options["bucket"] = bucket or provide_default_bucket(account)
    chosen: dict[str, Any] = {"target": "sagemaker", "name": app_name, "options": options}
    return modelpack.deploy(uri, **chosen, wait=synchronous, timeout=timeout_seconds, progress=progress)


def delete(
    app_name: str,
    region_name: str = REGION,
    archive: bool = False,  # noqa: FBT001, FBT002 - as in MLflow
    synchronous: bool = True,  # noqa: FBT001, FBT002 - as in MLflow
    timeout_seconds: float = 300,
) -> None:
    """Delete an endpoint and, unless they are archived, its configuration, models and archives (S134).

    Raises:
        InvalidArgumentError: `synchronous=False` without `archive`.
        DeployError: It could not be deleted.
    """
    from modelpack import deployments

    check_waiting(archive=archive, synchronous=synchronous)
    account = Account(SageMakerOptions(region=region_name))
    options = {"region": region_name, "archive": archive, "bucket": default_bucket(account)}
    deployments.delete(app_name, target="sagemaker", options=options, wait=synchronous, timeout=timeout_seconds)


def run_local(
    model_path: str | os.PathLike[str],
    run_id: str | None = None,
    port: int = 5000,
    image: str = DEFAULT_IMAGE,
    flavor: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> int:
    """Serve a model on this machine in the container that SageMaker would start, until it is told to stop (S135).

    Without docker or podman the server of the image is started in this Python, which `progress` is told.

    Returns:
        The exit code.
    """
    from modelpack import deployments

    stored = opened_model(model_uri(model_path, run_id))
    chosen = deployment_flavor(stored, flavor)
    tell = _print if progress is None else progress
    engine = next(container_engines(), None)
    if engine is None:
        options = {"flavor": chosen}
        return deployments.run_local(stored.path, target="sagemaker", options=options, port=port, progress=tell)
    variables = container_variables(chosen, stored.digest)
    return run_container_in_foreground(container_command(engine, image, stored.path, "", port, variables), variables)


def build_image(
    name: str = DEFAULT_IMAGE,
    mlflow_home: str | os.PathLike[str] | None = None,
    *,
    model: str | os.PathLike[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> None:
    """Build the image of the scoring server with the engine that is installed (S137).

    Args:
        name: What it is called.
        mlflow_home: Accepted and without effect: what is installed here goes into the image, checkouts included.
        model: Whose environment is in it. Without one it has the flavors and libraries that are installed here.
        progress: Called with what the engine says.

    Raises:
        MissingDependencyError: No engine is installed.
        BuildError: The engine failed.
    """
    del mlflow_home
    build(Wanted(name, None if model is None else os.fspath(model)), progress or _print)


def push_image_to_ecr(image: str = DEFAULT_IMAGE, progress: Callable[[str], None] | None = None) -> str:
    """Push an image to the registry of the current account and region; a missing repository is made (S138).

    Returns:
        Where it is.
    """
    engine = next(container_engines(), None)
    if engine is None:
        from modelpack.errors import MissingDependencyError

        raise MissingDependencyError(
            "an image that docker or podman has can be pushed only by it, and neither is installed",
            hint="`modelpack sagemaker build-and-push-container` without an engine builds and pushes in one",
        )
    return push(engine, image, Account(SageMakerOptions()), progress or _print)


def list_flavors() -> tuple[str, ...]:
    """The flavors that can be deployed (S141)."""
    return FLAVORS


def _print(line: str) -> None:
    sys.stderr.write(f"{line}\n")

"""MLflow 0.9's `mlflow sagemaker …` as `modelpack sagemaker …`, with its options and defaults."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelpack.cli.options import TrustOption, chosen_trust
from modelpack.cli.output import notice
from modelpack_deploy_sagemaker.mlflow_constants import DEFAULT_IMAGE, INSTANCE_TYPE, REGION

if TYPE_CHECKING:
    from modelpack_deploy_sagemaker.containers import Wanted

sagemaker = typer.Typer(help="Amazon SageMaker, with MLflow 0.9's commands.", no_args_is_help=True)

AppOption = Annotated[str, typer.Option("--app-name", "-a", metavar="NAME", help="The endpoint's name.")]
ModelPathOption = Annotated[
    str, typer.Option("--model-path", "-m", metavar="MODEL", help="A model directory, or the URI of one.")
]
RunOption = Annotated[
    str | None, typer.Option("--run-id", "-r", metavar="ID", help="The run whose artifact the model path names.")
]
FlavorOption = Annotated[str | None, typer.Option("--flavor", "-f", metavar="NAME", help="python_function or mleap.")]
ArchiveOption = Annotated[
    bool,
    typer.Option("--archive", "-ar", help="Keep models, configurations and archives that are not needed any more."),
]
AsyncOption = Annotated[bool, typer.Option("--async", help="Do not wait; needs --archive.")]
TimeoutOption = Annotated[float, typer.Option("--timeout", metavar="SECONDS", help="How long to wait.")]


@sagemaker.command("deploy")
def deploy(  # noqa: PLR0913 - each is one option of the command
    *,
    app_name: AppOption,
    model_path: ModelPathOption,
    execution_role_arn: Annotated[
        str | None, typer.Option("--execution-role-arn", "-e", metavar="ARN", help="The role that SageMaker acts as.")
    ] = None,
    bucket: Annotated[str | None, typer.Option("--bucket", "-b", help="The bucket for the model.")] = None,
    run_id: RunOption = None,
    image_url: Annotated[
        str | None, typer.Option("--image-url", "-i", metavar="IMAGE", help="The image, in ECR.")
    ] = None,
    region_name: Annotated[str, typer.Option("--region-name", help="The region.")] = REGION,
    mode: Annotated[str, typer.Option("--mode", help="create, add or replace.")] = "create",
    archive: ArchiveOption = False,
    instance_type: Annotated[str, typer.Option("--instance-type", "-t", help="The instances.")] = INSTANCE_TYPE,
    instance_count: Annotated[int, typer.Option("--instance-count", "-c", help="How many instances.")] = 1,
    vpc_config: Annotated[
        Path | None,
        typer.Option("--vpc-config", "-v", metavar="FILE", help="A JSON file with SecurityGroupIds and Subnets."),
    ] = None,
    flavor: FlavorOption = None,
    asynchronous: AsyncOption = False,
    timeout: TimeoutOption = 1200,
) -> None:
    """Deploy a model to an endpoint."""
    from modelpack.deployments.waiting import described
    from modelpack_deploy_sagemaker.mlflow_api import deploy as run
    from modelpack_deploy_sagemaker.mlflow_defaults import vpc_from_file

    deployment = run(
        app_name=app_name,
        model_path=model_path,
        execution_role_arn=execution_role_arn,
        bucket=bucket,
        run_id=run_id,
        image_url=image_url,
        region_name=region_name,
        mode=mode,
        archive=archive,
        instance_type=instance_type,
        instance_count=instance_count,
        vpc_config=None if vpc_config is None else vpc_from_file(vpc_config),
        flavor=flavor,
        synchronous=not asynchronous,
        timeout_seconds=timeout,
        progress=notice,
    )
    notice(described(deployment))


@sagemaker.command("delete")
def delete(
    *,
    app_name: AppOption,
    region_name: Annotated[str, typer.Option("--region-name", "-r", help="The region.")] = REGION,
    archive: ArchiveOption = False,
    asynchronous: AsyncOption = False,
    timeout: TimeoutOption = 1200,
) -> None:
    """Delete an endpoint, and what belongs to it."""
    from modelpack_deploy_sagemaker.mlflow_api import delete as run

    run(app_name, region_name, archive, synchronous=not asynchronous, timeout_seconds=timeout)
    notice(f"{app_name} is {'being deleted' if asynchronous else 'deleted'}")


@sagemaker.command("run-local")
def run_local(
    *,
    model_path: ModelPathOption,
    run_id: RunOption = None,
    port: Annotated[int, typer.Option("--port", "-p", help="The port to listen on.")] = 5000,
    image: Annotated[str, typer.Option("--image", "-i", help="The image.")] = DEFAULT_IMAGE,
    flavor: FlavorOption = None,
) -> None:
    """Serve a model on this machine in SageMaker's container."""
    from modelpack_deploy_sagemaker.mlflow_api import run_local as run

    raise typer.Exit(run(model_path, run_id, port, image, flavor, progress=notice))


@sagemaker.command("build-and-push-container")
def build_and_push_container(
    *,
    build: Annotated[bool, typer.Option("--build/--no-build", help="Build the image.")] = True,
    push: Annotated[bool, typer.Option("--push/--no-push", help="Push it to ECR.")] = True,
    container: Annotated[str, typer.Option("--container", "-c", help="The image's name.")] = DEFAULT_IMAGE,
    mlflow_home: Annotated[
        Path | None, typer.Option("--mlflow-home", help="Accepted and without effect: what is installed is built in.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="Whose environment is in the image; else what is installed here."),
    ] = None,
    base: Annotated[
        str | None, typer.Option("--base", metavar="IMAGE", help="What it is built upon, as for `modelpack build`.")
    ] = None,
    daemonless: Annotated[
        bool, typer.Option("--daemonless", help="Build without docker or podman, as it is done where there is neither.")
    ] = False,
    trust: TrustOption = None,
) -> None:
    """Build the image of the scoring server, and push it to the account's registry."""
    from modelpack_deploy_sagemaker.containers import Wanted
    from modelpack_deploy_sagemaker.containers import build as run
    from modelpack_deploy_sagemaker.local_run import find_engine
    from modelpack_deploy_sagemaker.mlflow_api import push_image_to_ecr

    del mlflow_home
    if not build and not push:
        notice("nothing to do: neither --build nor --push")
        return
    wanted = Wanted(container, model, base, chosen_trust(trust))
    engine = None if daemonless else find_engine()
    if build and engine is None:
        _without_engine(wanted, push=push)
        return
    if build:
        notice(f"built {run(wanted, notice)}")
    if push:
        notice(f"pushed {push_image_to_ecr(container, notice)}")


@sagemaker.command("list-flavors")
def list_flavors() -> None:
    """Print the flavors that can be deployed."""
    from modelpack_deploy_sagemaker.mlflow_api import list_flavors as listed

    typer.echo(f"Supported deployment flavors are: {', '.join(listed())}")


def _without_engine(wanted: Wanted, *, push: bool) -> None:
    """Build without an engine: straight into the registry, or into a file."""
    from modelpack_deploy_sagemaker.account import Account
    from modelpack_deploy_sagemaker.containers import build_and_push, build_archive
    from modelpack_deploy_sagemaker.options import SageMakerOptions

    if push:
        notice(f"pushed {build_and_push(wanted, Account(SageMakerOptions()), notice)}")
    else:
        path = build_archive(wanted, Path.cwd(), notice)
        notice(f"wrote {path}; `docker load -i {path}` takes it")

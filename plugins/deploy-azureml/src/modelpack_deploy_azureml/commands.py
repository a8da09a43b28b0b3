"""`modelpack azureml …`: MLflow 0.9's command (S149), and where its neighbours have gone."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from modelpack.errors import DeployError, InvalidArgumentError

app = typer.Typer(help="MLflow 0.9's `azureml build-image`, for today's Azure ML.", no_args_is_help=True)


@app.callback()
def azureml() -> None:
    """MLflow 0.9's `azureml build-image`, for today's Azure ML."""


@app.command("build-image")
def build_image(  # noqa: PLR0913 - MLflow's options
    *,
    model_path: Annotated[str, typer.Option("--model-path", "-m", help="The model directory, or its path in the run.")],
    workspace_name: Annotated[str, typer.Option("--workspace-name", "-w", help="The Azure ML workspace.")],
    subscription_id: Annotated[
        str | None, typer.Option("--subscription-id", "-s", help="The subscription; $AZURE_SUBSCRIPTION_ID.")
    ] = None,
    resource_group: Annotated[
        str | None, typer.Option("--resource-group", "-g", help="The resource group; that of the workspace.")
    ] = None,
    run_id: Annotated[str | None, typer.Option("--run-id", "-r", metavar="ID", help="The run with the model.")] = None,
    image_name: Annotated[str | None, typer.Option("--image-name", "-i", help="The name of the environment.")] = None,
    model_name: Annotated[
        str | None, typer.Option("--model-name", "-n", help="The name of the registered model.")
    ] = None,
    mlflow_home: Annotated[
        str | None, typer.Option("--mlflow-home", help="Accepted and without effect: what is installed is built in.")
    ] = None,
    description: Annotated[str | None, typer.Option("--description", "-d", help="What stands beside both.")] = None,
    tags: Annotated[
        str | None, typer.Option("--tags", "-t", metavar="JSON", help="Further tags, as an object.")
    ] = None,
) -> None:
    """Register a model, and an environment whose image Azure builds to serve it."""
    from modelpack_deploy_azureml.image_building import build_image as build
    from modelpack_deploy_azureml.old_workspaces import named

    image, model = build(
        model_path,
        named(workspace_name, subscription_id, resource_group),
        run_id,
        image_name,
        model_name,
        mlflow_home,
        description,
        _read_tags(tags),
    )
    typer.echo(f"registered the model {model.name}:{model.version}")
    typer.echo(f"registered the environment {image.name}:{image.version}; Azure builds its image when it is deployed")


@app.command("service", hidden=True, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def service() -> None:
    """Say what there is in the place of web services."""
    raise DeployError(
        "Azure has removed web services on ACI and AKS, and images of their own kind",
        code="unsupported",
        hint="`modelpack deploy --target azureml` makes a managed endpoint; -o kind=kubernetes one on a cluster",
    )


def _read_tags(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InvalidArgumentError(f"--tags is no JSON: {error}", hint='give an object: {"team": "wine"}') from error
    if not isinstance(found, dict):
        raise InvalidArgumentError(f"--tags is {text}, and no JSON object", hint='give one: {"team": "wine"}')
    return {str(name): str(value) for name, value in found.items()}

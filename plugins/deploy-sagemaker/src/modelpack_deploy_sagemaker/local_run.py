"""SageMaker's container on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.deployments.local.foreground import (
    CONTAINER_ENGINES,
    container_engines,
    published_port,
    run_container_in_foreground,
    serve_in_foreground,
)
from modelpack.schema.mlmodel import MLmodel
from modelpack_deploy_sagemaker.flavors import GENERIC, chosen_flavor, container_variables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelpack.contexts import LocalRunContext
    from modelpack_deploy_sagemaker.options import SageMakerOptions


def run(context: LocalRunContext[SageMakerOptions]) -> int:
    """Serve with the image, as SageMaker starts it, or with the server in it where there is no engine or no image."""
    request, options = context.request, context.request.options
    flavor = chosen_flavor(MLmodel.load(request.model_path), options.flavor)
    variables = {**container_variables(flavor, request.digest), **options.environment()}
    engine = None if options.image is None else next(container_engines(), None)
    if options.image is not None and engine is not None:
        image = options.image.replace("{digest}", request.digest.removeprefix("sha256:")[:12])
        port = published_port(context)
        command = container_command(engine, image, request.model_path, context.host, port, variables)
        return run_container_in_foreground(command, variables)
    missing = "no image was named" if options.image is None else f"neither {' nor '.join(CONTAINER_ENGINES)} runs"
    context.progress(f"{missing}: this is the server of the image, in this Python, and not SageMaker's container")
    return serve_in_foreground(context, () if flavor == GENERIC else (f"--flavor={flavor}",), variables)


def container_command(
    engine: str, image: str, model: Path, host: str, port: int, variables: Mapping[str, str]
) -> list[str]:
    """How SageMaker's documentation starts a container (S135); the values of variables come from the environment."""
    published = f"{port}:8080" if host in {"", "0.0.0.0"} else f"{host}:{port}:8080"  # noqa: S104 - to be compared
    named = [word for name in variables for word in ("-e", name)]
    return [
        engine,
        "run",
        "--rm",
        "-v",
        f"{model.absolute()}:/opt/ml/model/:ro",
        "-p",
        published,
        *named,
        image,
        "serve",
    ]

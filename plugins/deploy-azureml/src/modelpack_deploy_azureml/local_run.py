"""The model on this machine: in the same image where there is an engine, else in the server process itself."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from modelpack.deployments.local.foreground import (
    container_engines,
    published_port,
    run_container_in_foreground,
    serve_in_foreground,
)
from modelpack_deploy_azureml import naming
from modelpack_deploy_azureml.documents import PORT, environment_variables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelpack.contexts import LocalRunContext
    from modelpack_deploy_azureml.options import AzureMLOptions

_MOUNT = "/var/azureml-app/azureml-models/model/1"
"""Where Azure mounts a model; its directory is below."""


def run(context: LocalRunContext[AzureMLOptions]) -> int:
    """Serve until it is told to stop, and answer the exit code."""
    engine = _engine(context)
    variables = environment_variables(context.request)
    if engine is None:
        context.progress(
            "there is no container engine or no image: the scoring server runs as a process of this Python"
        )
        return serve_in_foreground(
            context, [f"--timeout={context.request.options.request_timeout:g}"], variables=variables
        )
    context.progress(f"running {naming.image_name(context.request)} with {engine}")
    return run_container_in_foreground(_engine_command(engine, context, variables), variables)


def _engine(context: LocalRunContext[AzureMLOptions]) -> str | None:
    """The engine that can be reached and has the image, or can get it."""
    if context.request.options.image is None:
        return None
    image = naming.image_name(context.request)
    return next((program for program in container_engines() if _has_image(program, image)), None)


def _has_image(program: str, image: str) -> bool:
    return _succeeds([program, "image", "inspect", image]) or _succeeds([program, "pull", "--quiet", image])


def _succeeds(command: Sequence[str]) -> bool:
    finished = subprocess.run(  # noqa: S603 - a list, no shell
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    return finished.returncode == 0


def _engine_command(program: str, context: LocalRunContext[AzureMLOptions], variables: dict[str, str]) -> list[str]:
    """The variables go by name alone: their values are in no list of processes."""
    model = f"{context.request.model_path.resolve()}:{_MOUNT}/{naming.MODEL_FOLDER}:ro"
    named = [word for name in variables for word in ("--env", name)]
    ports = ["--publish", f"{context.host}:{published_port(context)}:{PORT}"]
    place = ["--volume", model, "--env", f"AZUREML_MODEL_DIR={_MOUNT}"]
    return [program, "run", "--rm", "--init", *ports, *place, *named, naming.image_name(context.request), "serve"]

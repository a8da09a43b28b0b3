"""SageMaker's container on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from modelpack.deployments.local.foreground import stopped_by_sigterm
from modelpack.schema.mlmodel import MLmodel
from modelpack_deploy_sagemaker.flavors import GENERIC, chosen_flavor, container_variables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelpack.contexts import LocalRunContext
    from modelpack_deploy_sagemaker.options import SageMakerOptions

ENGINES = ("docker", "podman")
_PATIENCE = 20


def run(context: LocalRunContext[SageMakerOptions]) -> int:
    """Serve with the image, as SageMaker starts it, or with the server in it where there is no engine or no image."""
    request, options = context.request, context.request.options
    flavor = chosen_flavor(MLmodel.load(request.model_path), options.flavor)
    variables = {**container_variables(flavor, request.digest), **options.environment()}
    engine = find_engine()
    if options.image is not None and engine is not None:
        image = options.image.replace("{digest}", request.digest.removeprefix("sha256:")[:12])
        return run_in_foreground(
            container_command(engine, image, request.model_path, context.host, context.port, variables), variables
        )
    missing = "no image was named" if options.image is None else f"neither {' nor '.join(ENGINES)} runs"
    context.progress(f"{missing}: this is the server of the image, in this Python, and not SageMaker's container")
    command = [sys.executable, "-m", "modelpack", "serve", f"--model={request.model_path}"]
    command += [f"--trust={request.digest}", f"--host={context.host}", f"--port={context.port}"]
    command += [] if flavor == GENERIC else [f"--flavor={flavor}"]
    return run_in_foreground(command, variables)


def find_engine() -> str | None:
    """The engine that is installed and works; a program without its daemon does not."""
    return next(filter(_works, filter(None, map(shutil.which, ENGINES))), None)


def _works(engine: str) -> bool:
    try:
        asked = subprocess.run([engine, "info"], capture_output=True, timeout=_PATIENCE, check=False)  # noqa: S603 - a list, no shell
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


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


def run_in_foreground(command: list[str], variables: Mapping[str, str]) -> int:
    """Run a program until it ends, or tell it to end when this one is told to (S135)."""
    with subprocess.Popen(command, env={**os.environ, **variables}) as server:  # noqa: S603 - a list, no shell
        try:
            with stopped_by_sigterm():
                return server.wait()
        except KeyboardInterrupt:
            server.terminate()
            return server.wait()

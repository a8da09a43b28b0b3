"""From a deployment's document to its container."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from azure_simulator.containers import Container, start_image, start_script
from azure_simulator.engine import start_on_engine
from azure_simulator.messages import Document, ServiceError
from azure_simulator.resources import folded

if TYPE_CHECKING:
    from azure_simulator.resources import Key
    from azure_simulator.workspace import Workspace

IMAGE_PORT = "8080"
"""Where our images listen; where they really do here is any free port."""


def check_references(workspace: Workspace, document: Document) -> None:
    """Refuse a deployment whose model, environment or code is not there, or that has no way to score."""
    properties = document["properties"]
    code = (properties.get("codeConfiguration") or {}).get("codeId")
    for identifier in filter(None, (properties.get("model"), properties.get("environmentId"), code)):
        workspace.asset(identifier)
    if not properties.get("environmentId"):
        raise ServiceError(400, "BadArgument", "environmentId is required.")
    environment = workspace.asset(properties["environmentId"])["properties"]
    if not code and not (environment.get("inferenceConfig") or {}).get("scoringRoute"):
        raise ServiceError(
            400, "BadArgument", "codeConfiguration is required unless the environment has an inferenceConfig."
        )


def start(workspace: Workspace, key: Key, document: Document) -> Container:
    """Start what a deployment describes.

    Raises:
        ServiceError: It cannot be started.
    """
    properties = document["properties"]
    directory = workspace.new_directory(key)
    log = workspace.logs[folded(key)] = directory / "container.log"
    log.touch()
    variables = dict(properties.get("environmentVariables") or {})
    if properties.get("model"):
        variables = with_model(workspace, properties, variables, directory)
    environment = workspace.asset(properties["environmentId"])["properties"]
    code = properties.get("codeConfiguration")
    if code:
        return start_script(workspace.programs, script_of(workspace, code, directory), variables, log)
    variables |= _baked(workspace, environment, directory, has_model="AZUREML_MODEL_DIR" in variables)
    config = environment["inferenceConfig"]
    _check_ports(config, variables.get("MODELPACK_PORT", IMAGE_PORT))
    routes = {
        name: (config.get(f"{name}Route") or {"path": "/"})["path"] for name in ("liveness", "readiness", "scoring")
    }
    if workspace.run_command is not None:
        return start_on_engine(workspace.run_command, environment["image"], variables, routes, log)
    return start_image(workspace.programs, variables, routes, log)


def _check_ports(config: Document, listening: str) -> None:
    """Fail as a probe does that asks at another port than the one where the image listens."""
    for route in config.values():
        if route and str(route["port"]) != listening:
            message = f"Readiness probe failed: connection refused at port {route['port']}."
            raise ServiceError(400, "ResourceNotReady", message)


def with_model(
    workspace: Workspace, properties: Document, variables: dict[str, str], directory: Path
) -> dict[str, str]:
    """The variables with the model's directory, whose mount path becomes a real one."""
    model = workspace.asset(properties["model"])
    name, version = properties["model"].rstrip("/").split("/")[-3::2]
    top = directory / "azureml-models"
    place = top / name / version
    path = workspace.blobs.path(model["properties"]["modelUri"])
    if path is None:
        raise ServiceError(400, "BadArgument", f"The model's files are at no place in the workspace: {model['id']}.")
    workspace.blobs.copy_to(path, place)
    mounted = properties.get("modelMountPath") or "/var/azureml-app/azureml-models"
    moved = {key: value.replace(mounted, str(top)) for key, value in variables.items()}
    return {"AZUREML_MODEL_DIR": str(place), **moved}


def script_of(workspace: Workspace, code: Document, directory: Path) -> Path:
    """The scoring script, in its code below a directory."""
    uri = workspace.asset(code["codeId"])["properties"]["codeUri"]
    path = workspace.blobs.path(uri)
    name: str = code["scoringScript"]
    found = workspace.blobs.copy_to(path or "", directory / "azureml-app") / name
    if not found.is_file():
        raise ServiceError(400, "BadArgument", f"The scoring script {name} is not in the code.")
    return found


def _baked(workspace: Workspace, environment: Document, directory: Path, *, has_model: bool) -> dict[str, str]:
    """The variable that leads to the model in an image, or in the build context from which Azure would build it."""
    if environment.get("build"):
        path = workspace.blobs.path(environment["build"]["contextUri"]) or ""
        context = workspace.blobs.copy_to(path, directory / "context")
        if not (context / environment["build"].get("dockerfilePath", "Dockerfile")).is_file():
            raise ServiceError(
                400, "ImageBuildFailure", "The image build failed: there is no Dockerfile in the context."
            )
        models = [file.parent for file in context.rglob("MLmodel")]
        return {"MODELPACK_MODEL": str(models[0])} if models and not has_model else {}
    try:
        model = workspace.images[environment["image"]]
    except KeyError:
        message = f"Unable to download user container image: {environment['image']} was not found."
        raise ServiceError(400, "BadArgument", message) from None
    return {} if has_model else {"MODELPACK_MODEL": str(model)}

"""Removing what a change has made that failed or was overtaken; what served before serves on."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from modelpack.errors import DeployError
from modelpack_deploy_azureml import assets, documents, naming
from modelpack_deploy_azureml.survey import Standing, state_of, survey, tags_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack_deploy_azureml.arm import Operation
    from modelpack_deploy_azureml.documents import Request
    from modelpack_deploy_azureml.workspace import Workspace

    Tell = Callable[[str], None]

PAUSE = 1.0
"""Seconds until Azure is asked again for what it refuses while another operation goes on."""


def give_up(workspace: Workspace, request: Request, wanted: str, progress: Tell) -> None:
    """Remove a deployment that was wished, and the endpoint when nothing else is behind it.

    What somebody else has asked for meanwhile is left alone.
    """
    standing = survey(workspace, request.name)
    if standing is None:
        clean(workspace, request.name, None, request.options.operation_timeout, progress)
        return
    seconds = request.options.operation_timeout
    mine = standing.wanted_name == wanted
    if mine and standing.serving is None:
        remove_everything(workspace, request.name, seconds, progress)
        return
    if mine:
        _give_back(workspace, standing, seconds)
    _remove(workspace, standing, wanted, seconds, progress)
    clean(workspace, request.name, survey(workspace, request.name), seconds, progress)


def remove_everything(workspace: Workspace, name: str, seconds: float, progress: Tell) -> None:
    """Remove an endpoint of ours with all that is behind it, and archive what was registered for it."""
    path = workspace.endpoint(name)
    operation = patiently(lambda: workspace.arm.delete(path), seconds)
    if operation is not None:
        operation.wait(seconds, f"remove the endpoint {name}")
        progress(f"removed the endpoint {name}")
    clean(workspace, name, None, seconds, progress)


def clean(workspace: Workspace, name: str, standing: Standing | None, seconds: float, progress: Tell) -> None:
    """Archive what is registered for a deployment and used by nothing that stands."""
    kept = [] if standing is None else [standing.endpoint, *standing.deployments]
    for kind, version in list(assets.unused(workspace, name, kept)):
        assets.archive(workspace, kind, name, version, seconds)
        progress(f"archived the {kind[:-1]} {naming.asset_name(name)}:{version}")


def patiently(begin: Callable[[], Operation | None], seconds: float) -> Operation | None:
    """Begin an operation, and try again as long as Azure refuses it because another one goes on."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return begin()
        except DeployError as error:
            if error.code != "conflict" or time.monotonic() > deadline:
                raise
        time.sleep(PAUSE)


def _give_back(workspace: Workspace, standing: Standing, seconds: float) -> None:
    """Note on the endpoint that the deployment is wished that serves."""
    serving = standing.serving
    if serving is None:
        return
    marks = {name: value for name, value in tags_of(serving).items() if name in _MARKS}
    body = documents.as_it_stands(standing.endpoint)
    body["tags"] = {**body["tags"], **marks, naming.WANTED: serving["name"]}
    path = workspace.endpoint(standing.endpoint["name"])
    operation = patiently(lambda: workspace.arm.put(path, body), seconds)
    if operation is not None:
        operation.wait(seconds, "update the endpoint")


_MARKS = (naming.REVISION, naming.DIGEST, naming.MODEL, naming.ENVIRONMENT)


def _remove(workspace: Workspace, standing: Standing, name: str, seconds: float, progress: Tell) -> None:
    """Remove a deployment that gets no requests."""
    found = standing.named(name)
    if found is None or standing.share(name) or state_of(found) == "Deleting":
        return
    path = workspace.deployment(standing.endpoint["name"], name)
    with suppress(DeployError):  # whoever has overtaken this change removes it as well
        operation = patiently(lambda: workspace.arm.delete(path), seconds)
        if operation is not None:
            operation.wait(seconds, f"remove the deployment {name}")
        progress(f"removed the deployment {name}")

"""Making the workspace what was planned, up to the deployment that Azure then starts in its own time.

The endpoint's tags say which deployment was asked for last. Whoever changes an endpoint writes them first, and looks
again before touching anything that others may have made meanwhile.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from modelpack.errors import DeployError
from modelpack_deploy_azureml import assets, documents, naming
from modelpack_deploy_azureml.planning import deployment_name
from modelpack_deploy_azureml.scoring_code import register_code
from modelpack_deploy_azureml.survey import FAILED, state_of, survey
from modelpack_deploy_azureml.undoing import PAUSE, give_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack_deploy_azureml.documents import Request
    from modelpack_deploy_azureml.survey import Standing
    from modelpack_deploy_azureml.workspace import Workspace

    Tell = Callable[[str], None]

_UNDER_WAY = frozenset({"Creating", "Updating"})


def apply(workspace: Workspace, request: Request, progress: Tell) -> None:
    """Make all that the new deployment needs, and ask for it; it gets no requests yet.

    Raises:
        DeployError: Azure refuses something; what was made is removed. Or somebody else has asked for another
            deployment meanwhile (`conflict`).
    """
    wanted = deployment_name(request, survey(workspace, request.name))
    claimed = False
    try:
        _claim(workspace, request, wanted, progress)
        claimed = True
        _register(workspace, request, progress)
        _ask(workspace, request, wanted, progress)
    except DeployError as error:
        if (claimed or error.code == "failed") and not _goes_on_elsewhere(workspace, request, wanted, error):
            _undo(workspace, request, wanted, error, progress)
        raise
    _assert_still_wanted(workspace, request, wanted, progress)


def _goes_on_elsewhere(workspace: Workspace, request: Request, wanted: str, error: DeployError) -> bool:
    """Whether somebody else makes the very same at the same time: it is theirs to end, or to undo."""
    if error.code != "conflict":
        return False
    standing = survey(workspace, request.name)
    return standing is not None and standing.wanted_name == wanted and standing.wanted is not None


def _undo(workspace: Workspace, request: Request, wanted: str, error: DeployError, progress: Tell) -> None:
    """Remove what was made before the error.

    Raises:
        DeployError: That fails, too; it is the same error, and says what is left.
    """
    try:
        give_up(workspace, request, wanted, progress)
    except DeployError:
        left = (f"the deployment {wanted} behind the endpoint {request.name}",)
        raise DeployError(error.message, code=error.code, left_behind=left, hint=error.hint) from error


def _claim(workspace: Workspace, request: Request, wanted: str, progress: Tell) -> None:
    """Make the endpoint, or note on it what is wished; requests go where they went."""
    standing = survey(workspace, request.name)
    if standing is not None and standing.wanted_name == wanted:
        _await_idle(workspace, request)
        return
    shares = {} if standing is None else standing.shares
    body = documents.endpoint(request, workspace.location, wanted, shares)
    body = _with_compute(workspace, body)
    what = f"{'create' if standing is None else 'update'} the endpoint {request.name}"
    workspace.arm.put(workspace.endpoint(request.name), body).wait(request.options.operation_timeout, what)
    progress(f"{'created' if standing is None else 'updated'} the endpoint {request.name}")


def _await_idle(workspace: Workspace, request: Request) -> None:
    """Wait for what an earlier call has begun and not seen through: Azure takes nothing else meanwhile."""
    deadline = time.monotonic() + request.options.operation_timeout
    while (standing := survey(workspace, request.name)) is not None and state_of(standing.endpoint) in _UNDER_WAY:
        if time.monotonic() > deadline:
            raise DeployError(f"the endpoint {request.name} is still {state_of(standing.endpoint)}", code="timeout")
        time.sleep(PAUSE)


def _with_compute(workspace: Workspace, body: dict[str, object]) -> dict[str, object]:
    properties = body["properties"]
    if isinstance(properties, dict) and "compute" in properties:
        return {**body, "properties": {**properties, "compute": f"{workspace.path}/computes/{properties['compute']}"}}
    return body


def _register(workspace: Workspace, request: Request, progress: Tell) -> None:
    name, version = naming.asset_name(request.name), naming.model_version(request.digest)
    if not assets.is_active(workspace, "models", request.name, version):
        assets.register_model(workspace, request)
        progress(f"registered the model {name}:{version}")
    version = documents.environment_version(request)
    if not assets.is_active(workspace, "environments", request.name, version):
        assets.register_environment(workspace, request)
        progress(f"registered the environment {name}:{version}")


def _ask(workspace: Workspace, request: Request, wanted: str, progress: Tell) -> None:
    """Ask for the deployment, in place of one of that name that has failed."""
    standing = survey(workspace, request.name)
    found = None if standing is None else standing.named(wanted)
    path, seconds = workspace.deployment(request.name, wanted), request.options.operation_timeout
    if found is not None and state_of(found) in FAILED:
        remove_deployment(workspace, request.name, wanted, seconds)
        progress(f"removed the deployment {wanted} that has failed")
    elif found is not None:
        return
    code = register_code(workspace, seconds) if request.options.base_image is not None else None
    workspace.arm.put(path, documents.deployment(request, workspace.location, workspace, code))
    progress(f"asked for the deployment {wanted}")


def remove_deployment(workspace: Workspace, endpoint: str, name: str, seconds: float) -> None:
    """Remove a deployment, and wait until it is gone."""
    operation = workspace.arm.delete(workspace.deployment(endpoint, name))
    if operation is not None:
        operation.wait(seconds, f"remove the deployment {name}")


def _assert_still_wanted(workspace: Workspace, request: Request, wanted: str, progress: Tell) -> None:
    standing: Standing | None = survey(workspace, request.name)
    if standing is None or standing.wanted_name != wanted:
        give_up(workspace, request, wanted, progress)
        raise lost(request.name)


def lost(name: str) -> DeployError:
    """The error for whoever was overtaken."""
    return DeployError(
        f"another change of {name} came after this one",
        code="conflict",
        hint="`modelpack deployments get` shows what stands",
    )

"""Why a deployment has failed: what Azure says of the operation, and the end of the container's log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.errors import DeployError
from modelpack_deploy_azureml.survey import state_of

if TYPE_CHECKING:
    from modelpack_deploy_azureml.arm import Resource
    from modelpack_deploy_azureml.workspace import Workspace

LINES = 20
"""How many of the log's last lines are told."""

_OPERATION = "AzureAsyncOperationUri"
"""The property in which Azure keeps the URL of the operation that made a resource."""


def reason_of(workspace: Workspace, endpoint: str, found: Resource) -> str:
    """Why an endpoint or a deployment has failed, in Azure's words and its own."""
    said = _operation_failure(workspace, found) or f"its provisioning state is {state_of(found)}"
    log = last_words(workspace, endpoint, found["name"]) if found["name"] != endpoint else ""
    return f"{said}; its log ends with: {log}" if log else said


def last_words(workspace: Workspace, endpoint: str, deployment: str) -> str:
    """The last lines of a container's log as one; nothing when there is none."""
    try:
        return " | ".join(line.strip() for line in read_log(workspace, endpoint, deployment, LINES) if line.strip())
    except DeployError:
        return ""


def read_log(workspace: Workspace, endpoint: str, deployment: str, lines: int) -> list[str]:
    """The last lines of a deployment's container."""
    body = {"containerType": "InferenceServer", "tail": lines}
    answer = workspace.arm.post(f"{workspace.deployment(endpoint, deployment)}/getLogs", body)
    return str(answer.get("content") or "").splitlines()[-lines:]


def _operation_failure(workspace: Workspace, found: Resource) -> str | None:
    url = (found["properties"].get("properties") or {}).get(_OPERATION)
    operation = (
        None if url is None else workspace.arm.operation_at(url.replace("mfeOperationsIds", "mfeOperationsStatus"))
    )
    return None if operation is None else operation.failure()

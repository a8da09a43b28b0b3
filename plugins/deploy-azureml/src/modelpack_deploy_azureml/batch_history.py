"""Why a batch job has failed: the run history knows, Resource Manager does not."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from modelpack.errors import DeployError

if TYPE_CHECKING:
    from modelpack_deploy_azureml.workspace import Workspace


def reason_of(workspace: Workspace, job: str) -> str | None:
    """The error of a job, in Azure's words; None when the history does not answer."""
    import requests

    found = urlsplit(str(workspace.facts["properties"].get("discoveryUrl") or ""))
    url = f"{found.scheme}://{found.netloc}/history/v1.0{workspace.path}/runs/{job}"
    try:
        headers = {"Authorization": f"Bearer {workspace.token()}"}
        answer = requests.get(url, headers=headers, timeout=(10, 60))
        message: str = answer.json()["error"]["error"]["message"]
    except (requests.RequestException, DeployError, ValueError, KeyError, TypeError):
        return None
    return message

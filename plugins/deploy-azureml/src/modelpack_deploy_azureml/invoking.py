"""Sending one invocation to an endpoint's scoring URI.

`azure.ai.ml` sends JSON that it reads from a file, under its own content type; here body and type go as they are.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from modelpack.deployments.forwarding.invoking import refusal
from modelpack.deployments.records import InvocationAnswer
from modelpack.errors import DeployError
from modelpack_deploy_azureml.documents import AUTHENTICATION

if TYPE_CHECKING:
    from modelpack.deployments.records import Invocation
    from modelpack_deploy_azureml.survey import Standing
    from modelpack_deploy_azureml.workspace import Workspace

SECONDS = 310.0
"""A little longer than Azure lets a request take."""


def invoke(workspace: Workspace, standing: Standing, invocation: Invocation) -> InvocationAnswer:
    """Send it, and answer what came back.

    Raises:
        DeployError: The endpoint does not answer (`unreachable`), or it or the scoring server refuses the request
            (`invocation_failed`); the message holds what it said.
    """
    import requests

    name = standing.endpoint["name"]
    url = standing.endpoint["properties"].get("scoringUri")
    if not url:
        raise DeployError(f"the endpoint {name} has no address yet", code="unreachable")
    headers = {"Content-Type": invocation.content_type, "Authorization": f"Bearer {_secret(workspace, standing)}"}
    headers["Accept"] = invocation.accept or "*/*"
    try:
        answer = requests.post(url, data=invocation.body, headers=headers, timeout=(10, SECONDS))
    except requests.RequestException as error:
        raise DeployError(f"{url} does not answer: {error}", code="unreachable") from error
    if answer.status_code != HTTPStatus.OK:
        raise DeployError(
            f"{name} answered {answer.status_code}: {refusal(answer.content)}",
            code="invocation_failed",
            hint=_HINTS.get(answer.status_code),
        )
    return InvocationAnswer(body=answer.content, content_type=answer.headers.get("Content-Type", ""))


_HINTS = {
    int(HTTPStatus.UNAUTHORIZED): "the key or token was changed, or has expired",
    int(HTTPStatus.FORBIDDEN): "the identity needs the action onlineEndpoints/score/action on the endpoint",
    int(HTTPStatus.REQUEST_TIMEOUT): "give the deployment a longer -o request_timeout",
    int(HTTPStatus.TOO_MANY_REQUESTS): "give the deployment more instances, or a higher -o concurrency",
}


def _secret(workspace: Workspace, standing: Standing) -> str:
    """The key or the token that the endpoint asks for."""
    path = workspace.endpoint(standing.endpoint["name"])
    mode = str(standing.endpoint["properties"]["authMode"]).lower()
    if mode == AUTHENTICATION["key"].lower():
        return str(workspace.arm.post(f"{path}/listKeys")["primaryKey"])
    if mode == AUTHENTICATION["token"].lower():
        return str(workspace.arm.post(f"{path}/token")["accessToken"])
    return workspace.token(scoring=True)

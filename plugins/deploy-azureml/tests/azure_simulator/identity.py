"""The fake identity: a credential for this process, and a managed identity's endpoint for others."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from azure_simulator.messages import Call, Reply, ServiceError

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

HOUR = 3600
PATH = "/msi/token"


class FakeCredential:
    """Has one token for whatever is asked."""

    def __init__(self, token: str) -> None:
        """Keep the token."""
        self._token = token

    def get_token(self, *scopes: str, **options: object) -> AccessToken:  # noqa: ARG002 - the protocol of credentials
        """The token."""
        from azure.core.credentials import AccessToken

        return AccessToken(self._token, int(time.time()) + HOUR)


def answer(call: Call, token: str, secret: str) -> Reply:
    """Answer as the endpoint of an App Service's managed identity does (`IDENTITY_ENDPOINT`)."""
    if call.headers.get("x-identity-header") != secret:
        raise ServiceError(401, "Unauthorized", "The header X-IDENTITY-HEADER is missing or wrong.")
    if "resource" not in call.query:
        raise ServiceError(400, "BadRequest", "The parameter resource is missing.")
    content = {
        "access_token": token,
        "expires_on": str(int(time.time()) + HOUR),
        "resource": call.query["resource"],
        "token_type": "Bearer",
        "client_id": "00000000-0000-0000-0000-000000000000",
    }
    return Reply(200, content)

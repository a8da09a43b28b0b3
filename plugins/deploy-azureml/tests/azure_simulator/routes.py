"""Where each request goes: the addresses of Azure's services are paths here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from azure_simulator import identity
from azure_simulator.arm import is_change
from azure_simulator.blobs import ACCOUNT
from azure_simulator.messages import Call, Reply

if TYPE_CHECKING:
    from azure_simulator.arm import ResourceManager
    from azure_simulator.scoring import Front
    from azure_simulator.workspace import Workspace


class Routes:
    """Passes requests on.

    Attributes:
        requests: The method and path of every request.
    """

    def __init__(self, workspace: Workspace, manager: ResourceManager, front: Front, secret: str) -> None:
        """Lead to these; the secret is what the managed identity's endpoint asks for."""
        self._workspace = workspace
        self._manager = manager
        self._front = front
        self._secret = secret
        self.requests: list[tuple[str, str]] = []

    def answer(self, call: Call) -> Reply:
        """Answer a request, unless it is to fail."""
        self.requests.append((call.method, call.path))
        if call.path == identity.PATH:
            return identity.answer(call, self._workspace.token, self._secret)
        self._workspace.faults.check_request(call)
        if call.path.startswith("/endpoints/"):
            return self._front.answer(call)
        if call.path.startswith(f"/{ACCOUNT}/"):
            self._manager.changes += is_change(call)
            return self._workspace.blobs.answer(call)
        if call.path.startswith("/batch/"):
            self._manager.changes += 1
            return self._manager.jobs.submit(call)
        if call.path == "/discovery":
            return Reply(200, dict.fromkeys(("api", "history", "studio"), self._workspace.url))
        return self._manager.answer(_without_prefix(call))


def _without_prefix(call: Call) -> Call:
    """The call as Resource Manager gets it: some of the SDK's requests go past it."""
    path = re.sub(r"^/(mferp/managementfrontend|history/v1\.0|[^/]+/v[\d.]+)(?=/subscriptions/)", "", call.path)
    return Call(call.method, path, call.query, call.headers, call.content)

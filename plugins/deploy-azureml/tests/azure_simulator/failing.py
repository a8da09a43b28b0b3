"""Letting things fail: what a test asks of the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure_simulator.messages import ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azure_simulator.faults import Faults

WORKSPACE = "[A-Z]+ /subscriptions/.*"
ACTIONS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


class FailsOnDemand:
    """What can be told to fail."""

    def __init__(self, faults: Faults) -> None:
        """Keep what is to fail."""
        self._faults = faults

    def fail_deployments(
        self, code: str, *, name: str = ".*", message: str = "", times: int | None = 1, log: Sequence[str] = ()
    ) -> None:
        """Let deployments fail after they were accepted.

        Args:
            code: `ImageBuildFailure`, `OutOfCapacity`, `OutOfQuota`, `ResourceNotReady`, or another one.
            name: A pattern for the names of the deployments.
            message: What Azure says.
            times: How many fail; None for all.
            log: The lines that the container wrote.
        """
        self._faults.fail_deployment(name, code, message, times, log)

    def forbid(self, action: str) -> None:
        """Refuse an action with 403, such as `onlineEndpoints/write`, `models/versions/read` or `.*/delete`."""
        kinds, _, verb = action.rpartition("/")
        methods = "|".join(method for method, name in ACTIONS.items() if name == verb) or "POST"
        below = "/".join(f"{kind}(/[^/]+)?" for kind in kinds.split("/"))
        path = ".*" if kinds == ".*" else f".*/workspaces/[^/]+/{below}"
        message = (
            f"The client 'simulated' does not have authorization to perform action "
            f"'Microsoft.MachineLearningServices/workspaces/{action}' over this scope or the scope is invalid."
        )
        self.refuse(f"({methods}) {path}", ServiceError(403, "AuthorizationFailed", message))

    def throttle(self, times: int, *, retry_after: float = 1.0, pattern: str = WORKSPACE) -> None:
        """Answer the next requests with 429; `POST /endpoints/.*` concerns scoring."""
        message = "Number of requests exceeded the limit: please retry later."
        self.refuse(pattern, ServiceError(429, "TooManyRequests", message, retry_after=retry_after), times)

    def break_down(self, times: int, *, status: int = 503, pattern: str = WORKSPACE) -> None:
        """Answer the next requests with an error of the service."""
        self.refuse(pattern, ServiceError(status, "ServiceUnavailable", "The service is unavailable."), times)

    def refuse(self, pattern: str, refusal: ServiceError, times: int | None = None) -> None:
        """Refuse requests whose `METHOD /path` matches a pattern: to the workspace, an endpoint or the storage."""
        self._faults.refuse(pattern, refusal, times)

    def heal(self) -> None:
        """Let nothing fail any more."""
        self._faults.clear()

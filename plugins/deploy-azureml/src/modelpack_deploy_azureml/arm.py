"""Azure Resource Manager over HTTP: the few requests that this target makes, and operations that take their time.

`azure.ai.ml`'s own operations print to the standard output while they wait, lose a Kubernetes endpoint's mirrored
traffic when they read it, and keep the reason of a failure to themselves; so endpoints and deployments are asked for
here, and that library uploads.
"""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from modelpack.errors import DeployError
from modelpack_deploy_azureml.faults import AbsentError, in_words, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from azure.core.credentials import TokenCredential
    from azure.core.rest import HttpResponse
    from azure.mgmt.core import ARMPipelineClient

Resource = dict[str, Any]

API_VERSION = "2024-04-01"
_ENDED = frozenset({"succeeded", "failed", "canceled", "cancelled"})
_LONGEST_PAUSE = 15.0


class ResourceManager:
    """One of Azure's clouds, as one account sees it."""

    def __init__(self, url: str, scopes: tuple[str, ...], credential: TokenCredential) -> None:
        """Ask nobody before the first request."""
        self._url = url.rstrip("/")
        self._scopes = scopes
        self._credential = credential

    def get(self, path: str, **query: str) -> Resource | None:
        """A resource; None when there is none."""
        try:
            return self._json("GET", path, query)
        except AbsentError:
            return None

    def pages(self, path: str, **query: str) -> Iterator[Resource]:
        """What a collection holds, page by page; nothing when there is no such collection."""
        page = self.get(path, **query)
        while page is not None:
            yield from page["value"]
            following = page.get("nextLink")
            page = self._json("GET", following, {}) if following else None

    def put(self, path: str, body: Resource) -> Operation:
        """Begin to make a resource what the body says."""
        return self._begun("PUT", path, body)

    def delete(self, path: str) -> Operation | None:
        """Begin to remove a resource; None when there is none."""
        try:
            return self._begun("DELETE", path, None)
        except AbsentError:
            return None

    def post(self, path: str, body: Resource | None = None) -> Resource:
        """Ask for something that is no resource, such as keys."""
        return self._json("POST", path, {}, {} if body is None else body)

    def operation_at(self, url: str) -> Operation | None:
        """An operation that another process has begun; None for a URL that is not this cloud's: it gets no token."""
        return Operation(self, url) if urlsplit(url).netloc == urlsplit(self._url).netloc else None

    def _begun(self, method: str, path: str, body: Resource | None) -> Operation:
        headers = self._sent(method, path, {}, body).headers
        return Operation(self, headers.get("Azure-AsyncOperation"), _retry_after(headers))

    def _json(self, method: str, path: str, query: dict[str, str], body: Resource | None = None) -> Resource:
        content: Resource = self._sent(method, path, query, body).json()
        return content

    def _sent(self, method: str, path: str, query: dict[str, str], body: Resource | None) -> HttpResponse:
        from azure.core.rest import HttpRequest

        absolute = path.startswith("https://")
        url = path if absolute else f"{self._url}{path}"
        version = {} if absolute else {"api-version": API_VERSION}
        request = HttpRequest(method, url, params={**version, **query}, json=body)
        with in_words():
            response: HttpResponse = self._client.send_request(request)
            response.raise_for_status()
        return response

    @cached_property
    def _client(self) -> ARMPipelineClient[Any, Any]:
        from azure.core.pipeline import policies
        from azure.mgmt.core import ARMPipelineClient
        from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

        return ARMPipelineClient(
            base_url=self._url,
            policies=[
                policies.RequestIdPolicy(),
                policies.UserAgentPolicy("modelpack-deploy-azureml"),
                policies.RetryPolicy(retry_total=4),
                ARMChallengeAuthenticationPolicy(self._credential, *self._scopes),
                policies.HttpLoggingPolicy(),
            ],
        )


class Operation:
    """Something that Azure has accepted and does in its own time."""

    def __init__(self, manager: ResourceManager, url: str | None, pause: float = 1.0) -> None:
        """Look at the operation's URL; without one everything is done already."""
        self._manager = manager
        self._url = url
        self._pause = pause

    def wait(self, seconds: float, what: str) -> None:
        """Wait until it has ended.

        Raises:
            DeployError: It failed, with Azure's reason; or it had not ended in time (`timeout`).
        """
        deadline, pause = time.monotonic() + seconds, self._pause
        while (status := self._status()) is not None and status["status"].lower() not in _ENDED:
            if time.monotonic() + pause > deadline:
                raise DeployError(f"Azure had not ended to {what} after {seconds:g} s", code="timeout")
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        if status is not None and status["status"].lower() != "succeeded":
            raise DeployError(f"Azure failed to {what}: {_reason(status)}", code="failed")

    def failure(self) -> str | None:
        """Why it failed; None when it has not, or when Azure does not remember."""
        try:
            status = self._status()
        except DeployError:
            return None
        ended_badly = status is not None and status.get("status", "").lower() in _ENDED - {"succeeded"}
        return _reason(status) if status is not None and ended_badly else None

    def _status(self) -> Resource | None:
        return None if self._url is None else self._manager.get(self._url)


def _reason(status: Resource) -> str:
    return reason_of(status) or str(status["status"])


def _retry_after(headers: Mapping[str, str]) -> float:
    """After how many seconds Azure wants to be asked again; it sends milliseconds or seconds, never a date."""
    milliseconds, seconds = headers.get("x-ms-retry-after-ms"), headers.get("Retry-After")
    try:
        return float(milliseconds) / 1000 if milliseconds else float(seconds or 1.0)
    except ValueError:
        return 1.0

"""Talking to a cluster: the few requests that this target makes, and what goes wrong with them in words."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from modelpack.errors import DeployError
from modelpack_deploy_kserve.manifests import MANAGED, MANAGER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubernetes.dynamic import DynamicClient

    from modelpack_deploy_kserve.manifests import Manifest
    from modelpack_deploy_kserve.options import KServeOptions

_PATHS = {
    "Deployment": ("/apis/apps/v1", "deployments"),
    "HorizontalPodAutoscaler": ("/apis/autoscaling/v2", "horizontalpodautoscalers"),
    "InferenceService": ("/apis/serving.kserve.io/v1beta1", "inferenceservices"),
    "Pod": ("/api/v1", "pods"),
    "Service": ("/api/v1", "services"),
}
_TIMEOUT = (5, 60)
"""Seconds to connect, and to wait for an answer."""


class Cluster:
    """One namespace of a cluster, through the Kubernetes client: its configuration, its credentials, its TLS."""

    def __init__(self, options: KServeOptions) -> None:
        """Nothing is read, and nobody is asked, before the first request."""
        self._options = options
        self.namespace = options.namespace

    def get(self, kind: str, name: str) -> Manifest | None:
        """An object as it stands; None when there is none, or when the cluster does not know the kind."""
        try:
            return self._json("get", self._path(kind, name))
        except _AbsentError:
            return None

    def list(self, kind: str, selector: str, page: int = 100) -> Iterator[Manifest]:
        """The objects with a label, a page at a time."""
        following: str | None = None
        while following != "":
            try:
                answer = self._json(
                    "get", self._path(kind), label_selector=selector, limit=page, **_continued(following)
                )
            except _AbsentError:
                return
            yield from answer["items"]
            following = answer.get("metadata", {}).get("continue", "")

    def knows(self, kind: str) -> bool:
        """Whether the cluster knows a kind of objects."""
        group, plural = _PATHS[kind]
        try:
            return any(each["name"] == plural for each in self._json("get", group)["resources"])
        except _AbsentError:
            return False

    def create(self, manifest: Manifest) -> Manifest:
        """Make an object that is not there yet.

        Raises:
            DeployError: Somebody else has made it meanwhile (`conflict`).
        """
        return self._json("post", self._path(manifest["kind"]), body=manifest, field_manager=MANAGER)

    def apply(self, manifest: Manifest) -> Manifest:
        """Make an object what the manifest says, and leave alone what the manifest does not speak of."""
        return self._json(
            "patch",
            self._path(manifest["kind"], manifest["metadata"]["name"]),
            body=manifest,
            content_type="application/apply-patch+yaml",
            field_manager=MANAGER,
            force_conflicts=True,
        )

    def merge(self, kind: str, name: str, change: Manifest) -> Manifest:
        """Change the fields of an object that are named."""
        path = self._path(kind, name)
        return self._json("patch", path, body=change, content_type="application/merge-patch+json")

    def delete(self, kind: str, name: str) -> None:
        """Remove an object and what it owns; when there is none, there is nothing to do."""
        try:
            self._json("delete", self._path(kind, name), propagation_policy="Foreground")
        except _AbsentError:
            return

    def log(self, pod: str, container: str, since: str | None, lines: int) -> str:
        """The last lines of a pod's log, each with its time; none when the pod has not started."""
        wanted = [("tailLines", lines)] if since is None else [("sinceTime", since)]
        query = [("container", container), ("timestamps", "true"), *wanted]
        try:
            with self._in_words():
                answer = self._client.request(
                    "get",
                    f"{self._path('Pod', pod)}/log",
                    query_params=query,
                    serialize=False,
                    _request_timeout=_TIMEOUT,
                )
                return bytes(answer.data).decode(errors="replace")
        except (_AbsentError, _RefusedError):
            return ""

    def post(self, service: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[bytes, str]:
        """Send a body to a service, through the cluster's API server; answer the body and its media type.

        Raises:
            DeployError: The service refused the request or failed (`invocation_failed`), or does not answer.
        """
        content_type = headers.pop("Content-Type")
        sent: Any = json.loads(body) if content_type.partition(";")[0].strip() == "application/json" else body
        with self._in_words(service):
            answer = self._client.request(
                "post",
                f"{self._path('Service', service)}/proxy{path}",
                body=sent,
                content_type=content_type,
                header_params=headers,
                serialize=False,
                _request_timeout=_TIMEOUT,
            )
            return bytes(answer.data), str(answer.headers.get("Content-Type", ""))

    def _path(self, kind: str, name: str | None = None) -> str:
        group, plural = _PATHS[kind]
        path = f"{group}/namespaces/{self.namespace}/{plural}"
        return path if name is None else f"{path}/{name}"

    def _json(self, method: str, path: str, **wanted: Any) -> Manifest:
        with self._in_words():
            answer = self._client.request(method, path, serialize=False, _request_timeout=_TIMEOUT, **wanted)
            content: Manifest = json.loads(answer.data)
            return content

    @cached_property
    def _client(self) -> DynamicClient:
        from kubernetes import client, config
        from kubernetes.dynamic import DynamicClient

        settings = client.Configuration()
        path = None if self._options.kubeconfig is None else str(self._options.kubeconfig)
        try:
            config.load_kube_config(path, self._options.context, settings, persist_config=False)
        except config.ConfigException as error:
            if path is not None or self._options.context is not None:
                raise _no_cluster(error) from error
            try:
                config.load_incluster_config(settings)
            except config.ConfigException:
                raise _no_cluster(error) from error
        settings.retries = False
        # Without a discoverer the client asks for nothing that was not asked for, and writes no cache.
        return DynamicClient(client.ApiClient(settings), discoverer=lambda *_: None)

    @contextmanager
    def _in_words(self, service: str | None = None) -> Iterator[None]:
        from kubernetes.dynamic.exceptions import DynamicApiError
        from urllib3.exceptions import HTTPError

        try:
            yield
        except DynamicApiError as error:
            if service is not None and error.status not in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
                raise _failed_invocation(error, service) from error
            raise _in_words(error, self.namespace) from error
        except (HTTPError, OSError) as error:
            raise DeployError(
                f"the cluster does not answer: {error}",
                code="unreachable",
                hint="`kubectl cluster-info` with the same kubeconfig and context tells more",
            ) from error


class _AbsentError(DeployError):
    """There is no such object."""


class _RefusedError(DeployError):
    """The cluster refused the request."""


def is_ours(found: Manifest | None) -> bool:
    """Whether modelpack has made an object."""
    return found is not None and found["metadata"].get("labels", {}).get(MANAGED) == MANAGER


def _continued(token: str | None) -> dict[str, str]:
    return {"_continue": token} if token else {}


def _no_cluster(error: Exception) -> DeployError:
    return DeployError(
        f"no cluster is configured: {error}", code="rejected", hint="name a kubeconfig with -o kubeconfig=FILE"
    )


def _in_words(error: Any, namespace: str) -> DeployError:
    said = _message(error)
    if error.status == HTTPStatus.NOT_FOUND:
        return _AbsentError(said, code="not_deployed")
    if error.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return DeployError(
            f"the cluster forbids it: {said}",
            code="permission_denied",
            hint=f"the account needs the permissions that --dry-run lists, in the namespace {namespace}",
        )
    if error.status == HTTPStatus.CONFLICT:
        return DeployError(f"somebody else is changing it: {said}", code="conflict", hint="try again")
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR or error.status == HTTPStatus.TOO_MANY_REQUESTS:
        return DeployError(f"the cluster fails: {said}", code="unreachable")
    return _RefusedError(f"the cluster refuses it: {said}", code="rejected")


def _failed_invocation(error: Any, service: str) -> DeployError:
    if error.status in {HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE} and "no endpoints" in _message(error):
        return DeployError(f"no replica of {service} is ready", code="unreachable")
    return DeployError(f"{service} answered {error.status}: {_message(error)}", code="invocation_failed")


def _message(error: Any) -> str:
    """What the answer says; the scoring server and Kubernetes both call it `message`."""
    try:
        return str(json.loads(error.body)["message"])
    except (ValueError, TypeError, KeyError):
        return str(error.body or error.reason)[:500]

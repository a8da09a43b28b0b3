"""What stands in a cluster, in modelpack's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.deployments.records import Deployment, DeploymentState, Variant
from modelpack_deploy_kserve.manifests import DIGEST, REVISION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelpack_deploy_kserve.manifests import Manifest

_BROKEN = frozenset({"RevisionFailed", "ProgressDeadlineExceeded", "InvalidSpec", "BlockedByFailedLoad"})
"""Reasons after which neither Kubernetes nor KServe goes on."""


def described(found: Manifest, pods: Iterable[Manifest] = ()) -> Deployment:
    """A Deployment or InferenceService as a deployment.

    Args:
        found: The object.
        pods: Its pods, which know why they do not start.
    """
    metadata, status = found["metadata"], found.get("status", {})
    annotations = metadata.get("annotations", {})
    state, reason = _state(found)
    if state not in {"ready", "deleting"}:
        reason = _reason_of(pods) or reason
    return Deployment(
        name=metadata["name"],
        state=state,
        endpoint=_endpoint(found),
        digest=annotations.get(DIGEST),
        revision=annotations.get(REVISION),
        reason=reason,
        variants=_variants(status),
        details={
            "kind": found["kind"],
            "namespace": metadata["namespace"],
            **({"replicas": status.get("availableReplicas", 0)} if found["kind"] == "Deployment" else {}),
        },
    )


def _state(found: Manifest) -> tuple[DeploymentState, str | None]:
    if "deletionTimestamp" in found["metadata"]:
        return "deleting", None
    status = found.get("status", {})
    broken = _broken(status)
    if status.get("observedGeneration", 0) < found["metadata"].get("generation", 0):
        return "updating" if status else "pending", None
    if broken is not None:
        return "failed", broken
    if found["kind"] == "Deployment":
        return _state_of_replicas(found)
    return ("ready" if _condition(status, "Ready") == "True" else "pending"), None


def _state_of_replicas(found: Manifest) -> tuple[DeploymentState, str | None]:
    status, wanted = found["status"], found["spec"].get("replicas", 1)
    counts = [status.get(name, 0) for name in ("updatedReplicas", "availableReplicas", "replicas")]
    if all(count == wanted for count in counts):
        return "ready", None
    return ("updating" if status.get("availableReplicas") else "pending"), None


def _broken(status: Manifest) -> str | None:
    for each in status.get("conditions", ()):
        if each.get("status") == "False" and each.get("reason") in _BROKEN:
            return str(each.get("message") or each["reason"])
    loading = status.get("modelStatus", {})
    if loading.get("transitionStatus") in _BROKEN:
        failure = loading.get("lastFailureInfo", {})
        return str(failure.get("message") or failure.get("reason") or loading["transitionStatus"])
    return None


def _condition(status: Manifest, name: str) -> str | None:
    return next((each["status"] for each in status.get("conditions", ()) if each["type"] == name), None)


def _reason_of(pods: Iterable[Manifest]) -> str | None:
    """Why a container does not start, as its pod tells; the newest pod is asked first."""
    for pod in sorted(pods, key=lambda each: str(each["metadata"].get("creationTimestamp", "")), reverse=True):
        for container in pod.get("status", {}).get("containerStatuses", ()):
            state = container.get("state", {})
            ended = state.get("terminated") or container.get("lastState", {}).get("terminated")
            waiting = state.get("waiting", {})
            if waiting.get("reason") in {None, "ContainerCreating", "PodInitializing"} and not ended:
                continue
            told = [waiting.get("reason"), waiting.get("message"), *((_ending(ended),) if ended else ())]
            return f"{pod['metadata']['name']}: {'; '.join(filter(None, told))}"
    return None


def _ending(ended: Manifest) -> str:
    reason, message = ended.get("reason", "ended"), ended.get("message")
    return f"{reason} with exit code {ended.get('exitCode')}" + (f": {message}" if message else "")


def _endpoint(found: Manifest) -> str | None:
    if found["kind"] == "InferenceService":
        url: str | None = found.get("status", {}).get("url")
        return url
    return f"http://{found['metadata']['name']}.{found['metadata']['namespace']}.svc"


def _variants(status: Manifest) -> tuple[Variant, ...]:
    """The revisions among which KServe divides the requests."""
    traffic = status.get("components", {}).get("predictor", {}).get("traffic", ())
    return tuple(
        Variant(name="latest" if each.get("latestRevision") else "previous", traffic=float(each.get("percent", 0)))
        for each in traffic
        if each.get("percent")
    )

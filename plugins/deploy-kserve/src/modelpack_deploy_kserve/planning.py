"""What stands in the way of a request, and the steps that fulfil it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from modelpack.deployments.records import Finding, Step
from modelpack_deploy_kserve.cluster import is_ours
from modelpack_deploy_kserve.manifests import REVISION, annotation, owner_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.deployments.records import DeployRequest
    from modelpack_deploy_kserve.cluster import Cluster
    from modelpack_deploy_kserve.manifests import Manifest
    from modelpack_deploy_kserve.options import KServeOptions

LONGEST_NAME = 53
"""KServe makes host names and names of pods of it, which have 63 characters."""
PERMISSIONS = {
    "InferenceService": ("serving.kserve.io/inferenceservices",),
    "Deployment": ("apps/deployments", "services", "autoscaling/horizontalpodautoscalers"),
}
VERBS = "get, list, create, patch, delete"
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


def findings(request: DeployRequest[KServeOptions], cluster: Cluster) -> Iterator[Finding]:
    """Whether the name can be one, the cluster knows KServe, and nobody else has something of that name."""
    if _NAME.fullmatch(request.name) is None or len(request.name) > LONGEST_NAME:
        yield Finding(
            level="error",
            message=f"{request.name!r} cannot be the name of an object in Kubernetes",
            hint=f"use at most {LONGEST_NAME} lower-case letters, digits and -, beginning with a letter",
        )
        return
    kind = owner_kind(request.options)
    if kind == "InferenceService" and not cluster.knows(kind):
        yield Finding(
            level="error",
            message="KServe is not installed in the cluster",
            hint="install it, or deploy without it: -o kind=deployment",
        )
    yield from _others(request, cluster, kind)


def _others(request: DeployRequest[KServeOptions], cluster: Cluster, kind: str) -> Iterator[Finding]:
    for each in (*PERMISSIONS, "Service"):
        found = cluster.get(each, request.name) if each != "Service" or kind == "Deployment" else None
        if found is not None and not is_ours(found):
            message = f"the namespace {cluster.namespace} has a {each} {request.name!r} that modelpack did not make"
            yield Finding(level="error", message=message, hint="use another name or namespace")
        elif found is not None and each in PERMISSIONS and each != kind:
            message = f"{request.name!r} is deployed as a {each}"
            yield Finding(level="error", message=message, hint="delete it first, or deploy under another name")


def step(wanted: Manifest, cluster: Cluster) -> Step | None:
    """What has to be done to one object; None when it is as it is wanted."""
    standing = cluster.get(wanted["kind"], wanted["metadata"]["name"])
    resource = f"{wanted['kind'].lower()}/{wanted['metadata']['name']}"
    shown = {"namespace": cluster.namespace, "revision": annotation(wanted, REVISION), **_shown(wanted)}
    if standing is None:
        return Step("create", resource, shown)
    if annotation(standing, REVISION) == annotation(wanted, REVISION):
        return None
    before = {"namespace": cluster.namespace, "revision": annotation(standing, REVISION), **_shown(standing)}
    return Step(
        "update", resource, shown, {key: value for key, value in before.items() if shown.get(key, value) != value}
    )


def removal(superfluous: Manifest) -> Step:
    """What has to be done to an object that is not wanted any more."""
    return Step("delete", f"{superfluous['kind'].lower()}/{superfluous['metadata']['name']}")


def _shown(found: Manifest) -> dict[str, Any]:
    """The values of an object that people look for."""
    spec = found["spec"]
    if found.get("kind") == "HorizontalPodAutoscaler" or "scaleTargetRef" in spec:
        return {"replicas": f"{spec['minReplicas']}-{spec['maxReplicas']}"}
    pod = spec["template"]["spec"] if "template" in spec else spec.get("predictor")
    return {} if pod is None else {"image": pod["containers"][0]["image"]}

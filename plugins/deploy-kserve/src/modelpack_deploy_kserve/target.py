"""The target: the verbs on a cluster."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from modelpack import DeployContext, Target, hookimpl
from modelpack.deployments.records import SETTLED, Deployment, InvocationAnswer, Plan
from modelpack.errors import DeployError
from modelpack_deploy_kserve.applying import BEFORE, converge, last_ready, superfluous_objects
from modelpack_deploy_kserve.cluster import Cluster, is_ours
from modelpack_deploy_kserve.manifests import (
    MANAGED,
    MANAGER,
    NAME,
    REVISION,
    annotation,
    manifests,
    owner_kind,
    revision,
)
from modelpack_deploy_kserve.options import KServeOptions
from modelpack_deploy_kserve.planning import PERMISSIONS, VERBS, findings, removal, step
from modelpack_deploy_kserve.pod_logs import PodLogs
from modelpack_deploy_kserve.standing import described

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from modelpack.deployments.records import DeployRequest, Finding, Invocation, LogQuery
    from modelpack_deploy_kserve.manifests import Manifest


class KServeTarget(Target[KServeOptions]):
    """Deploys to one namespace of a Kubernetes cluster."""

    name = "kserve"
    options_type = KServeOptions

    def check(self, request: DeployRequest[KServeOptions]) -> Iterator[Finding]:
        """Whether the name can be one, the cluster knows KServe, and nobody else has something of that name."""
        return findings(request, Cluster(request.options))

    def plan(self, request: DeployRequest[KServeOptions]) -> Plan:
        """Compare the revision of each object with the one that is wanted."""
        cluster, wanted = Cluster(request.options), manifests(request)
        owner = cluster.get(wanted[0]["kind"], request.name)
        changes = [change for each in wanted if (change := step(each, cluster)) is not None]
        removals = map(removal, superfluous_objects(owner, wanted))
        permissions = tuple(f"{each}: {VERBS}" for each in PERMISSIONS[wanted[0]["kind"]])
        return Plan((*changes, *removals), revision(request), permissions)

    @hookimpl
    def modelpack_deploy(self, context: DeployContext[KServeOptions]) -> Deployment:
        """Apply the objects, the owner of the others first; Kubernetes does the rest."""
        request = context.request
        cluster, wanted = Cluster(request.options), manifests(request)
        owner = cluster.get(wanted[0]["kind"], request.name)
        converge(cluster, owner, wanted, last_ready(owner), context.progress)
        return self.get(request.name, request.options)

    def get(self, name: str, options: KServeOptions) -> Deployment:
        """What the object says that owns the others, and why its pods do not start."""
        cluster = Cluster(options)
        found = _found(cluster, name)
        return Deployment(name=name, state="absent") if found is None else _described(cluster, found)

    def roll_back(self, context: DeployContext[KServeOptions]) -> Deployment:
        """Apply what was applied when the deployment was last ready; remove it when it never was."""
        request = context.request
        cluster = Cluster(request.options)
        owner = cluster.get(owner_kind(request.options), request.name)
        before = annotation(owner, BEFORE)
        if owner is None or before is None:
            self.delete(request.name, request.options)
            return _awaited(self, request.name, request.options, {"absent"}, request.options.grace + 30)
        converge(cluster, owner, json.loads(before), None, context.progress)
        # A rollout too, which most often takes no time, since the pods of before are still there.
        return _awaited(self, request.name, request.options, SETTLED, request.options.start_timeout)

    def list(self, options: KServeOptions) -> Iterator[Deployment]:
        """Everything of ours in the namespace."""
        cluster = Cluster(options)
        for kind in PERMISSIONS:
            for found in cluster.list(kind, f"{MANAGED}={MANAGER},{NAME}"):
                yield _described(cluster, {"kind": kind, **found})

    def delete(self, name: str, options: KServeOptions) -> None:
        """Remove the object that owns the others."""
        cluster = Cluster(options)
        found = _found(cluster, name)
        if found is not None:
            cluster.delete(found["kind"], name)

    def invoke(self, name: str, invocation: Invocation, options: KServeOptions) -> InvocationAnswer:
        """Send it through the cluster's API server, so that it need not be reachable from here."""
        cluster = Cluster(options)
        found = _standing(cluster, name)
        service = name if found["kind"] == "Deployment" else f"{name}-predictor"
        headers = {"Content-Type": invocation.content_type, "Accept": invocation.accept or "*/*"}
        body, content_type = cluster.post(service, "/invocations", invocation.body, headers)
        return InvocationAnswer(body=body, content_type=content_type)

    def logs(self, name: str, query: LogQuery, options: KServeOptions) -> Iterator[str]:
        """The lines of all pods, each with the pod's name, in the order of their times."""
        cluster = Cluster(options)
        found = _standing(cluster, name)
        container = "server" if found["kind"] == "Deployment" else "kserve-container"
        yield from PodLogs(cluster, name, container).lines(query)

    def set_traffic(self, name: str, traffic: Mapping[str, float], options: KServeOptions) -> Deployment:
        """Divide the requests between the revisions `latest` and `previous`, as KServe can where it is serverless."""
        cluster = Cluster(options)
        found = _standing(cluster, name)
        if found["kind"] != "InferenceService":
            raise DeployError("the target 'kserve' divides traffic with kind=inferenceservice only", code="unsupported")
        unknown = set(traffic) - {"latest", "previous"}
        if unknown:
            raise DeployError(f"there is no variant {min(unknown)!r}; there are latest and previous", code="rejected")
        percent = round(traffic.get("latest", 0))
        change = {"spec": {"predictor": {"canaryTrafficPercent": percent}}}
        return described({"kind": "InferenceService", **cluster.merge("InferenceService", name, change)})

    def export(self, request: DeployRequest[KServeOptions]) -> Mapping[str, str]:
        """The manifests, for `kubectl apply`; no cluster is asked."""
        import yaml

        return {
            f"{request.name}-{each['kind'].lower()}.yaml": yaml.safe_dump(each, sort_keys=False)
            for each in manifests(request)
        }


def _found(cluster: Cluster, name: str) -> Manifest | None:
    """The object of ours with that name, of either kind."""
    for kind in PERMISSIONS:
        found = cluster.get(kind, name)
        if found is not None and is_ours(found):
            return {"kind": kind, **found}
    return None


def _standing(cluster: Cluster, name: str) -> Manifest:
    found = _found(cluster, name)
    if found is None:
        raise DeployError(
            f"nothing is deployed as {name} in the namespace {cluster.namespace}",
            code="not_deployed",
            hint="deploy a model first",
        )
    return found


def _described(cluster: Cluster, found: Manifest) -> Deployment:
    deployment = described(found)
    if deployment.state in {"ready", "deleting"}:
        return deployment
    name, wanted = deployment.name, annotation(found, REVISION)
    pods = [pod for pod in cluster.list("Pod", f"{NAME}={name}") if annotation(pod, REVISION) == wanted]
    return described(found, pods)


def _awaited(
    target: KServeTarget, name: str, options: KServeOptions, states: Collection[str], seconds: int
) -> Deployment:
    """What stands when it is in one of the states, or after so many seconds."""
    for _ in range(seconds):
        deployment = target.get(name, options)
        if deployment.state in states:
            return deployment
        time.sleep(1)
    return deployment


target = KServeTarget()

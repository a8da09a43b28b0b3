"""The target: the verbs on a cluster."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

from modelpack import DeployContext, Target, hookimpl
from modelpack.deployments.records import Deployment, Finding, InvocationAnswer, Plan, Step
from modelpack.errors import DeployError
from modelpack_deploy_kserve.cluster import Cluster, is_ours
from modelpack_deploy_kserve.manifests import MANAGED, MANAGER, NAME, REVISION, manifests, revision
from modelpack_deploy_kserve.options import KServeOptions
from modelpack_deploy_kserve.standing import described

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from modelpack.deployments.records import DeployRequest, Invocation, LogQuery
    from modelpack_deploy_kserve.manifests import Manifest

OWNERS = ("InferenceService", "Deployment")
APPLIED = "modelpack/applied"
"""What was applied, on the object that owns the rest."""
BEFORE = "modelpack/before"
"""What was applied when the deployment was last ready: there, a failed update goes back to it."""
LONGEST_NAME = 53
"""KServe makes host names and names of pods of it, which have 63 characters."""
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_PERMISSIONS = {
    "InferenceService": ("serving.kserve.io/inferenceservices",),
    "Deployment": ("apps/deployments", "services", "autoscaling/horizontalpodautoscalers"),
}


class KServeTarget(Target[KServeOptions]):
    """Deploys to one namespace of a Kubernetes cluster."""

    name = "kserve"
    options_type = KServeOptions

    def check(self, request: DeployRequest[KServeOptions]) -> Iterator[Finding]:
        """Whether the name can be one, the cluster knows KServe, and nobody else has something of that name."""
        if _NAME.fullmatch(request.name) is None or len(request.name) > LONGEST_NAME:
            yield Finding(
                level="error",
                message=f"{request.name!r} cannot be the name of an object in Kubernetes",
                hint=f"use at most {LONGEST_NAME} lower-case letters, digits and -, beginning with a letter",
            )
            return
        cluster, kind = Cluster(request.options), _owner_kind(request.options)
        if kind == "InferenceService" and not cluster.knows(kind):
            yield Finding(
                level="error",
                message="KServe is not installed in the cluster",
                hint="install it, or deploy without it: -o kind=deployment",
            )
        yield from _others(request, cluster, kind)

    def plan(self, request: DeployRequest[KServeOptions]) -> Plan:
        """Compare the revision of each object with the one that is wanted."""
        cluster, wanted = Cluster(request.options), manifests(request)
        steps = [step for each in wanted if (step := _step(each, cluster)) is not None]
        owner = cluster.get(wanted[0]["kind"], request.name)
        steps += [_removal(each) for each in _superfluous(owner, wanted)]
        verbs = ("get", "list", "create", "patch", "delete")
        permissions = tuple(f"{each}: {', '.join(verbs)}" for each in _PERMISSIONS[wanted[0]["kind"]])
        return Plan(tuple(steps), revision(request), permissions)

    @hookimpl
    def modelpack_deploy(self, context: DeployContext[KServeOptions]) -> Deployment:
        """Apply the objects, the owner of the others first; Kubernetes does the rest."""
        request = context.request
        cluster, wanted = Cluster(request.options), manifests(request)
        owner = cluster.get(wanted[0]["kind"], request.name)
        _converge(cluster, owner, wanted, _last_ready(owner), context)
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
        owner = cluster.get(_owner_kind(request.options), request.name)
        before = (owner or {}).get("metadata", {}).get("annotations", {}).get(BEFORE)
        if owner is None or before is None:
            self.delete(request.name, request.options)
            return _gone(self, request.name, request.options)
        _converge(cluster, owner, json.loads(before), None, context)
        return _settled(self, request.name, request.options)

    def list(self, options: KServeOptions) -> Iterator[Deployment]:
        """Everything of ours in the namespace."""
        cluster = Cluster(options)
        for kind in OWNERS:
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
        found = _found(cluster, name)
        if found is None:
            raise DeployError(f"nothing is deployed as {name}", code="not_deployed", hint="deploy a model first")
        service = name if found["kind"] == "Deployment" else f"{name}-predictor"
        headers = {"Content-Type": invocation.content_type, "Accept": invocation.accept or "*/*"}
        body, content_type = cluster.post(service, "/invocations", invocation.body, headers)
        return InvocationAnswer(body=body, content_type=content_type)

    def logs(self, name: str, query: LogQuery, options: KServeOptions) -> Iterator[str]:
        """The lines of all pods, each with the pod's name, in the order of their times."""
        cluster = Cluster(options)
        found = _found(cluster, name)
        if found is None:
            raise DeployError(f"nothing is deployed as {name}", code="not_deployed")
        container = "server" if found["kind"] == "Deployment" else "kserve-container"
        seen: dict[str, str] = {}
        lines = _new_lines(cluster, name, container, seen, query.lines)
        yield from (lines[-query.lines :] if query.lines else ())
        while query.follow:
            time.sleep(1)
            yield from _new_lines(cluster, name, container, seen, query.lines)

    def set_traffic(self, name: str, traffic: Mapping[str, float], options: KServeOptions) -> Deployment:
        """Divide the requests between the `latest` revision and the `previous` one, as KServe can where it is serverless."""
        cluster = Cluster(options)
        found = _found(cluster, name)
        if found is None:
            raise DeployError(f"nothing is deployed as {name}", code="not_deployed")
        if found["kind"] != "InferenceService":
            raise DeployError("only kind=inferenceservice divides traffic", code="unsupported")
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


def _owner_kind(options: KServeOptions) -> str:
    return "InferenceService" if options.kind == "inferenceservice" else "Deployment"


def _found(cluster: Cluster, name: str) -> Manifest | None:
    """The object of ours with that name, of either kind."""
    for kind in OWNERS:
        found = cluster.get(kind, name)
        if found is not None and is_ours(found):
            return {"kind": kind, **found}
    return None


def _described(cluster: Cluster, found: Manifest) -> Deployment:
    deployment = described(found)
    if deployment.state in {"ready", "deleting"}:
        return deployment
    name, wanted = deployment.name, found["metadata"].get("annotations", {}).get(REVISION)
    pods = [pod for pod in cluster.list("Pod", f"{NAME}={name}") if _annotation(pod, REVISION) == wanted]
    return described(found, pods)


def _annotation(found: Manifest, name: str) -> Any:
    return found["metadata"].get("annotations", {}).get(name)


def _others(request: DeployRequest[KServeOptions], cluster: Cluster, kind: str) -> Iterable[Finding]:
    for each in (*OWNERS, "Service"):
        found = cluster.get(each, request.name) if each != "Service" or kind == "Deployment" else None
        if found is not None and not is_ours(found):
            message = f"the namespace {cluster.namespace} has a {each} {request.name!r} that modelpack did not make"
            yield Finding(level="error", message=message, hint="use another name or namespace")
        elif found is not None and each in OWNERS and each != kind:
            message = f"{request.name!r} is deployed as a {each}"
            yield Finding(level="error", message=message, hint="delete it first, or deploy under another name")


def _step(wanted: Manifest, cluster: Cluster) -> Step | None:
    standing = cluster.get(wanted["kind"], wanted["metadata"]["name"])
    resource = f"{wanted['kind'].lower()}/{wanted['metadata']['name']}"
    shown = {"namespace": cluster.namespace, "revision": _annotation(wanted, REVISION), **_shown(wanted)}
    if standing is None:
        return Step("create", resource, shown)
    if _annotation(standing, REVISION) == _annotation(wanted, REVISION):
        return None
    before = {"namespace": cluster.namespace, "revision": _annotation(standing, REVISION), **_shown(standing)}
    return Step("update", resource, shown, {key: before[key] for key in shown if key in before})


def _shown(found: Manifest) -> dict[str, Any]:
    """The values of an object that people look for."""
    spec = found["spec"]
    if found.get("kind") == "HorizontalPodAutoscaler" or "scaleTargetRef" in spec:
        return {"replicas": f"{spec['minReplicas']}-{spec['maxReplicas']}"}
    pod = spec["template"]["spec"] if "template" in spec else spec.get("predictor")
    return {} if pod is None else {"image": pod["containers"][0]["image"]}


def _removal(superfluous: Manifest) -> Step:
    return Step("delete", f"{superfluous['kind'].lower()}/{superfluous['metadata']['name']}")


def _superfluous(owner: Manifest | None, wanted: list[Manifest]) -> list[Manifest]:
    """What was applied before and is not wanted any more."""
    applied = (owner or {}).get("metadata", {}).get("annotations", {}).get(APPLIED)
    kinds = {each["kind"] for each in wanted}
    return [each for each in json.loads(applied) if each["kind"] not in kinds] if applied else []


def _last_ready(owner: Manifest | None) -> str | None:
    """What to go back to when the next change fails."""
    if owner is None:
        return None
    return _annotation(owner, APPLIED if described(owner).state == "ready" else BEFORE)


def _converge(
    cluster: Cluster,
    owner: Manifest | None,
    wanted: list[Manifest],
    before: str | None,
    context: DeployContext[KServeOptions],
) -> None:
    first, *others = wanted
    superfluous = _superfluous(owner, wanted)
    annotations = {APPLIED: json.dumps(wanted), **({BEFORE: before} if before is not None else {})}
    made = _with_owner(cluster, owner, first, annotations)
    context.progress(f"applied {first['kind'].lower()}/{first['metadata']['name']}")
    for each in others:
        reference = {"apiVersion": first["apiVersion"], "kind": first["kind"], "name": first["metadata"]["name"]}
        owned = [{**reference, "uid": made["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}]
        cluster.apply({**each, "metadata": {**each["metadata"], "ownerReferences": owned}})
        context.progress(f"applied {each['kind'].lower()}/{each['metadata']['name']}")
    for each in superfluous:
        cluster.delete(each["kind"], each["metadata"]["name"])
        context.progress(f"removed {each['kind'].lower()}/{each['metadata']['name']}")


def _with_owner(cluster: Cluster, owner: Manifest | None, first: Manifest, annotations: dict[str, str]) -> Manifest:
    """Create or update the owner, unless somebody else has done so since it was looked at."""
    metadata = {**first["metadata"], "annotations": {**first["metadata"]["annotations"], **annotations}}
    if owner is None:
        return cluster.create({**first, "metadata": metadata})
    version = owner["metadata"]["resourceVersion"]
    return cluster.apply({**first, "metadata": {**metadata, "resourceVersion": version}})


def _settled(target: KServeTarget, name: str, options: KServeOptions) -> Deployment:
    """Going back is a rollout too; most often it takes no time, since the pods of before are still there."""
    for _ in range(options.start_timeout):
        deployment = target.get(name, options)
        if deployment.state in {"ready", "failed", "absent"}:
            return deployment
        time.sleep(1)
    return deployment


def _gone(target: KServeTarget, name: str, options: KServeOptions) -> Deployment:
    for _ in range(options.grace + 30):
        deployment = target.get(name, options)
        if deployment.state == "absent":
            return deployment
        time.sleep(1)
    return deployment


def _new_lines(cluster: Cluster, name: str, container: str, seen: dict[str, str], lines: int) -> list[str]:
    found: list[tuple[str, str]] = []
    for pod in cluster.list("Pod", f"{NAME}={name}"):
        pod_name = pod["metadata"]["name"]
        last = seen.get(pod_name)
        for line in cluster.log(pod_name, container, last, lines).splitlines():
            moment, _, text = line.partition(" ")
            if last is None or moment > last:
                found.append((moment, f"{pod_name} {text}"))
                seen[pod_name] = moment
    return [text for _, text in sorted(found)]


target = KServeTarget()

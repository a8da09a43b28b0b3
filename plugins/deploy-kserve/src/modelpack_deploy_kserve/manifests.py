"""A wish as Kubernetes' own objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.deployments.records import revision_of
from modelpack.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelpack.deployments.records import DeployRequest
    from modelpack_deploy_kserve.options import KServeOptions

Manifest = dict[str, Any]

MANAGER = "modelpack"
NAME = "modelpack/name"
REVISION = "modelpack/revision"
DIGEST = "modelpack/digest"
MANAGED = "app.kubernetes.io/managed-by"
PORT = 8080
NOT_DEPLOYED = {"image", "namespace", "context", "kubeconfig"}
"""Options that say where to deploy, or stand in the image's own name."""


def revision(request: DeployRequest[KServeOptions]) -> str:
    """Which revision the request is."""
    settings = request.options.model_dump(mode="json", exclude=NOT_DEPLOYED)
    return revision_of(request.digest, settings | {"image": image(request)})


def image(request: DeployRequest[KServeOptions]) -> str:
    """The image's name, with the model's digest put in.

    Raises:
        DeployError: No image was named (`rejected`).
    """
    if request.options.image is None:
        raise DeployError(
            "no image was named",
            code="rejected",
            hint="build and push one with `modelpack build MODEL -t IMAGE`, and name it with -o image=IMAGE",
        )
    return request.options.image.replace("{digest}", request.digest.removeprefix("sha256:")[:12])


def owner_kind(options: KServeOptions) -> str:
    """The kind of the object that owns the others."""
    return "InferenceService" if options.kind == "inferenceservice" else "Deployment"


def annotation(found: Manifest | None, name: str) -> str | None:
    """An annotation of an object; None without it, or without an object."""
    value: str | None = (found or {}).get("metadata", {}).get("annotations", {}).get(name)
    return value


def manifests(request: DeployRequest[KServeOptions]) -> list[Manifest]:
    """What shall stand in the cluster: first the object that owns the others."""
    options = request.options
    if options.kind == "inferenceservice":
        return [_inference_service(request)]
    objects = [_deployment(request), _service(request)]
    return [*objects, _autoscaler(request)] if options.max_replicas > options.min_replicas else objects


def _object(request: DeployRequest[KServeOptions], kind: str, version: str, spec: Manifest) -> Manifest:
    metadata = {
        "name": request.name,
        "namespace": request.options.namespace,
        "labels": _labels(request),
        "annotations": _annotations(request),
    }
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def _labels(request: DeployRequest[KServeOptions]) -> dict[str, str]:
    return {**request.options.labels, "app.kubernetes.io/name": request.name, MANAGED: MANAGER, NAME: request.name}


def _annotations(request: DeployRequest[KServeOptions]) -> dict[str, str]:
    return {DIGEST: request.digest, REVISION: revision(request)}


def _inference_service(request: DeployRequest[KServeOptions]) -> Manifest:
    options = request.options
    predictor = {
        "minReplicas": options.min_replicas,
        "maxReplicas": options.max_replicas,
        "scaleMetric": "cpu",
        "scaleTarget": options.target_cpu,
        "labels": _labels(request),
        "annotations": _annotations(request),
        **_pod(request, "kserve-container"),
    }
    service = _object(request, "InferenceService", "serving.kserve.io/v1beta1", {"predictor": predictor})
    if options.deployment_mode is not None:
        service["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] = options.deployment_mode
    return service


def _deployment(request: DeployRequest[KServeOptions]) -> Manifest:
    options = request.options
    spec: Manifest = {
        "selector": {"matchLabels": {NAME: request.name}},
        "progressDeadlineSeconds": options.start_timeout,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": {
            "metadata": {"labels": _labels(request), "annotations": _annotations(request)},
            "spec": _pod(request, "server"),
        },
    }
    if options.max_replicas == options.min_replicas:  # otherwise the number is the autoscaler's
        spec["replicas"] = options.min_replicas
    return _object(request, "Deployment", "apps/v1", spec)


def _service(request: DeployRequest[KServeOptions]) -> Manifest:
    ports = [{"name": "http", "port": 80, "targetPort": PORT, "protocol": "TCP"}]
    return _object(request, "Service", "v1", {"selector": {NAME: request.name}, "ports": ports})


def _autoscaler(request: DeployRequest[KServeOptions]) -> Manifest:
    options = request.options
    target = {"type": "Utilization", "averageUtilization": options.target_cpu}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": request.name},
        "minReplicas": options.min_replicas,
        "maxReplicas": options.max_replicas,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
    return _object(request, "HorizontalPodAutoscaler", "autoscaling/v2", spec)


def _pod(request: DeployRequest[KServeOptions], container: str) -> Manifest:
    """The part that a pod's template and KServe's predictor share."""
    options = request.options
    pod: Manifest = {
        "containers": [_container(request, container)],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": options.grace,
    }
    if options.service_account is not None:
        pod["serviceAccountName"] = options.service_account
    if options.image_pull_secrets:
        pod["imagePullSecrets"] = [{"name": name} for name in options.image_pull_secrets]
    if options.node_selector:
        pod["nodeSelector"] = dict(options.node_selector)
    return pod


def _container(request: DeployRequest[KServeOptions], name: str) -> Manifest:
    options = request.options
    asked = {"cpu": options.resources.cpu, "memory": options.resources.memory}
    most = {"cpu": options.resources.cpu_limit, "memory": options.resources.memory_limit}
    limits = {resource: limit or asked[resource] for resource, limit in most.items()}
    return {
        "name": name,
        "image": image(request),
        "args": ["serve"],
        "env": _environment(request),
        "ports": [{"name": "http1", "containerPort": PORT, "protocol": "TCP"}],
        "resources": {"requests": asked, "limits": limits},
        "startupProbe": _probe("/v2/health/ready", period=2, failures=max(options.start_timeout // 2, 1)),
        "readinessProbe": _probe("/v2/health/ready", period=5, failures=2),
        "livenessProbe": _probe("/v2/health/live", period=10, failures=3),
        # Requests still arrive while the endpoints are being updated: the server goes on for a while.
        "lifecycle": {"preStop": {"exec": {"command": ["python", "-c", "import time; time.sleep(5)"]}}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - in the container
    }


def _environment(request: DeployRequest[KServeOptions]) -> list[Manifest]:
    """The caller's variables, and the digest that the server is trusted to load."""
    options = request.options
    plain: Mapping[str, str] = {
        "MODELPACK_TRUST": request.digest,
        **({"STORAGE_URI": options.storage_uri, "MODELPACK_MODEL": "/mnt/models"} if options.storage_uri else {}),
        **options.env,
    }
    entries: list[Manifest] = [{"name": name, "value": value} for name, value in plain.items()]
    for name, place in options.env_from.items():
        secret, _, key = place.partition("/")
        entries.append({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}})
    return entries


def _probe(path: str, *, period: int, failures: int) -> Manifest:
    request = {"path": path, "port": PORT}
    return {"httpGet": request, "periodSeconds": period, "timeoutSeconds": 2, "failureThreshold": failures}

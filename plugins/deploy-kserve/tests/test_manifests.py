"""The objects that are asked of Kubernetes, against its own schemas and KServe's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from conftest import definition, validate

from modelpack import deployments
from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from modelpack import ModelInfo

Models = tuple["ModelInfo", "ModelInfo"]
EVERYTHING = {
    "image": "registry.example.com/plus:{digest}",
    "namespace": "models",
    "min_replicas": 2,
    "max_replicas": 5,
    "resources": {"cpu": "1", "memory": "2Gi", "cpu_limit": "2"},
    "env": {"MODELPACK_WORKERS": "2"},
    "env_from": {"MODELPACK_API_KEY": "keys/scoring"},
    "service_account": "scorer",
    "image_pull_secrets": ["registry"],
    "node_selector": {"disk": "fast"},
    "labels": {"team": "churn"},
}


def exported(models: Models, **options: Any) -> dict[str, dict[str, Any]]:
    """The documents by their kind."""
    documents = deployments.export(models[0].path, target="kserve", name="plus", options=options)
    assert all(name.startswith("plus-") and name.endswith(".yaml") for name in documents)
    return {each["kind"]: each for each in map(yaml.safe_load, documents.values())}


@pytest.mark.parametrize(
    "options",
    [
        {"image": "plus:1"},
        EVERYTHING,
        {**EVERYTHING, "deployment_mode": "RawDeployment", "storage_uri": "s3://models/plus", "min_replicas": 0},
    ],
    ids=["the least", "everything", "the model from a store"],
)
def test_an_inference_service_fits_kserves_definition(models: Models, options: dict[str, Any]) -> None:
    """Unknown fields are errors too."""
    if definition() is None:
        pytest.skip("KServe's definition is not at hand")
    documents = exported(models, **options)
    assert set(documents) == {"InferenceService"}
    validate(documents["InferenceService"])


@pytest.mark.parametrize("place", ["predictor.minReplica", "predictor.containers.0.prots", "predictr"])
def test_the_definition_finds_planted_errors(models: Models, place: str) -> None:
    """Otherwise the test above would show nothing."""
    if definition() is None:
        pytest.skip("KServe's definition is not at hand")
    service = exported(models, **EVERYTHING)["InferenceService"]
    *path, last = place.split(".")
    found: Any = service["spec"]
    for key in path:
        found = found[int(key)] if key.isdigit() else found[key]
    found[last] = []
    with pytest.raises(ValueError, match=last):
        validate(service)


@pytest.mark.parametrize("options", [{"image": "plus:1"}, EVERYTHING], ids=["the least", "everything"])
def test_plain_objects_fit_kubernetes_schemas(models: Models, options: dict[str, Any]) -> None:
    """A deployment with its service, and an autoscaler where there is something to scale."""
    documents = exported(models, **options, kind="deployment")
    scaled = {"HorizontalPodAutoscaler"} if "max_replicas" in options else set()
    assert set(documents) == {"Deployment", "Service"} | scaled
    for each in documents.values():
        validate(each)


def test_the_pods_are_confined(models: Models) -> None:
    """No root, no writable image, no token of the cluster's."""
    pod = exported(models, image="plus:1", kind="deployment")["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_everything_of_the_options_is_in_the_manifest(models: Models) -> None:
    """The image with the digest, the variables, the secrets."""
    service = exported(models, **EVERYTHING)["InferenceService"]
    predictor = service["spec"]["predictor"]
    (container,) = predictor["containers"]
    digest = models[0].digest
    assert service["metadata"]["namespace"] == "models"
    assert service["metadata"]["labels"]["team"] == "churn"
    assert container["image"] == f"registry.example.com/plus:{digest.removeprefix('sha256:')[:12]}"
    assert {"name": "MODELPACK_TRUST", "value": digest} in container["env"]
    assert {"name": "MODELPACK_WORKERS", "value": "2"} in container["env"]
    key = {"secretKeyRef": {"name": "keys", "key": "scoring"}}
    assert {"name": "MODELPACK_API_KEY", "valueFrom": key} in container["env"]
    assert container["resources"]["limits"] == {"cpu": "2", "memory": "2Gi"}
    assert (predictor["minReplicas"], predictor["maxReplicas"]) == (2, 5)
    assert predictor["imagePullSecrets"] == [{"name": "registry"}]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_replicas": 0}, "max_replicas"),
        ({"min_replicas": 3}, "max_replicas 1 is less than min_replicas 3"),
        ({"min_replicas": 0, "kind": "deployment"}, "min_replicas 0 needs kind=inferenceservice"),
        ({"storage_uri": "s3://x", "kind": "deployment"}, "need kind=inferenceservice"),
        ({"env_from": {"KEY": "secret"}}, "'secret', which is not of the form secret/key"),
        ({"resources": {"memory": "lots"}}, "resources.memory"),
        ({"namespace": "Mine"}, "namespace"),
        ({"replicas": 2}, "there is no option 'replicas'"),
    ],
)
def test_options_that_do_not_fit_are_refused(models: Models, options: dict[str, Any], words: str) -> None:
    """Before anything is asked of a cluster."""
    with pytest.raises(InvalidArgumentError, match=words):
        exported(models, image="plus:1", **options)

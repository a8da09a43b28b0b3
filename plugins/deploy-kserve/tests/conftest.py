"""A stand-in for a cluster, a kubeconfig that leads to it, and images of two models."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import modelpack.pyfunc
from modelpack.testing.fixtures import modelpack_home, warm_programs  # noqa: F401 - fixtures

sys.path.insert(0, str(Path(__file__).parent))

from api_server import Cluster, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack import ModelInfo
    from modelpack.testing.warm_programs import WarmPrograms

DEFINITION = (
    Path(__file__).parents[4] / "shared" / "reference" / "specs" / "kserve" / "inferenceservices-v1beta1-crd.yaml"
)


class Plus(modelpack.pyfunc.PythonModel):
    """Adds a number to every value."""

    def __init__(self, number: float) -> None:
        self.number = number

    def predict(self, context: Any, model_input: Any) -> Any:  # noqa: ARG002 - the contract of a PythonModel
        """Add it."""
        return model_input + self.number


@cache
def definition() -> dict[str, Any] | None:
    """KServe's schema of an InferenceService; None where the file is not at hand."""
    if not DEFINITION.is_file():
        return None
    text = DEFINITION.read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    schema: dict[str, Any] = yaml.load(text, loader)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]  # noqa: S506 - safe
    return closed(schema)


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with unknown fields forbidden, as an API server warns of them."""
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return schema
    properties = {name: closed(each) for name, each in schema.get("properties", {}).items()}
    changed = {**schema, **({"properties": properties, "additionalProperties": False} if properties else {})}
    if isinstance(schema.get("items"), dict):
        changed["items"] = closed(schema["items"])
    return changed


def validate(manifest: dict[str, Any]) -> None:
    """Check an object against its schema.

    Raises:
        ValueError: It does not fit.
    """
    import jsonschema
    import kubernetes_validate

    if manifest["kind"] != "InferenceService":
        try:
            kubernetes_validate.validate(manifest, "1.31", strict=True)
        except kubernetes_validate.ValidationError as error:
            raise ValueError(f"{'.'.join(map(str, error.path))}: {error.message}") from error
        return
    schema = definition()
    if schema is None:
        return
    spec = {"properties": {"spec": schema["properties"]["spec"]}}
    for wrong in jsonschema.Draft7Validator(spec).iter_errors(manifest):
        raise ValueError(f"{'.'.join(map(str, wrong.absolute_path))}: {wrong.message}")


@pytest.fixture
def models(tmp_path: Path) -> tuple[ModelInfo, ModelInfo]:
    """Two models: plus 1 and plus 2."""
    first, second = (
        modelpack.pyfunc.save_model(tmp_path / f"plus-{number}", python_model=Plus(number)) for number in (1, 2)
    )
    return first, second


def image_of(info: ModelInfo) -> str:
    """What `plus:{digest}` stands for."""
    return f"plus:{info.digest.removeprefix('sha256:')[:12]}"


@pytest.fixture
def cluster(tmp_path: Path, models: tuple[ModelInfo, ModelInfo], warm_programs: WarmPrograms) -> Cluster:  # noqa: F811 - the fixture
    """An empty cluster that can pull the images of both models."""
    images = {image_of(info): info.path for info in models}
    return Cluster(tmp_path, warm_programs, images, validate)


def write_kubeconfig(path: Path, url: str) -> Path:
    """Write a kubeconfig that leads to a cluster."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": url}}],
        "users": [{"name": "test", "user": {"token": "a-token"}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture
def kubeconfig(tmp_path: Path, cluster: Cluster) -> Iterator[Path]:
    """A kubeconfig that leads to the cluster, which answers while the test runs."""
    with serving(cluster) as url:
        yield write_kubeconfig(tmp_path / "kubeconfig", url)

"""MLflow's three lines, from a model to an endpoint: build and push, run here, deploy."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import boto3
import pytest
from as_with_mlflow import ACCOUNT, BODY, REGION
from conftest import Place
from moto.ecr.models import ecr_backends
from test_mlflow_containers import answer_of, free_port, run_local_without_engine
from typer.testing import CliRunner

from modelpack import ModelInfo, deployments
from modelpack.images.oci.credentials import Credentials
from modelpack_deploy_sagemaker.commands import sagemaker
from modelpack_deploy_sagemaker.containers import image_tag

KIT = Path(__file__).parents[3] / "core" / "tests" / "images" / "oci" / "kit"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not KIT.is_dir(), reason="the registry of core's tests is not at hand"),
    pytest.mark.skipif(which("uv") is None and find_spec("pip") is None, reason="neither uv nor pip is there"),
]


def run(*arguments: str) -> str:
    """Run a command, and answer what it says."""
    ran = CliRunner().invoke(sagemaker, list(arguments))
    assert ran.exit_code == 0, f"{ran.output}{ran.exception}"
    return ran.output


@pytest.fixture
def kit() -> Any:
    """The registry and the images of core's tests."""
    sys.path.insert(0, str(KIT))
    import small_images
    import small_registry

    return small_images, small_registry


def test_s136_three_lines_lead_to_an_endpoint(
    place: Place, models: tuple[ModelInfo, ModelInfo], kit: Any, tmp_path: Path
) -> None:
    """The image goes where ECR says, with the login that ECR gives, and the endpoint answers as the model."""
    small_images, small_registry = kit
    base = small_images.small_layout(tmp_path / "base")
    model, tag = str(models[0].path), image_tag()
    registry = small_registry.SmallRegistry(token="a-token", login=Credentials("AWS", f"{ACCOUNT}-auth-token").basic())  # noqa: S106 - of the test
    with registry.serving():
        lead_repository_to(registry.address)
        told = run("build-and-push-container", "--daemonless", "-m", model, "--base", f"oci:{base}")
    assert f"pushed {registry.address}/mlflow-pyfunc:{tag}" in told
    assert environment_of(registry, tag)["MODELPACK_TRUST"] == models[0].digest

    port = free_port()
    with run_local_without_engine(models[0], port):
        assert answer_of(port) == [{"x": 2.5}, {"x": 3.0}]

    del ecr_backends[ACCOUNT][REGION].repositories["mlflow-pyfunc"]
    place.simulator.push_image("mlflow-pyfunc", tag)  # in the place of what lies in the small registry
    run("deploy", "-a", "churn", "-m", model, "-e", place.role, "--region-name", REGION)
    answer = deployments.invoke("churn", BODY, content_type="application/json", target="sagemaker")
    assert json.loads(answer.body)["predictions"] == [{"x": 2.5}, {"x": 3.0}]


def lead_repository_to(address: str) -> None:
    """Let ECR say that a repository is elsewhere: moto's has no registry behind it."""
    boto3.client("ecr").create_repository(repositoryName="mlflow-pyfunc")
    ecr_backends[ACCOUNT][REGION].repositories["mlflow-pyfunc"].uri = f"{address}/mlflow-pyfunc"


def environment_of(registry: Any, tag: str) -> dict[str, str]:
    """The variables of an image that was pushed, by SageMaker's rules: root, and a label for the port."""
    _, content = registry.manifests["mlflow-pyfunc", tag]
    config = json.loads(registry.blobs["mlflow-pyfunc", json.loads(content)["config"]["digest"]])["config"]
    assert config["User"] in {"", "0", "0:0", "root"}
    assert config["Labels"]["com.amazonaws.sagemaker.capabilities.accept-bind-to-port"] == "true"
    assert config["Cmd"] == ["serve"]
    return dict(entry.split("=", 1) for entry in config["Env"])

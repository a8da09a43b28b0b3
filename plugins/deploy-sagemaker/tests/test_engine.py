"""MLflow 0.9's container for SageMaker with a real engine: built, pushed to ECR, and run here (S135-S138)."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

import boto3
import pytest
from conftest import Place
from docker_engine import DockerEngine
from handed_image import HandedImage
from local_run import command, local_run
from typer.testing import CliRunner

from modelpack import ModelInfo
from modelpack_deploy_sagemaker import mlflow_api
from modelpack_deploy_sagemaker.commands import sagemaker
from modelpack_deploy_sagemaker.containers import image_tag

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

IMAGE = "mlflow-pyfunc"
LABEL = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port"
RUN_LOCAL = ["sagemaker", "run-local", "-i", IMAGE]
PREDICTIONS = [{"x": 2.5}, {"x": 3.0}]


@pytest.fixture
def engine(handed_image: HandedImage) -> DockerEngine:
    """The engine, which is the one that `docker` talks to."""
    return handed_image.engine


@pytest.fixture
def model(engine: DockerEngine, models: tuple[ModelInfo, ModelInfo]) -> Path:
    """A model whose environment is in the image, as the function builds it."""
    mlflow_api.build_image(IMAGE, model=models[0].path)
    assert engine.docker("inspect", "-f", "{{.Config.User}}", IMAGE).stdout.strip() == "0:0"
    return models[0].path


def test_s138_what_the_command_pushes_is_in_ecr_and_starts(
    place: Place, engine: DockerEngine, model: Path, tmp_path: Path
) -> None:
    """Pulled with a login to ECR, it is what was built; it says what SageMaker asks for, and `serve` starts it."""
    place.simulator.host_images()
    ran = CliRunner().invoke(sagemaker, ["build-and-push-container", "-m", str(model)])
    assert ran.exit_code == 0, f"{ran.output}{ran.exception}"
    (kept,) = boto3.client("ecr").describe_images(repositoryName=IMAGE)["imageDetails"]
    assert kept["imageTags"] == [image_tag()]
    pushed = f"{place.simulator.url.partition('//')[2]}/{IMAGE}"
    assert f"pushed {pushed}:{image_tag()}" in ran.output.splitlines()
    built = image_id(engine, IMAGE)
    engine.docker("rmi", f"{pushed}:{image_tag()}", IMAGE)
    pulled = f"{pushed}@{kept['imageDigest']}"
    assert engine.docker("pull", pulled, check=False).returncode != 0
    engine.docker("--config", login(tmp_path), "pull", pulled)
    assert image_id(engine, pulled) == built
    assert engine.docker("inspect", "-f", f'{{{{index .Config.Labels "{LABEL}"}}}}', pulled).stdout.strip() == "true"
    with local_run("sagemaker", "run-local", "-i", pulled, "-m", str(model)) as run:
        assert run.predictions() == PREDICTIONS
        assert run.stopped() == 0


def test_s135_the_container_ends_with_the_command(engine: DockerEngine, model: Path) -> None:
    """It answers health checks and invocations; told to stop, the command ends well and leaves no container behind."""
    with local_run(*RUN_LOCAL, "-m", str(model)) as run:
        assert run.predictions() == PREDICTIONS
        assert run.health() == 200
        assert len(containers(engine)) == 1
        assert run.stopped() == 0
    assert containers(engine) == []


@pytest.mark.parametrize(
    "words",
    [RUN_LOCAL, ["run-local", "--target", "sagemaker", "-o", f"image={IMAGE}"]],
    ids=["as with MLflow", "as with every target"],
)
def test_s135_the_container_ends_with_ctrl_c(engine: DockerEngine, model: Path, words: list[str]) -> None:
    """Which the engine's program gets as well."""
    with local_run(*words, "-m", str(model)) as run:
        assert run.predictions() == PREDICTIONS
        assert run.interrupted() == 0
    assert containers(engine) == []


def test_s135_a_port_that_is_taken_is_said(engine: DockerEngine, model: Path) -> None:
    """By the engine in its words, and by the command in its own, which has failed; no container is left behind."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        words = command(*RUN_LOCAL, "-m", str(model), port=other.getsockname()[1])
        ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 1
    assert "address already in use" in ran.stderr
    *_, error, hint = ran.stderr.splitlines()
    assert error == "error: docker could not start the container, for the reason that it has given"
    assert "the port free" in hint
    assert containers(engine) == []


def containers(engine: DockerEngine) -> list[str]:
    """Every container, running or not."""
    return engine.docker("ps", "-aq").stdout.split()


def image_id(engine: DockerEngine, name: str) -> str:
    """The engine's id of an image, which its content decides."""
    return engine.docker("inspect", "-f", "{{.Id}}", name).stdout.strip()


def login(directory: Path) -> str:
    """A directory of settings of `docker`, with the token that ECR gives out."""
    (given,) = boto3.client("ecr").get_authorization_token()["authorizationData"]
    host = boto3.client("ecr").describe_repositories()["repositories"][0]["repositoryUri"].partition("/")[0]
    (directory / "config.json").write_text(json.dumps({"auths": {host: {"auth": given["authorizationToken"]}}}))
    return str(directory)

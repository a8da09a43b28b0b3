"""MLflow 0.9's container for SageMaker: running it here, building it, and what it takes (S135-S141)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from as_with_mlflow import ACCOUNT, BODY, REGION, Models, deploy, describe
from conftest import Place
from typer.testing import CliRunner

from modelpack import ModelInfo, deployments
from modelpack.errors import MissingDependencyError
from modelpack_deploy_sagemaker import mlflow_api
from modelpack_deploy_sagemaker.account import Account
from modelpack_deploy_sagemaker.commands import sagemaker
from modelpack_deploy_sagemaker.containers import image_tag, image_uri
from modelpack_deploy_sagemaker.general_model import installed_requirements, saved_general_model
from modelpack_deploy_sagemaker.local_run import container_command
from modelpack_deploy_sagemaker.options import SageMakerOptions
from modelpack_deploy_sagemaker.registry import repository_uri

slow = pytest.mark.slow


def test_s135_the_container_is_started_as_sagemaker_does(tmp_path: Path) -> None:
    """With the model mounted where it would be unpacked, and `serve` as its argument."""
    command = container_command("docker", "mlflow-pyfunc", tmp_path, "", 5000, {"deployment_flavor_name": "mleap"})
    published = ["-p", "5000:8080", "-e", "deployment_flavor_name", "mlflow-pyfunc", "serve"]
    assert command == ["docker", "run", "--rm", "-v", f"{tmp_path}:/opt/ml/model/:ro", *published]


@slow
def test_s135_without_an_engine_the_server_itself_is_run(models: Models) -> None:
    """Which is said, and SIGTERM ends it."""
    port = free_port()
    with run_local_without_engine(models[0], port) as lines:
        assert answer_of(port) == [{"x": 2.5}, {"x": 3.0}]
    assert "this is the server of the image, in this Python, and not SageMaker's container" in lines[0]


@contextmanager
def run_local_without_engine(model: ModelInfo, port: int) -> Iterator[list[str]]:
    """Run `modelpack sagemaker run-local` where there is no engine, and give what it says."""
    call = f"import sys; sys.argv[1:] = ['sagemaker', 'run-local', '-m', {str(model.path)!r}, '-p', '{port}']"
    command = [sys.executable, "-c", f"{call}; from modelpack.cli.main import main; main()"]
    lines: list[str] = []
    with subprocess.Popen(command, env=environ_without_path(), stderr=subprocess.PIPE, text=True) as ran:
        reader = threading.Thread(target=lambda: lines.extend(ran.stderr or ()))
        reader.start()
        try:
            yield lines
        finally:
            ran.terminate()
            reader.join()
        assert ran.wait(30) == 0


def environ_without_path() -> dict[str, str]:
    """This process's variables, with no engine to be found."""
    return {**os.environ, "PATH": str(Path(sys.executable).parent)}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def answer_of(port: int) -> Any:
    """What a server on this machine answers, once it does."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/invocations", BODY, {"Content-Type": "application/json"})
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - this machine
                return json.load(answer)["predictions"]
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def test_s136_neither_build_nor_push_does_nothing(place: Place) -> None:
    """But to say so."""
    ran = CliRunner().invoke(sagemaker, ["build-and-push-container", "--no-build", "--no-push"])
    assert ran.exit_code == 0
    assert "nothing to do" in ran.output
    assert not place.simulator.calls


def test_s136_pushing_what_an_engine_built_needs_the_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without one the hint says what does both."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependencyError) as caught:
        mlflow_api.push_image_to_ecr()
    assert "build-and-push-container" in str(caught.value)


def test_s137_an_image_without_a_model_has_what_is_installed_here() -> None:
    """At its versions: the libraries of the flavors, and pandas."""
    import pandas as pd

    assert f"pandas=={pd.__version__}" in installed_requirements()
    with saved_general_model() as path:
        lines = (path / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert f"pandas=={pd.__version__}" in lines


def test_s138_the_repository_is_created_when_it_is_missing(place: Place) -> None:
    """In the current account and region, once."""
    account = Account(SageMakerOptions())
    expected = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/mlflow-pyfunc"
    assert [repository_uri(account, "mlflow-pyfunc") for _ in range(2)] == [expected, expected]
    assert place.simulator.changes == 1


@pytest.mark.parametrize(
    ("name", "pushed"),
    [
        ("mlflow-pyfunc", f"mlflow-pyfunc:{image_tag()}"),
        ("team/wine:3", "team/wine:3"),
        ("ghcr.io/team/wine:3", "team/wine:3"),
        ("127.0.0.1:5000/wine", f"wine:{image_tag()}"),
    ],
)
def test_s138_an_image_of_another_registry_keeps_the_rest_of_its_name(place: Place, name: str, pushed: str) -> None:
    """A port is not taken for a tag, and a host is no part of a repository."""
    del place
    assert image_uri(Account(SageMakerOptions()), name) == f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{pushed}"


@slow
def test_s139_the_container_serves_and_does_not_train(place: Place, models: Models) -> None:
    """It is the server of modelpack's images: what is not known is 404, and training is refused with a sentence."""
    trained = subprocess.run(
        [sys.executable, "-m", "modelpack.serving.container", "train"], capture_output=True, text=True, check=False
    )
    assert trained.returncode != 0
    assert "train" in trained.stdout + trained.stderr
    deploy(place, models[0])
    assert any("listening" in line for line in deployments.logs("churn", target="sagemaker"))
    assert describe("endpoint", "churn")["EndpointStatus"] == "InService"  # /ping has answered 200


@slow
@pytest.mark.parametrize(
    ("body", "content_type", "accept", "answer"),
    [
        (BODY, "application/json", None, b'{"predictions":[{"x":2.5},{"x":3.0}]}'),
        (BODY, "application/json; format=pandas-split", None, b'{"predictions":[{"x":2.5},{"x":3.0}]}'),
        (b'[{"x": 1.5}]', "application/json; format=pandas-records", None, b'{"predictions":[{"x":2.5}]}'),
        (b"x\n1.5\n2.0\n", "text/csv", "text/csv", b"x\n2.5\n3.0\n"),
    ],
    ids=["split by default", "split", "records", "CSV"],
)
def test_s140_formats(standing: None, body: bytes, content_type: str, accept: str | None, answer: bytes) -> None:
    """Those of MLflow's server, through SageMaker."""
    del standing
    found = deployments.invoke("churn", body, content_type=content_type, accept=accept, target="sagemaker")
    assert found.body.strip() == answer.strip()


@pytest.fixture
def standing(place: Place, models: Models) -> None:
    """A deployment."""
    deploy(place, models[0])


def test_s141_the_flavors_are_listed() -> None:
    """By the function and the command."""
    assert mlflow_api.list_flavors() == ("python_function", "mleap")
    assert "python_function, mleap" in CliRunner().invoke(sagemaker, ["list-flavors"]).output

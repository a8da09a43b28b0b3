"""The generated `score.py` under Azure's real inference server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
import yaml
from azure_simulator import AzureSimulator
from conftest import place, save_plus

import modelpack
from modelpack import deployments
from modelpack.deployments.records import DeployRequest
from modelpack_deploy_azureml.options import AzureMLOptions
from modelpack_deploy_azureml.scoring_code import ONLINE, conda_environment, script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack import ModelInfo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SPLIT = b'{"columns": ["x"], "data": [[1.5], [2.0]]}'


@contextmanager
def served(model: Path, digest: str, directory: Path) -> Iterator[str]:
    """The address of Azure's inference server with a model, mounted as Azure does."""
    (directory / "azureml-models" / "wine" / "1").mkdir(parents=True)
    (directory / "azureml-models" / "wine" / "1" / "model").symlink_to(model)
    (directory / ONLINE).write_text(script(ONLINE), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "AZUREML_MODEL_DIR": str(directory / "azureml-models" / "wine" / "1")}
    command = [str(Path(sys.executable).with_name("azmlinfsrv")), "--entry_script", ONLINE, "--port", str(port)]
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=directory, env={**environment, "MODELPACK_TRUST": digest}, stdout=output, stderr=output
        )
    try:
        _wait(f"http://127.0.0.1:{port}/", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:
            pass
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
        time.sleep(0.2)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for all that only ask."""
    scratch = tmp_path_factory.mktemp("score")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELPACK_HOME", str(scratch / "home"))
        info = save_plus(scratch / "model", 1.0)
        patch.setenv("MODELPACK_HOME", str(scratch / "another-home"))
        (scratch / "server").mkdir()
        with served(info.path, info.digest, scratch / "server") as found:
            yield found


def post(address: str, body: bytes, content_type: str = "application/json", **headers: str) -> requests.Response:
    """Send a request to the scoring route."""
    return requests.post(f"{address}/score", data=body, headers={"Content-Type": content_type, **headers}, timeout=30)


@pytest.mark.parametrize(
    "body",
    [SPLIT, b'{"dataframe_split": {"columns": ["x"], "data": [[1.5], [2.0]]}}', b'{"inputs": {"x": [1.5, 2.0]}}'],
    ids=["split", "dataframe_split", "inputs"],
)
def test_every_dialect_is_understood(address: str, body: bytes) -> None:
    """The request is read as the scoring server reads it."""
    answer = post(address, body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] == [{"x": 2.5}, {"x": 3.0}]
    assert answer.headers["Content-Type"] == "application/json"


def test_csv_is_answered_with_csv(address: str) -> None:
    """Formats and their types are passed on."""
    answer = post(address, b"x\n1.5\n", "text/csv", Accept="text/csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.text.splitlines() == ["x", "2.5"]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"x", "application/pdf", 415),
        (b'{"columns": ["y"], "data": [[1]]}', "application/json", 422),
    ],
)
def test_bad_requests_have_their_statuses(address: str, body: bytes, content_type: str, status: int) -> None:
    """Not 500, as a script without raw access answers them."""
    answer = post(address, body, content_type)
    assert answer.status_code == status
    assert answer.json()["message"]


def test_another_method_is_refused(address: str) -> None:
    """The scoring route takes POST."""
    assert requests.get(f"{address}/score", timeout=30).status_code == 405


def test_many_requests_at_once_are_answered(address: str) -> None:
    """The application runs on one loop for all of the server's threads."""
    from concurrent.futures import ThreadPoolExecutor

    bodies = [json.dumps({"columns": ["x"], "data": [[number]]}).encode() for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: post(address, body).json()["predictions"][0]["x"], bodies))
    assert answers == [number + 1.0 for number in range(20)]


def test_the_script_is_deployed_on_azures_image(models: tuple[ModelInfo, ModelInfo], azure: AzureSimulator) -> None:
    """With the model's environment, and without an image of one's own."""
    options = place(azure, image=None, base_image="mcr.microsoft.com/azureml/minimal-ubuntu22.04-py311-cpu-inference:1")
    modelpack.deploy(models[0].path, target="azureml", name="plus", options=options)
    answer = deployments.invoke("plus", SPLIT, content_type="application/json", target="azureml", options=options)
    assert json.loads(answer.body)["predictions"] == [{"x": 2.5}, {"x": 3.0}]
    (environment,) = [name for name in azure.names() if name.startswith("environments/")]
    conda = yaml.safe_load(azure.document(environment)["properties"]["condaFile"])
    (pip,) = [each["pip"] for each in conda["dependencies"] if isinstance(each, dict)]
    assert "azureml-inference-server-http" in pip
    assert any(line.startswith("modelpack-core") for line in pip)


def test_the_environment_is_the_models(models: tuple[ModelInfo, ModelInfo]) -> None:
    """Its Python and its requirements, each of them once."""
    info = models[0]
    options = AzureMLOptions(base_image="mcr")
    request = DeployRequest(name="plus", model_path=info.path, digest=info.digest, options=options)
    conda = conda_environment(request)
    assert conda["dependencies"][0] == f"python={sys.version_info.major}.{sys.version_info.minor}"
    pip = conda["dependencies"][-1]["pip"]
    names = [line.partition("==")[0].partition("[")[0] for line in pip]
    assert len(names) == len(set(names))
    assert {"cloudpickle", "modelpack-core", "azureml-inference-server-http"} <= set(names)

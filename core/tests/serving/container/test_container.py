"""The module that an image starts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import modelpack
from modelpack.pyfunc import PythonModel

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A saved model, below the directory that a platform names."""

    class Doubled(PythonModel):
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - the protocol
            return model_input["a"] * 2

    path = tmp_path / "mounted" / "doubled"
    modelpack.pyfunc.save_model(path, python_model=Doubled(), input_example=pd.DataFrame({"a": [1.5]}))
    return path


@pytest.fixture
def start(model: Path) -> Iterator[Start]:
    """Start the module with an argument and variables; ended after the test."""
    started: list[subprocess.Popen[str]] = []

    def run(argument: str = "serve", **variables: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "modelpack.serving.container", argument]
        environ = {**os.environ, "AZUREML_MODEL_DIR": str(model.parent), "MODELPACK_HOST": "127.0.0.1", **variables}
        started.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)
        )
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def port() -> str:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def entry(process: subprocess.Popen[str], beginning: str) -> dict[str, Any]:
    """The first line of the log that begins so."""
    assert process.stdout is not None
    for line in process.stdout:
        found: dict[str, Any] = json.loads(line)
        if found["message"].startswith(beginning):
            return found
    raise AssertionError(f"nothing of that kind was logged: {process.stderr.read() if process.stderr else ''}")


@pytest.mark.slow
def test_serves_logs_json_and_stops(start: Start, port: str, model: Path) -> None:
    """On the port of the platform, with a health check that passes, until SIGTERM; then the exit code is 0."""
    process = start(PORT=port, MODELPACK_WORKERS="1", MODELPACK_WORKRES="2")
    assert "MODELPACK_WORKERS" in entry(process, "the variable MODELPACK_WORKRES")["message"]
    assert entry(process, "listening on")["model"] == str(model)
    request = urllib.request.Request(f"http://127.0.0.1:{port}/invocations", b"a\n4\n", {"Content-Type": "text/csv"})
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        assert json.load(answer) == {"predictions": [8.0]}
    assert entry(process, "POST /invocations")["status"] == 200
    assert start("health", PORT=port).wait(timeout=30) == 0
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    assert start("health", PORT=port).wait(timeout=30) == 1


@pytest.mark.slow
@pytest.mark.parametrize("tls", [False, True], ids=["socket", "TLS"])
def test_health_check_goes_where_the_server_listens(start: Start, port: str, tmp_path: Path, tls: bool) -> None:  # noqa: FBT001 - a parameter
    """A Unix socket and TLS are asked as such."""
    variables = {"MODELPACK_SOCKET": str(tmp_path / "http.sock")}
    if tls:
        import trustme

        trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
        variables = {"PORT": port, "MODELPACK_TLS_CERTIFICATE": str(tmp_path / "server.pem")}
    process = start(**variables)
    entry(process, "listening on")
    assert start("health", **variables).wait(timeout=30) == 0


@pytest.mark.slow
def test_model_that_is_not_trusted_is_one_line_and_exit_code_1(start: Start, tmp_path: Path) -> None:
    """No traceback: the log says what would run and which variable allows it is known to whoever deploys."""
    process = start(MODELPACK_HOME=str(tmp_path / "nobody"))
    output, errors = process.communicate(timeout=60)
    (line,) = output.splitlines()
    assert process.returncode == 1
    assert json.loads(line)["error_code"] == "PERMISSION_DENIED"
    assert "Traceback" not in output + errors


@pytest.mark.slow
def test_wrong_variable_is_told(start: Start) -> None:
    """A value that cannot be used ends the container before it listens."""
    process = start(MODELPACK_TIMEOUT="-1")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "timeout must be more than 0" in json.loads(output.splitlines()[-1])["message"]


@pytest.mark.parametrize(("argument", "sentence"), [("train", "trains none"), ("bash", "the argument is `serve`")])
def test_other_arguments_are_refused(start: Start, argument: str, sentence: str) -> None:
    """SageMaker's `train` gets a sentence."""
    process = start(argument)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert sentence in errors


def test_health_check_starts_without_the_server() -> None:
    """It runs every few seconds beside the server, so it loads nothing that it can do without."""
    code = "import sys, modelpack.serving.container.health; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pydantic", "starlette", "uvicorn", "orjson", "numpy", "pandas"}.intersection(loaded)


@pytest.mark.slow
def test_sigterm_while_starting_ends_it(start: Start, port: str) -> None:
    """A container that is stopped before it listens does not wait to be killed."""
    process = start(PORT=port)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0

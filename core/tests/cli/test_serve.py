from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import modelpack.pyfunc
from modelpack.cli.main import app
from modelpack.errors import InvalidArgumentError
from modelpack.pyfunc.source import ModelSource
from modelpack.serving.processes.listening import listening_socket
from modelpack.serving.settings import ServerSettings

MODEL = """
from modelpack.pyfunc import PythonModel

class Doubled(PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input["a"] * 2
"""


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A saved model whose class is in a module of its own."""
    (tmp_path / "doubled_model.py").write_text(MODEL, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    from doubled_model import Doubled  # type: ignore[import-not-found]  # written above

    path = tmp_path / "model"
    modelpack.pyfunc.save_model(
        path,
        python_model=Doubled(),
        code_paths=[tmp_path / "doubled_model.py"],
        input_example=pd.DataFrame({"a": [1.5]}),
    )
    return path


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start the command."""
    command = [sys.executable, "-m", "modelpack", "serve", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ask(url: str) -> bytes:
    """Invoke the model with one row."""
    request = urllib.request.Request(f"{url}/invocations", b"a\n1.5\n", {"Content-Type": "text/csv"})  # noqa: S310 - the server under test
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - see above
        content: bytes = response.read()
        return content


def command(*arguments: object) -> None:
    """Run the command in this process, its errors raised."""
    result = CliRunner().invoke(app, ["serve", *map(str, arguments)], standalone_mode=False)
    if result.exception is not None:
        raise result.exception


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_saved_model_is_served(saved: Path, workers: int) -> None:
    """The command says where it listens, answers, and ends with 0 when it is told to."""
    process = start(saved, "--port", 0, "--workers", workers, "--no-access-log", "--threads", 1)
    assert process.stderr is not None
    lines = [process.stderr.readline() for _ in range(5)]
    found = re.search(r"listening on (http://\S+)", lines[0])
    assert found is not None, "".join(lines)
    assert f"curl {found[1]}/invocations" in lines[4]
    for _ in range(2 * workers):
        assert ask(found[1]) == b'{"predictions":[3.0]}'
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=30)
    assert (process.returncode, output, errors) == (0, "", "")


@pytest.mark.slow
def test_a_model_that_is_not_trusted_is_told_by_the_command(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although a worker found it out: in two lines, with exit code 1, and once."""
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path / "another"))
    process = start(saved, "--port", 0, "--workers", 2)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (1, "")
    assert len(errors.splitlines()) == 2, errors
    assert errors.startswith("error: ")
    assert "trust" in errors.splitlines()[1]


@pytest.mark.slow
def test_a_taken_port_is_told_before_the_model_is_loaded(tmp_path: Path) -> None:
    """In two lines, with exit code 1."""
    with listening_socket("127.0.0.1", 0) as taken:
        process = start(tmp_path / "absent", "--port", taken.getsockname()[1])
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, output) == (1, "")
    assert errors.startswith("error: port")
    assert errors.splitlines()[1].startswith("hint: ")


@pytest.mark.parametrize("choice", ["uv", "virtualenv", "conda"])
def test_environments_that_cannot_be_made_yet_are_refused(choice: str) -> None:
    """Rather than serving a model in another one than was asked for."""
    with pytest.raises(InvalidArgumentError, match=f"--env-manager {choice} is not there yet"):
        command("absent", "--env-manager", choice)


def test_every_setting_has_its_option(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And reaches the server."""
    given: list[Any] = []
    monkeypatch.setattr("modelpack.serving.processes.run.serve", lambda *arguments: given.extend(arguments))
    command(
        *("absent", "--host", "localhost", "--port", 1, "--socket", tmp_path / "s", "--flavor", "sklearn"),
        *("--workers", 2, "--threads", 3, "--max-batch", 4, "--max-delay-ms", 5, "--max-queue", 6, "--max-body", "7kB"),
        *("--timeout", 8, "--grace", 9, "--name", "m", "--api-key-file", tmp_path / "k", "--tls-certificate", "c.pem"),
        *("--tls-key", "k.pem", "--log-format", "json", "--no-access-log", "--no-warm-up", "--debug"),
        *("--protocol", "mlflow-0.9", "--trust", "all", "--policy", "strict", "--env-manager", "local"),
    )
    source, settings, _ = given
    assert source == ModelSource(uri="absent", flavor="sklearn", trust=True, policy="strict")
    assert settings == ServerSettings(
        host="localhost",
        port=1,
        socket=tmp_path / "s",
        tls_certificate=Path("c.pem"),
        tls_key=Path("k.pem"),
        api_key_file=tmp_path / "k",
        workers=2,
        threads=3,
        max_batch=4,
        max_delay=0.005,
        max_queue=6,
        max_body=7000,
        timeout=8.0,
        grace=9.0,
        warm_up=False,
        model_name="m",
        protocol="mlflow-0.9",
        log_format="json",
        access_log=False,
        debug=True,
    )


def test_the_defaults_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """They stand twice, and must not part."""
    given: list[Any] = []
    monkeypatch.setattr("modelpack.serving.processes.run.serve", lambda *arguments: given.extend(arguments))
    command("absent")
    assert given[:2] == [ModelSource(uri="absent"), ServerSettings(loop_calls=True)]

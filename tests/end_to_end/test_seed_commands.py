"""The seed's command lines, with a real model in real processes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import modelpack

Serve = Callable[..., str]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of irises."""
    features, target = load_iris(return_X_y=True, as_frame=True)
    path = tmp_path_factory.mktemp("seed") / "my_model"
    modelpack.save_model(LogisticRegression(max_iter=500).fit(features, target), path)
    return path


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a serving command and answer its address; it is ended after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str | Path) -> str:
        command = [sys.executable, "-m", "modelpack", *map(str, words), "-p", "0"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"listening on (http://\S+)", line)
        assert found is not None, line
        return found[1]

    yield start
    for process in started:
        with process:
            process.terminate()
            assert process.wait(timeout=30) == 0


def post(address: str, content_type: str, body: str) -> tuple[int, str]:
    """One invocation: the status and the body of the answer."""
    request = urllib.request.Request(  # noqa: S310 - the server under test
        f"{address}/invocations", body.encode(), {"Content-Type": content_type}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - as above
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.slow
def test_sklearn_serve_takes_and_answers_records(model: Path, serve: Serve) -> None:
    """`modelpack sklearn serve my_model`: JSON only, predictions and a newline (S118)."""
    address = serve("sklearn", "serve", model)
    records = json.dumps(load_iris(as_frame=True).data.head(1).to_dict(orient="records"))
    assert post(address, "application/json", records) == (200, '{"predictions":[0]}\n')
    assert post(address, "text/csv", "a\n1\n")[0] == 415


@pytest.mark.slow
def test_pyfunc_serve_answers_bare_lists(model: Path, serve: Serve) -> None:
    """`modelpack pyfunc serve -m my_model`: split JSON in, a list out (S104, S111)."""
    address = serve("pyfunc", "serve", "-m", model, "--no-conda")
    split = load_iris(as_frame=True).data.head(2).to_json(orient="split")
    assert post(address, "application/json", split) == (200, "[0,0]")

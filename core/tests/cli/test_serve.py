from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import modelpack.pyfunc
from modelpack.serving.listening import listening_socket

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.mark.slow
def test_a_saved_model_is_served(saved: Path) -> None:
    """The command says where it listens, answers, and ends with 0 when it is told to."""
    process = start(saved, "--port", 0)
    assert process.stderr is not None
    lines = [process.stderr.readline() for _ in range(5)]
    found = re.search(r"listening on (http://\S+)", lines[0])
    assert found is not None, "".join(lines)
    request = urllib.request.Request(  # noqa: S310 - the server under test
        f"{found[1]}/invocations", b"a\n1.5\n", {"Content-Type": "text/csv"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - see above
        assert response.read() == b'{"predictions":[3.0]}'
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.slow
def test_a_taken_port_is_told_before_the_model_is_loaded(tmp_path: Path) -> None:
    """In two lines, with exit code 1."""
    with listening_socket("127.0.0.1", 0) as taken:
        process = start(tmp_path / "absent", "--port", taken.getsockname()[1])
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, output) == (1, "")
    assert errors.startswith("error: port")
    assert errors.splitlines()[1].startswith("hint: ")

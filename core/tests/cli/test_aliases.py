"""The seed's commands with the seed's options (S116 to S118)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import modelpack
from modelpack.cli.main import app
from modelpack.errors import NotFoundError


class Doubled(modelpack.pyfunc.PythonModel):
    """Twice the input."""

    def predict(self, context: object, model_input: pd.DataFrame, params: object = None) -> pd.DataFrame:  # noqa: ARG002 - the PythonModel protocol
        """Score a frame."""
        return model_input * 2


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A CSV file of two rows."""
    path = tmp_path / "in.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    return path


def run(*arguments: object) -> str:
    """Run a command, its errors raised."""
    result = CliRunner().invoke(app, list(map(str, arguments)), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_pyfunc_predict_writes_neither_header_nor_index(source: Path, tmp_path: Path) -> None:
    """As MLflow 0.9 did (S117)."""
    modelpack.pyfunc.save_model(tmp_path / "model", python_model=Doubled())
    assert run("pyfunc", "predict", "-m", tmp_path / "model", "-i", source, "--no-conda") == "2,4\n6,8\n"


def test_a_run_id_makes_the_path_one_of_the_run(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-r RUN -m PATH` names an artifact (S17)."""
    monkeypatch.chdir(tmp_path)
    with modelpack.start_run() as started:
        modelpack.log_model(Doubled(), "model")
    output = tmp_path / "out.csv"
    run("pyfunc", "predict", "-m", "model", "-r", started.run_id, "-i", source, "-o", output)
    assert output.read_text() == "2,4\n6,8\n"


def test_sklearn_serve_refuses_another_flavor(tmp_path: Path) -> None:
    """It names the flavors that the model has (S118)."""
    modelpack.pyfunc.save_model(tmp_path / "model", python_model=Doubled())
    with pytest.raises(NotFoundError, match="no flavor 'sklearn'; it has: python_function"):
        run("sklearn", "serve", tmp_path / "model", "--port", 0)

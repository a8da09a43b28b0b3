from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

import modelpack.pyfunc
from modelpack.cli.options import UsageError
from modelpack.cli.predict import predict
from modelpack.errors import ModelpackError, SchemaError, UnsupportedMediaTypeError

if TYPE_CHECKING:
    from pathlib import Path

APP = typer.Typer()
APP.command()(predict)


class Scaled(modelpack.pyfunc.PythonModel):
    """The column `a` times the param `by`."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - the PythonModel protocol
        """Score a frame."""
        return model_input["a"] * params["by"]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A saved model."""
    path = tmp_path / "model"
    signature = modelpack.infer_signature(pd.DataFrame({"a": [1.5]}), params={"by": 2.0})
    modelpack.pyfunc.save_model(path, python_model=Scaled(), signature=signature)
    return path


def run(*arguments: object) -> str:
    """Run the command, its errors raised."""
    result = CliRunner().invoke(APP, list(map(str, arguments)), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_a_file_is_scored_to_standard_output(saved: Path, tmp_path: Path) -> None:
    """CSV with a header, unless it is not wanted."""
    source = tmp_path / "in.csv"
    source.write_text("a\n1.5\n2.5\n", encoding="utf-8")
    assert run(saved, "-i", source) == "a\n3.0\n5.0\n"
    assert run("-m", saved, "-i", source, "--no-header", "--param", "by=10") == "15.0\n25.0\n"
    assert run(saved, "-i", source, "--output-type", "jsonl", "--chunk-rows", 1) == "3.0\n5.0\n"


def test_standard_input_is_scored_to_a_file(saved: Path, tmp_path: Path) -> None:
    """The suffix names the output's format."""
    made = tmp_path / "out.json"
    result = CliRunner().invoke(APP, [str(saved), "-t", "jsonl", "-o", str(made)], input='{"a": 1.5}\n')
    assert result.exit_code == 0, result.output
    assert made.read_text(encoding="utf-8") == '{"predictions":[3.0]}\n'


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("--param", "by"), UsageError, "no NAME=VALUE"),
        (("-t", "exe"), UnsupportedMediaTypeError, "exe"),
        (("--param", "by=fast"), SchemaError, "by"),
    ],
)
def test_mistakes_are_told(
    saved: Path, tmp_path: Path, arguments: tuple[str, ...], error: type[ModelpackError], message: str
) -> None:
    """Each as an error with its reason."""
    source = tmp_path / "in.csv"
    source.write_text("a\n1.5\n", encoding="utf-8")
    with pytest.raises(error, match=message):
        run(saved, "-i", source, *arguments)


def test_the_policy_reaches_the_model(saved: Path, tmp_path: Path) -> None:
    """What `safe` converts, `strict` refuses."""
    source = tmp_path / "in.jsonl"
    source.write_text('{"a": "1.5"}\n', encoding="utf-8")
    assert run(saved, "-i", source, "--policy", "lenient") == "a\n3.0\n"
    with pytest.raises(SchemaError):
        run(saved, "-i", source, "--policy", "strict")

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

import modelpack.pyfunc
from modelpack.cli.options import UsageError
from modelpack.cli.predict import predict
from modelpack.errors import (
    InvalidArgumentError,
    ModelpackError,
    PluginError,
    SchemaError,
    UnsupportedMediaTypeError,
)

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
        (("--param", "by"), UsageError, "not of the form NAME=VALUE"),
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


def test_a_column_is_kept_in_one_file(saved: Path, tmp_path: Path) -> None:
    """No engine is needed for that."""
    source = tmp_path / "in.csv"
    source.write_text("id,a\n07,1.5\n", encoding="utf-8")
    with pytest.raises(InvalidArgumentError, match="names of predictions: 'a'"):
        run(saved, "-i", source, "--keep-all")
    assert run(saved, "-i", source, "--keep", "id") == "id,a\n07,3.0\n"


@pytest.mark.parametrize(
    ("source", "options"),
    [("in", ()), ("in/*.csv", ()), ("in/a.csv", ("--engine", "local")), ("in/a.csv", ("--format", "csv"))],
)
def test_an_engine_scores_into_a_directory(saved: Path, tmp_path: Path, source: str, options: tuple[str, ...]) -> None:
    """Many files, or one where that is asked for."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("id,a\n07,1.5\n", encoding="utf-8")
    run(saved, "-i", tmp_path / source, "-o", tmp_path / "out", "--keep", "id", "--param", "by=10", *options)
    suffix = "csv" if "csv" in options else "parquet"
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["_SUCCESS", f"part-00000.{suffix}"]
    read = pd.read_csv if suffix == "csv" else pd.read_parquet
    assert read(tmp_path / "out" / names[1])["a"].tolist() == [15.0]


def test_a_directory_that_is_named_as_such_is_written(saved: Path, tmp_path: Path) -> None:
    """With a slash, or because it is there and empty."""
    source = tmp_path / "in.csv"
    source.write_text("a\n1.5\n", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    for name in ("out/", "empty"):
        run(saved, "-i", source, "-o", f"{tmp_path}/{name}")
        assert pd.read_parquet(tmp_path / name)["a"].tolist() == [3.0]


def test_all_options_of_a_batch_reach_it(saved: Path, tmp_path: Path) -> None:
    """What was skipped is told on standard error."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("a,k\n1.5,x\n2.5,y\n", encoding="utf-8")
    (tmp_path / "in" / "b.csv").write_text("A\n1\n", encoding="utf-8")
    batch = ["--partition-by", "k", "--workers", "1", "--on-error", "skip", "--overwrite", "--chunk-rows", "1"]
    batch += ["-O", "start=fork", "-t", "csv", "-i", str(tmp_path / "in"), "-o", str(tmp_path / "out")]
    for _ in range(2):
        told = CliRunner().invoke(APP, [str(saved), *batch])
        assert told.exit_code == 0, told.output
        assert told.stderr == f"parts of the input that were left out: 1; see {tmp_path}/out/_errors.json\n"
    assert sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("part-*")) == [
        "k=x/part-00000.parquet",
        "k=y/part-00000.parquet",
    ]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (("--engine", "local", "--output-type", "csv", "-o", "out"), UsageError, "are for one file"),
        (("--engine", "local", "--no-header", "-o", "out"), UsageError, "are for one file"),
        (("--engine", "local"), UsageError, "an engine scores files into a directory"),
        (("-o", "out", "-O", "start"), UsageError, "'start' is not of the form NAME=VALUE"),
        (("-o", "out", "-O", "master=a", "--master", "b"), UsageError, "the option 'master' is given twice"),
        (("-o", "out", "--master", "local[2]"), InvalidArgumentError, "there is no option 'master'"),
        (("-o", "out", "--engine", "spork"), PluginError, "the engine 'spork' is not installed"),
    ],
)
def test_mistakes_about_engines_are_told(
    saved: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    error: type[ModelpackError],
    message: str,
) -> None:
    """Before anything is written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text("a\n1.5\n", encoding="utf-8")
    with pytest.raises(error, match=re.escape(message)):
        run(saved, "-i", "in.csv", *options)
    assert not (tmp_path / "out").exists()

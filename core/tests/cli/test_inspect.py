"""`modelpack inspect` tells what a model is, and runs nothing of it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

import modelpack
from modelpack.cli.inspect import inspect_model
from modelpack.plugins.manager import PluginManager

APP = typer.Typer()
APP.command()(inspect_model)


class Poisoned(modelpack.pyfunc.PythonModel):
    """A model whose loading would be noticed."""

    def load_context(self, context: object) -> None:  # noqa: ARG002 - the PythonModel protocol
        """Fail when it is loaded."""
        raise AssertionError("inspecting a model loaded it")

    def predict(self, context: object, model_input: object, params: object = None) -> object:  # noqa: ARG002 - the PythonModel protocol
        """Answer the input."""
        return model_input


def run(*arguments: object) -> str:
    """Run the command, its errors raised."""
    result = CliRunner().invoke(APP, list(map(str, arguments)), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.stdout


@pytest.fixture
def saved(tmp_path: Path) -> modelpack.ModelInfo:
    """A signed model that would run code."""
    signature = modelpack.infer_signature(pd.DataFrame({"age": [3], "name": ["Ada"]}), [1.5], {"top": 3})
    return modelpack.pyfunc.save_model(tmp_path / "model", python_model=Poisoned(), signature=signature)


def test_a_person_reads_what_the_model_is(saved: modelpack.ModelInfo) -> None:
    """Digest, flavors, what would run, signature, params and requirements."""
    text = run(saved.path)
    assert f"{saved.digest}, verified" in text
    assert "runs code: " in text
    assert "  age   long\n  name  string\n" in text
    assert "param top, 3 unless given" in text
    assert f"modelpack-core=={modelpack.__version__}" in text


def test_a_machine_reads_the_same(saved: modelpack.ModelInfo) -> None:
    """`--json` holds the whole MLmodel and what would run, flavor by flavor."""
    described = json.loads(run(saved.path, "--json"))
    assert described["digest"] == saved.digest
    assert described["mlmodel"]["model_uuid"] == saved.model_uuid
    assert described["runs_code"]["python_function"].startswith("runs code")


def test_a_flavor_that_is_not_installed_is_no_obstacle(
    toy_model: object, toy_plugins: PluginManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model can be looked at; the line of its flavor says what is missing."""
    modelpack.save_model(toy_model, tmp_path / "model", plugins=toy_plugins)
    monkeypatch.setenv("MODELPACK_DISABLE_PLUGINS", "toy")
    assert "cannot be loaded here: " in run(tmp_path / "model")


def test_a_changed_model_is_an_error(saved: modelpack.ModelInfo) -> None:
    """Nobody is told what a model was before somebody changed it."""
    (saved.path / "added").write_text("")
    with pytest.raises(modelpack.ModelpackError, match="added added"):
        run(saved.path)

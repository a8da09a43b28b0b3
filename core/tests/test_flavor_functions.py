"""The functions of a flavor's module, with the argument names of MLflow."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import modelpack
from modelpack.errors import InvalidArgumentError, NotFoundError
from modelpack.flavor_functions import FlavorFunctions, default_conda_env

functions = FlavorFunctions("python_function")


class Doubler(modelpack.pyfunc.PythonModel):
    """A model to save."""

    def predict(self, context: Any, model_input: Any) -> Any:  # noqa: ARG002 - the contract's
        """Twice the input."""
        return model_input * 2


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of this test alone."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "runs").as_uri())


def test_a_model_is_saved_and_loaded_with_the_flavor(tmp_path: Path) -> None:
    """`mlflow_model` describes the save, and is left as it is."""
    described = modelpack.models.Model(metadata={"owner": "garden"})
    info = functions.save(Doubler(), tmp_path / "model", mlflow_model=described)
    assert info.metadata == {"owner": "garden"}
    assert described.flavors == {}
    assert functions.load(tmp_path / "model").predict(None, 21) == 42


@pytest.mark.parametrize("argument", ["artifact_path", "name"])
def test_a_model_is_logged_under_either_argument(argument: str) -> None:
    """MLflow calls it `artifact_path` until 2, and `name` from 3 on; with a run's id the path is enough to load it."""
    with modelpack.start_run() as run:
        functions.log(Doubler(), **{argument: "model"})
    assert functions.load("model", run.run_id, trust=True) is not None


@pytest.mark.parametrize("arguments", [{}, {"artifact_path": "a", "name": "b"}])
def test_a_logged_model_has_one_name(arguments: dict[str, Any]) -> None:
    """Neither or both is an error, before a run is started."""
    with pytest.raises(InvalidArgumentError, match="artifact_path is"):
        functions.log(Doubler(), **arguments)


def test_a_model_of_another_flavor_is_not_loaded(tmp_path: Path) -> None:
    """The functions are one flavor's."""
    functions.save(Doubler(), tmp_path / "model")
    with pytest.raises(NotFoundError, match="toy"):
        FlavorFunctions("toy").load(tmp_path / "model")


def test_default_environment_pins_what_is_installed() -> None:
    """In MLflow's form."""
    assert default_conda_env("cloudpickle")["dependencies"][-1] == {"pip": [f"cloudpickle=={version('cloudpickle')}"]}

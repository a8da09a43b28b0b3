"""What a target has to do, with real models in a temporary directory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import modelpack.deployments
import modelpack.pyfunc
import pytest
from modelpack.deployments.verbs import list_deployments
from modelpack.errors import DeployError
from modelpack.plugins.manager import PluginManager

from modelpack_deploy_shelf.target import target

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

BODY = json.dumps({"dataframe_split": {"columns": ["x"], "data": [[1.5], [2.0]]}})


class Plus(modelpack.pyfunc.PythonModel):
    """A model: adds a number to every value."""

    def __init__(self, number: float) -> None:
        self.number = number

    def predict(
        self,
        context: Any,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Add it."""
        return model_input + self.number


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the user trusts out of the tests."""
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path / "home"))


@pytest.fixture
def place(tmp_path: Path) -> dict[str, Any]:
    """An empty shelf."""
    return {"target": "shelf", "options": {"directory": tmp_path / "shelf"}}


def saved(path: Path, number: float = 1.0) -> Path:
    """A model."""
    modelpack.pyfunc.save_model(path, python_model=Plus(number))
    return path


def test_the_installed_plugin_is_this_one() -> None:
    """The target is found by its name, and it is valid."""
    assert PluginManager().target("shelf") is target


def test_an_invocation_is_answered(tmp_path: Path, place: dict[str, Any]) -> None:
    """The answer holds the model's predictions."""
    modelpack.deploy(saved(tmp_path / "model"), name="plus", **place)
    answer = modelpack.deployments.invoke(
        "plus",
        BODY.encode(),
        content_type="application/json",
        **place,
    )
    assert json.loads(answer.body) == {"predictions": [{"x": 2.5}, {"x": 3.0}]}


def test_the_last_model_stands(tmp_path: Path, place: dict[str, Any]) -> None:
    """One name has one deployment."""
    for number in (1.0, 2.0):
        model = saved(tmp_path / str(number), number)
        deployed = modelpack.deploy(model, name="plus", **place)
        assert list_deployments(**place) == [deployed]


def test_what_is_gone_does_not_answer(tmp_path: Path, place: dict[str, Any]) -> None:
    """Deleting takes it away, and deleting it again succeeds."""
    modelpack.deploy(saved(tmp_path / "model"), name="plus", **place)
    for _ in range(2):
        modelpack.deployments.delete("plus", **place)
    assert list((tmp_path / "shelf").iterdir()) == []
    with pytest.raises(DeployError, match="plus"):
        modelpack.deployments.invoke("plus", b"", content_type="text/csv", **place)

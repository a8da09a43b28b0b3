"""What a target has to do, with real models in a temporary directory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import modelpack.pyfunc
import pytest
from modelpack import DeployContext
from modelpack.deployments.records import Deployment, DeployRequest
from modelpack.errors import InvalidArgumentError, NotFoundError, PluginError
from modelpack.plugins.manager import PluginManager

from modelpack_deploy_shelf.target import ShelfOptions, target

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
def options(tmp_path: Path) -> ShelfOptions:
    """An empty shelf."""
    return ShelfOptions(directory=tmp_path / "shelf")


def wish(
    tmp_path: Path,
    options: ShelfOptions,
    number: float = 1.0,
) -> DeployRequest[ShelfOptions]:
    """A saved model, and the wish to deploy it."""
    path = tmp_path / f"model-{number}"
    info = modelpack.pyfunc.save_model(path, python_model=Plus(number))
    return DeployRequest(
        name="plus",
        model_path=path,
        digest=info.digest,
        options=options,
    )


def deploy(request: DeployRequest[ShelfOptions]) -> Deployment:
    """Plan and apply, as core does."""
    context = DeployContext(
        request=request,
        plan=target.plan(request),
        progress=print,
    )
    answer = PluginManager().call(target, "modelpack_deploy", context=context)
    assert isinstance(answer, Deployment)
    return answer


def test_the_installed_plugin_is_this_one() -> None:
    """The target is found by its name, and it is valid."""
    assert PluginManager().target("shelf") is target


def test_a_plan_changes_nothing(tmp_path: Path, options: ShelfOptions) -> None:
    """It names what would happen."""
    (step,) = target.plan(wish(tmp_path, options)).steps
    assert step.action == "create"
    assert target.get("plus", options).state == "absent"
    assert not target.list(options)


def test_a_deployed_model_is_ready(tmp_path: Path, options: ShelfOptions) -> None:
    """What was applied stands, and there is nothing more to plan."""
    request = wish(tmp_path, options)
    deployed = deploy(request)
    assert (deployed.state, deployed.digest) == ("ready", request.digest)
    assert target.get("plus", options) == deployed
    assert not target.plan(request).steps


def test_another_model_updates(tmp_path: Path, options: ShelfOptions) -> None:
    """One name has one deployment: the last."""
    deploy(wish(tmp_path, options, 1.0))
    second = wish(tmp_path, options, 2.0)
    assert [step.action for step in target.plan(second).steps] == ["update"]
    assert deploy(second).digest == second.digest
    assert [each.digest for each in target.list(options)] == [second.digest]


def test_the_list_shows_ours_only(tmp_path: Path, options: ShelfOptions) -> None:
    """What somebody else put on the shelf is not ours."""
    deploy(wish(tmp_path, options))
    (options.directory / "theirs").mkdir()
    assert [each.name for each in target.list(options)] == ["plus"]


def test_an_invocation_is_answered(tmp_path: Path, options: ShelfOptions) -> None:
    """The answer holds the model's predictions."""
    deploy(wish(tmp_path, options))
    answer = target.invoke("plus", BODY.encode(), "application/json", options)
    assert json.loads(answer) == {"predictions": [{"x": 2.5}, {"x": 3.0}]}


def test_what_is_not_deployed_does_not_answer(options: ShelfOptions) -> None:
    """The error names it."""
    with pytest.raises(NotFoundError, match="plus"):
        target.invoke("plus", BODY.encode(), "application/json", options)


def test_deleting_twice_succeeds(tmp_path: Path, options: ShelfOptions) -> None:
    """Absent is what was asked for."""
    deploy(wish(tmp_path, options))
    target.delete("plus", options)
    target.delete("plus", options)
    assert target.get("plus", options).state == "absent"


def test_a_failed_deployment_leaves_nothing(
    tmp_path: Path,
    options: ShelfOptions,
) -> None:
    """What an apply that fails has made is gone."""
    request = DeployRequest(
        name="gone",
        model_path=tmp_path / "gone",
        digest="sha256:0",
        options=options,
    )
    with pytest.raises(PluginError, match="gone"):
        deploy(request)
    assert list(options.directory.iterdir()) == []


@pytest.mark.parametrize("name", ["../plus", "/plus", "", ".hidden", "a/b"])
def test_a_name_stays_on_the_shelf(options: ShelfOptions, name: str) -> None:
    """A name is no path."""
    with pytest.raises(InvalidArgumentError, match="name of a deployment"):
        target.get(name, options)

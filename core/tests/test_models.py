from __future__ import annotations

import datetime as dt
import io
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import modelpack
from modelpack import pyfunc
from modelpack.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError
from modelpack.models import Model
from modelpack.tracking import active_run, end_run, start_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from toylib import ToyModel

    from modelpack.plugins.manager import PluginManager

FLAVOR = '''
"""A flavor of one's own, as the seed's page shows it (S100): two functions and a name."""
import os

import modelpack.pyfunc
from modelpack.models import Model

FLAVOR_NAME = "forest_h5"

def save_model(forest, path, mlflow_model=None, conda_env=None):
    if os.path.exists(path):
        raise RuntimeError(f"{path} exists")
    os.makedirs(path)
    model = Model() if mlflow_model is None else mlflow_model
    with open(os.path.join(path, "forest.txt"), "w") as file:
        file.write(forest)
    modelpack.pyfunc.add_to_model(model, loader_module=__name__, data="forest.txt", env=conda_env)
    model.add_flavor(FLAVOR_NAME, forest="forest.txt", version="1.0")
    model.save(os.path.join(path, "MLmodel"))

def log_model(forest, artifact_path, **kwargs):
    import sys
    return Model.log(artifact_path=artifact_path, flavor=sys.modules[__name__], forest=forest, **kwargs)

def load_model(path):
    with open(path) as file:
        return file.read()

class _Wrapper:
    def __init__(self, forest):
        self.forest = forest
    def predict(self, data):
        return [self.forest] * len(data)

def _load_pyfunc(path):
    return _Wrapper(load_model(path))
'''


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory, empty; runs that the test left active are ended."""
    monkeypatch.chdir(tmp_path)
    for name in ("MODELPACK_TRACKING_URI", "MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path
    while active_run() is not None:
        end_run()


@pytest.fixture
def forest(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module of a flavor of one's own."""
    (workspace / "forest_h5.py").write_text(FLAVOR, encoding="utf-8")
    monkeypatch.syspath_prepend(workspace)
    yield __import__("forest_h5")
    del sys.modules["forest_h5"]


def test_a_new_model_has_a_time_and_nothing_else() -> None:
    """The time is now, in UTC (S11)."""
    before = dt.datetime.now(dt.UTC)
    model = Model()
    assert model.flavors == {}
    assert model.created is not None
    assert dt.timedelta(seconds=-1) <= model.created - before <= dt.timedelta(seconds=10)
    assert set(model.to_dict()) == {"flavors", "utc_time_created"}


def test_the_path_is_kept_only_with_a_run() -> None:
    """A path in no run means nothing (S7, S11)."""
    assert Model("model").artifact_path is None
    assert Model("model", "").to_dict().keys() == {"flavors", "utc_time_created"}
    model = Model("model", "a" * 32, "2019-01-01 00:00:00", {"toy": {"data": "x"}})
    assert model.to_dict() == {
        "artifact_path": "model",
        "run_id": "a" * 32,
        "utc_time_created": "2019-01-01 00:00:00",
        "flavors": {"toy": {"data": "x"}},
    }


def test_flavors_are_added_in_a_chain() -> None:
    """`add_flavor` answers the model and replaces what stood under the name (S12)."""
    model = Model().add_flavor("a", x=1).add_flavor("b").add_flavor("a", y=2)
    assert model.flavors == {"a": {"y": 2}, "b": {}}


def test_models_share_nothing() -> None:
    """Neither two models, nor a model and the mapping that it was made of (Q1)."""
    flavors = {"a": {"x": 1}}
    first, second = Model(flavors=flavors), Model(flavors=flavors)
    first.add_flavor("b", y=2)
    first.flavors["a"]["x"] = 5
    assert second.flavors == flavors == {"a": {"x": 1}}
    assert Model().flavors == {}


def test_yaml_is_answered_or_written() -> None:
    """Text without a stream (S13)."""
    model = Model(utc_time_created="2019-01-01 00:00:00").add_flavor("toy", data="x")
    stream = io.StringIO()
    model.to_yaml(stream)
    assert stream.getvalue() == model.to_yaml()
    assert yaml.safe_load(model.to_yaml()) == {
        "flavors": {"toy": {"data": "x"}},
        "utc_time_created": "2019-01-01 00:00:00",
    }


@pytest.mark.parametrize("place", ["model", "model/MLmodel"])
def test_a_description_is_saved_and_loaded(workspace: Path, place: str) -> None:
    """As a directory or as a file, both ways (S14, S15)."""
    (workspace / "model").mkdir()
    model = Model(metadata={"team": "blue"}).add_flavor("toy", data="x")
    model.save(place)
    assert (workspace / "model" / "MLmodel").is_file()
    for path in ("model", "model/MLmodel", (workspace / "model").as_uri()):
        loaded = Model.load(path)
        assert isinstance(loaded, Model)
        assert loaded.to_dict() == model.to_dict()


@pytest.mark.parametrize(
    "mapping",
    [
        pytest.param({"flavors": {"toy": {}}}, id="no time"),
        pytest.param({"flavors": {}, "utc_time_created": None}, id="a time that is null"),
        pytest.param({"flavors": {}, "artifact_path": "model"}, id="a path without a run"),
        pytest.param({"flavors": {}, "time_created": 1533765900.0, "unknown": {"a": [1, None]}}, id="unknown keys"),
    ],
)
def test_what_was_read_is_written_again(mapping: dict[str, Any]) -> None:
    """Nothing is added to what others wrote, and nothing is lost."""
    assert Model.from_dict(mapping).to_dict() == mapping


def test_a_missing_model_is_named(workspace: Path) -> None:
    """With the directory that has none."""
    (workspace / "empty").mkdir()
    with pytest.raises(NotFoundError, match="empty is no model"):
        Model.load("empty")


def test_a_flavor_of_ones_own_logs_and_loads(forest: Any) -> None:
    """A module with `save_model` needs no registration (S100, S101): it logs, and loads as a Python function."""
    with start_run() as run:
        info = forest.log_model("oak", "model")
    described = Model.load(f"runs:/{run.run_id}/model")
    assert described.flavors["forest_h5"] == {"forest": "forest.txt", "version": "1.0"}
    assert (described.run_id, described.artifact_path) == (run.run_id, "model")
    assert (info.model_uri, info.model_uuid) == (f"runs:/{run.run_id}/model", described.model_uuid)
    assert "mlflow.log-model.history" in run.tags
    assert pyfunc.load_model(info.model_uri).predict([1, 2]) == ["oak", "oak"]


def test_such_a_flavor_saves_alone(forest: Any, workspace: Path) -> None:
    """Two saves in a row share nothing, and without a manifest the caller's trust is needed."""
    forest.save_model("oak", "a")
    forest.save_model("elm", "b")
    assert set(Model.load("b").flavors) == {"forest_h5", "python_function"}
    with pytest.raises(modelpack.errors.TrustError):
        pyfunc.load_model(workspace / "b")
    assert pyfunc.load_model(workspace / "b", trust=True).predict([1]) == ["elm"]


def test_a_run_is_started_for_it(forest: Any) -> None:
    """As for every `log_model` (S16)."""
    info = forest.log_model("oak", "model")
    run = active_run()
    assert run is not None
    assert info.run_id == run.run_id


def test_a_path_is_taken_once(forest: Any) -> None:
    """Nothing that was logged is overwritten."""
    with start_run():
        forest.log_model("oak", "model")
        with pytest.raises(AlreadyExistsError, match="has 'model' already"):
            forest.log_model("oak", "model")


def test_a_flavor_that_fails_leaves_nothing(forest: Any) -> None:
    """Its own exception goes on."""
    with start_run() as run:
        with pytest.raises(TypeError):
            forest.log_model(5, "model")
        assert not list(run.artifacts.iterdir())


@pytest.mark.parametrize(
    ("flavor", "message"),
    [
        pytest.param(ModuleType("empty"), "has no function save_model", id="no function"),
        pytest.param(SimpleNamespace(save_model=lambda **_: None), "wrote no MLmodel file", id="no file"),
    ],
)
def test_what_is_no_flavor_is_refused(flavor: Any, message: str) -> None:
    """The hint says what the function has to do."""
    with start_run() as run:
        with pytest.raises(InvalidArgumentError, match=message):
            Model.log("model", flavor)
        assert not list(run.artifacts.iterdir())


def test_a_flavor_is_logged_by_its_name(toy_model: ToyModel, toy_plugins: PluginManager) -> None:
    """An installed flavor needs no module."""
    with start_run() as run:
        info = Model.log("model", "toy", model=toy_model, plugins=toy_plugins)
        with pytest.raises(InvalidArgumentError, match="no model was given to log"):
            Model.log("other", "toy")
    assert info.model_uri == f"runs:/{run.run_id}/model"
    assert Model.load(info.model_uri).flavors["toy"]["data"] == "model.json"

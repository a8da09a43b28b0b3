from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import modelpack
from modelpack import pyfunc
from modelpack.errors import AlreadyExistsError, InvalidArgumentError, ModelFailureError
from modelpack.schema.mlmodel import MLmodel
from modelpack.schema.signature import ModelSignature
from modelpack.tracking import end_run

pytestmark = pytest.mark.usefixtures("workspace")

LOADER = """
class Model:
    def __init__(self, text):
        self.text = text
    def predict(self, data):
        return [self.text] * len(data)

def _load_pyfunc(path):
    with open(path) as file:
        return Model(file.read())
"""


def add_n(n: int = 5) -> pyfunc.PythonModel:
    """The model of the first example; its class is pickled by value."""

    class AddN(pyfunc.PythonModel):
        def __init__(self, n: int) -> None:
            self.n = n

        def predict(self, context: Any, model_input: Any) -> Any:  # noqa: ARG002 - the form
            return model_input + self.n

    return AddN(n)


def reader() -> pyfunc.PythonModel:
    """A model that reads an artifact when its context is loaded."""

    class Reader(pyfunc.PythonModel):
        def load_context(self, context: pyfunc.PythonModelContext) -> None:
            self.text = Path(context.artifacts["text"]).read_text(encoding="utf-8")
            self.times = getattr(self, "times", 0) + 1

        def predict(self, context: pyfunc.PythonModelContext, model_input: Any) -> Any:
            return [f"{self.text} {Path(context.artifacts['text']).name}"] * len(model_input)

    return Reader()


@pytest.fixture
def loader_module(workspace: Path) -> Path:
    """A loader module, and its data, in the working directory."""
    (workspace / "my_text_loader.py").write_text(LOADER, encoding="utf-8")
    (workspace / "data.txt").write_text("hello", encoding="utf-8")
    return workspace / "my_text_loader.py"


def test_an_instance_is_described_as_mlflow_does(workspace: Path) -> None:
    """The keys and file names are MLflow's; there is no data key and nothing that is null."""
    info = pyfunc.save_model("model", python_model=add_n())
    conf = MLmodel.load("model").flavor_conf("python_function")
    assert conf == {
        "loader_module": "mlflow.pyfunc.model",
        "python_model": "python_model.pkl",
        "cloudpickle_version": version("cloudpickle"),
        "python_version": platform.python_version(),
        "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
    }
    assert info.path == workspace / "model"
    assert {"python_model.pkl", "conda.yaml", "MLmodel", "requirements.txt"} <= {
        path.name for path in info.path.iterdir()
    }


def test_what_the_pickle_needs_is_required(workspace: Path) -> None:
    """Distributions are found from the pickle itself, pinned as they are installed; pandas is always there."""

    class Model(pyfunc.PythonModel):
        def predict(self, model_input: Any) -> Any:
            import httpx

            return httpx.codes.OK * model_input

    pyfunc.save_model("model", python_model=Model())
    lines = (workspace / "model" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = ("modelpack-core", "cloudpickle", "pandas", "httpx")
    assert {f"{name}=={version(name)}" for name in wanted} <= set(lines)


def test_a_loader_module_and_its_data_are_saved(loader_module: Path) -> None:
    """Workflow A: the data under its base name, the code beside it, and no pickle."""
    pyfunc.save_model("model", "my_text_loader", "data.txt", [loader_module])
    conf = MLmodel.load("model").flavor_conf("python_function")
    assert (conf["loader_module"], conf["data"], conf["code"]) == ("my_text_loader", "data/data.txt", "code")
    assert Path("model/data/data.txt").read_text(encoding="utf-8") == "hello"
    assert Path("model/code/my_text_loader.py").is_file()


def test_the_names_of_the_page_are_taken(loader_module: Path) -> None:
    """`dst_path`, `code_path` and `model` are the arguments of the seed (S28)."""
    described = MLmodel(metadata={"team": "blue"})
    pyfunc.save_model(
        dst_path="model",
        loader_module="my_text_loader",
        data_path="data.txt",
        code_path=[str(loader_module)],
        conda_env={"dependencies": ["python=3.11", {"pip": ["cloudpickle"]}]},
        model=described,
    )
    assert MLmodel.load("model").metadata == {"team": "blue"}
    assert described.flavors == {}


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        pytest.param(
            {"loader_module": "m", "python_model": 1},
            ["loader_module='m'", "python_model=1"],
            id="both ways",
        ),
        pytest.param(
            {"data_path": "d", "artifacts": {"a": "b"}}, ["data_path='d'", "artifacts={'a': 'b'}"], id="parts of both"
        ),
        pytest.param(
            {"data_path": "d", "python_model": 1}, ["data_path='d'", "python_model=1"], id="data of the other"
        ),
    ],
)
def test_arguments_of_both_ways_are_refused(workspace: Path, arguments: Any, parts: list[str]) -> None:
    """The message names both sets and the values (S32), and nothing is written."""
    with pytest.raises(InvalidArgumentError, match="described in two ways") as raised:
        pyfunc.save_model("model", **arguments)
    assert all(part in raised.value.message for part in parts)
    assert not list(workspace.iterdir())


@pytest.mark.parametrize("arguments", [{}, {"data_path": "d"}, {"artifacts": {"a": "b"}}])
def test_arguments_of_neither_way_are_refused(workspace: Path, arguments: Any) -> None:
    """The hint names both ways (S33)."""
    with pytest.raises(InvalidArgumentError, match="neither loader_module nor python_model was given"):
        pyfunc.save_model("model", **arguments)
    assert not list(workspace.iterdir())


@pytest.mark.parametrize(
    ("model", "message"),
    [
        pytest.param({"a": 1}, "not a dict", id="another object"),
        pytest.param(type(add_n()), "not the class AddN", id="a class"),
        pytest.param(pyfunc.PythonModel(), "PythonModel defines no predict", id="no predict"),
    ],
)
def test_what_is_no_model_is_refused(workspace: Path, model: Any, message: str) -> None:
    """The message names the type (S35), and nothing is left behind."""
    with pytest.raises(InvalidArgumentError, match=message):
        pyfunc.save_model("model", python_model=model)
    assert not list(workspace.iterdir())


def test_a_destination_that_exists_is_refused(workspace: Path) -> None:
    """Nothing is ever overwritten (S34)."""
    (workspace / "model").mkdir()
    with pytest.raises(AlreadyExistsError, match="model exists already"):
        pyfunc.save_model("model", python_model=add_n())


def test_a_failed_save_leaves_nothing(workspace: Path) -> None:
    """An artifact that is missing is found out after the pickle was written."""
    with pytest.raises(modelpack.ModelpackError, match=r"missing\.bin"):
        pyfunc.save_model("model", python_model=add_n(), artifacts={"a": "missing.bin"})
    assert not list(workspace.iterdir())


def test_two_names_for_one_argument_must_agree(workspace: Path) -> None:
    """The message shows both values."""
    with pytest.raises(InvalidArgumentError, match="path is 'a' and dst_path, its older name, is 'b'"):
        pyfunc.save_model("a", dst_path="b", python_model=add_n())
    with pytest.raises(InvalidArgumentError, match="no path was given"):
        pyfunc.save_model(python_model=add_n())
    assert not list(workspace.iterdir())


def test_the_generic_save_finds_the_flavor(workspace: Path) -> None:
    """`modelpack.save_model` takes an instance and its artifacts as it takes any model."""
    (workspace / "text.txt").write_text("hello", encoding="utf-8")
    modelpack.save_model(reader(), "model", artifacts={"text": "text.txt"})
    assert MLmodel.load("model").flavor_conf("python_function")["artifacts"] == {
        "text": {"path": "artifacts/text.txt", "uri": "artifacts/text.txt"}
    }


def test_an_unknown_argument_names_the_nearest(workspace: Path) -> None:
    """A misspelt option is an error."""
    with pytest.raises(InvalidArgumentError, match="did you mean 'artifacts'"):
        modelpack.save_model(add_n(), "model", artifact={})
    assert not list(workspace.iterdir())


def test_a_signature_is_inferred_from_an_example(workspace: Path) -> None:
    """The instance predicts with its artifacts, on a copy: the caller's own object stays as it was."""
    (workspace / "text.txt").write_text("hello", encoding="utf-8")
    model = reader()
    pyfunc.save_model(
        "model", python_model=model, artifacts={"text": "text.txt"}, input_example=pd.DataFrame({"x": [1]})
    )
    signature = MLmodel.load("model").signature
    assert signature == modelpack.infer_signature(pd.DataFrame({"x": [1]}), ["hello text.txt"])
    assert vars(model) == {}


def test_an_example_of_a_loader_module_gives_the_inputs(loader_module: Path) -> None:
    """The module is not imported while saving, so the outputs stay unknown."""
    example = pd.DataFrame({"x": [1]})
    pyfunc.save_model("model", "my_text_loader", "data.txt", [loader_module], input_example=example)
    signature = MLmodel.load("model").signature
    assert isinstance(signature, ModelSignature)
    assert signature == modelpack.infer_signature(example)


def test_an_example_that_fails_fails_the_save(workspace: Path) -> None:
    """The model's own error stands in the message."""
    with pytest.raises(ModelFailureError, match="predicting on the input example failed"):
        pyfunc.save_model("model", python_model=add_n(), input_example=pd.DataFrame({"x": ["text"]}))
    assert not list(workspace.iterdir())


def test_a_model_is_logged_to_a_run() -> None:
    """`log_model` takes what `save_model` takes and answers a URI that loads (S29)."""
    try:
        info = pyfunc.log_model("model", python_model=add_n())
    finally:
        end_run()
    assert info.model_uri == f"runs:/{info.run_id}/model"
    assert pyfunc.load_model(info.model_uri).predict(pd.DataFrame([[1]])).equals(pd.DataFrame([[6]]))


def test_a_description_is_extended() -> None:
    """Empty values are left out, the Python version is stamped, and calls chain (S25)."""
    model = MLmodel()
    extra = {"python_model": "p.pkl"}
    assert pyfunc.add_to_model(model, "my_loader", data="data", code=None, env="conda.yaml", **extra) is model
    assert model.flavors == {
        "python_function": {
            "loader_module": "my_loader",
            "data": "data",
            "env": "conda.yaml",
            "python_model": "p.pkl",
            "python_version": platform.python_version(),
        }
    }

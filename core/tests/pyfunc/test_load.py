from __future__ import annotations

import shutil
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import yaml

import modelpack
from modelpack import pyfunc
from modelpack.errors import (
    IntegrityError,
    InvalidArgumentError,
    InvalidModelError,
    MissingDependencyError,
    ModelFailureError,
    ModelpackWarning,
    NotFoundError,
    SchemaError,
    TrustError,
)
from modelpack.tracking import start_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from toylib import ToyModel

    from modelpack.plugins.manager import PluginManager

pytestmark = pytest.mark.usefixtures("workspace")

FRAME = pd.DataFrame({"x": [1, 2]})


def scaler(**attributes: Any) -> pyfunc.PythonModel:
    """A model whose class is pickled by value."""

    class Scaler(pyfunc.PythonModel):
        def load_context(self, context: pyfunc.PythonModelContext) -> None:
            self.contexts = [context]

        def predict(self, context: pyfunc.PythonModelContext, model_input: Any, params: Any = None) -> Any:
            self.contexts.append(context)
            factor = (params or {}).get("factor", context.model_config.get("factor", 2))
            return model_input["x"] * factor

    model = Scaler()
    vars(model).update(attributes)
    return model


def write_model(path: Path, conf: dict[str, Any], files: dict[str, str] | None = None) -> Path:
    """A model directory as another tool may have written it, without a manifest."""
    for name, text in (files or {}).items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text, encoding="utf-8")
    path.mkdir(exist_ok=True)
    (path / "MLmodel").write_text(yaml.safe_dump({"flavors": {"python_function": conf}}), encoding="utf-8")
    return path


def test_a_saved_model_just_loads() -> None:
    """One's own models are trusted; what comes back is an equal object behind a PyFuncModel."""
    info = pyfunc.save_model("model", python_model=scaler(note="mine"))
    model = pyfunc.load_model("model")
    assert isinstance(model, pyfunc.PyFuncModel)
    assert model.predict(FRAME).tolist() == [2, 4]
    assert model.unwrap().note == "mine"
    assert isinstance(model.unwrap(), pyfunc.PythonModel)
    assert (model.digest, model.loader_module) == (info.digest, "mlflow.pyfunc.model")
    assert model.metadata.model_uuid == info.model_uuid


def test_the_context_is_loaded_once_and_passed_to_every_call() -> None:
    """`predict` is given the context that `load_context` got (S36, S37)."""
    pyfunc.save_model("model", python_model=scaler())
    model = pyfunc.load_model("model")
    model.predict(FRAME)
    model.predict(FRAME)
    first, *others = model.unwrap().contexts
    assert len(others) == 2
    assert all(context is first for context in others)


def test_artifacts_are_read_where_they_are(workspace: Path) -> None:
    """Their paths are absolute, inside the model, and nothing is copied at load (S38)."""
    (workspace / "w.bin").write_text("weights", encoding="utf-8")
    info = pyfunc.save_model("model", python_model=scaler(), artifacts={"weights": "w.bin"})
    (workspace / "w.bin").unlink()
    model = pyfunc.load_model("model")
    context = model.unwrap().contexts[0]
    assert context.artifacts == {"weights": str(info.path / "artifacts" / "w.bin")}
    assert {path.name for path in workspace.iterdir()} == {"model"}


def test_the_configuration_is_saved_and_can_be_set_at_load() -> None:
    """What the caller of the load sets comes before what was saved."""
    pyfunc.save_model("model", python_model=scaler(), model_config={"factor": 3, "other": 1})
    assert pyfunc.load_model("model").predict(FRAME).tolist() == [3, 6]
    model = pyfunc.load_model("model", model_config={"factor": 4})
    assert model.predict(FRAME).tolist() == [4, 8]
    assert model.unwrap().contexts[0].model_config == {"factor": 4, "other": 1}


def test_an_unknown_load_option_is_refused() -> None:
    """The hint names the one there is."""
    pyfunc.save_model("model", python_model=scaler())
    with pytest.raises(InvalidArgumentError, match="there is no option 'device'"):
        pyfunc.load_model("model", device="cuda")


def test_params_reach_the_model() -> None:
    """They follow the signature."""
    signature = modelpack.infer_signature(FRAME, FRAME["x"], {"factor": 5})
    pyfunc.save_model("model", python_model=scaler(), signature=signature)
    model = pyfunc.load_model("model")
    assert model.predict(FRAME).tolist() == [5, 10]
    assert model.predict(FRAME, {"factor": 10}).tolist() == [10, 20]


@pytest.mark.parametrize(("policy", "accepted"), [("strict", False), ("safe", True), ("lenient", True)])
def test_the_policy_decides_about_the_data(policy: Any, accepted: bool) -> None:  # noqa: FBT001 - a case
    """32-bit integers for a 64-bit column widen unless the policy is strict."""
    pyfunc.save_model("model", python_model=scaler(), signature=modelpack.infer_signature(FRAME, FRAME["x"]))
    model = pyfunc.load_model("model", policy=policy)
    narrow = FRAME.astype("int32")
    if accepted:
        assert model.predict(narrow).tolist() == [2, 4]
    else:
        with pytest.raises(SchemaError, match="x"):
            model.predict(narrow)


def test_an_unknown_policy_is_refused_before_anything_runs() -> None:
    """The hint lists the three."""
    with pytest.raises(InvalidArgumentError, match="policy 'loose'"):
        pyfunc.load_model("no model", policy="loose")  # type: ignore[arg-type]  # what must fail


def test_a_model_of_another_is_refused_untouched(workspace: Path) -> None:
    """Nothing of an untrusted model is imported, and the error says what would run."""
    code = {"code/evil_h5.py": "raise SystemExit('ran')", "data.txt": "x"}
    conf = {"loader_module": "evil_h5", "code": "code", "data": "data.txt", "python_version": "3.11.7"}
    path = write_model(workspace / "theirs", conf, code)
    with pytest.raises(TrustError, match="the loader module 'evil_h5' is imported and called"):
        pyfunc.load_model(path)


def test_a_changed_pickle_is_refused() -> None:
    """The manifest is checked before the pickle is opened."""
    info = pyfunc.save_model("model", python_model=scaler())
    (info.path / "python_model.pkl").write_bytes(b"cos\nsystem\n(S'touch ran'\ntR.")
    with pytest.raises(IntegrityError, match=r"changed python_model\.pkl"):
        pyfunc.load_model("model", trust=True)
    assert not Path("ran").exists()


def test_versions_follow_the_callers_policy(workspace: Path) -> None:
    """Another Python or cloudpickle is a warning, an error, or nothing (S26, S27, S42)."""
    info = pyfunc.save_model("saved", python_model=scaler())
    path = workspace / "theirs"
    shutil.copytree(info.path, path)
    (path / "MANIFEST.sha256").unlink()
    text = (path / "MLmodel").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    document["flavors"]["python_function"] |= {"python_version": "2.7.15", "cloudpickle_version": "0.8.0"}
    (path / "MLmodel").write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.warns(ModelpackWarning) as told:
        pyfunc.load_model(path, trust=True)
    assert {"2.7.15", "0.8.0"} == {
        version for version in ("2.7.15", "0.8.0") for each in told if version in str(each.message)
    }
    with pytest.raises(ModelFailureError, match=r"Python 2\.7\.15"):
        pyfunc.load_model(path, trust=True, versions="error")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pyfunc.load_model(path, trust=True, versions="ignore")
        pyfunc.load_pyfunc(path, suppress_warnings=True, trust=True)


def test_a_loader_module_of_the_model_loads_it(workspace: Path) -> None:
    """Its module comes from the model's code, and only there; without data it is given the model directory (S19)."""
    loader = "def load_pyfunc(path):\n    import os\n    return lambda data: [os.path.basename(path)] * len(data)\n"
    conf = {"loader_module": "own_h5", "code": "code", "python_version": "3.11.7"}
    path = write_model(workspace / "theirs", conf, {"code/own_h5.py": loader})
    model = pyfunc.load_model(path, trust=True, versions="ignore")
    assert model.predict(FRAME) == ["theirs", "theirs"]


def test_models_with_modules_of_one_name_do_not_clash(workspace: Path) -> None:
    """Each keeps its own, for classes that are found in them and for imports that happen later (P9)."""
    models = []
    for factor in (2, 3):
        code = workspace / f"v{factor}"
        code.mkdir()
        text = (
            "import modelpack.pyfunc\n"
            f"FACTOR = {factor}\n"
            "class Model(modelpack.pyfunc.PythonModel):\n"
            "    def predict(self, model_input):\n"
            "        import clashing_h5\n"
            "        return model_input['x'] * clashing_h5.FACTOR\n"
            "def _load_pyfunc(path):\n"
            "    return Model()\n"
        )
        (code / "clashing_h5.py").write_text(text, encoding="utf-8")
        pyfunc.save_model(f"model{factor}", "clashing_h5", code_paths=[code / "clashing_h5.py"])
        models.append(pyfunc.load_model(f"model{factor}"))
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda model: model.predict(FRAME).tolist(), models * 5))
    assert answers == [[2, 4], [3, 6]] * 5


def test_a_class_of_the_models_code_is_loaded_from_there(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class of a module is pickled by reference, and the module in `code_paths` is found when it is loaded."""
    (workspace / "module_h5.py").write_text(
        "from modelpack.pyfunc import PythonModel\n"
        "class Model(PythonModel):\n"
        "    def predict(self, context, model_input): return model_input['x'] + 1\n",
        encoding="utf-8",
    )
    with monkeypatch.context() as patch:
        patch.syspath_prepend(workspace)
        module = __import__("module_h5")
        pyfunc.save_model("with", python_model=module.Model(), code_paths=["module_h5.py"])
        pyfunc.save_model("without", python_model=module.Model())
    monkeypatch.delitem(__import__("sys").modules, "module_h5")
    assert pyfunc.load_model("with").predict(FRAME).tolist() == [2, 3]
    with pytest.raises(MissingDependencyError, match="'module_h5'") as raised:
        pyfunc.load_model("without")
    assert "code_paths" in str(raised.value.hint)


def test_a_library_that_load_context_misses_is_named() -> None:
    """The message names the class and the module."""

    class Model(pyfunc.PythonModel):
        def load_context(self, context: pyfunc.PythonModelContext) -> None:  # noqa: ARG002 - the form
            import no_such_library  # type: ignore[import-not-found]  # noqa: F401 - missing

        def predict(self, model_input: Any) -> Any:
            return model_input

    pyfunc.save_model("model", python_model=Model())
    with pytest.raises(MissingDependencyError, match="load_context of Model needs the module 'no_such_library'"):
        pyfunc.load_model("model")


@pytest.mark.parametrize(
    "conf",
    [
        pytest.param({"loader_module": "mlflow.pyfunc.model"}, id="no pickle"),
        pytest.param({"python_model": "python_model.pkl"}, id="no loader module"),
        pytest.param({"loader_module": "mlflow.pyfunc.model", "python_model": "../x.pkl"}, id="a pickle elsewhere"),
        pytest.param(
            {"loader_module": "mlflow.pyfunc.model", "python_model": "x.pkl"}, id="a pickle that is not there"
        ),
    ],
)
def test_a_malformed_conf_is_refused(workspace: Path, conf: dict[str, Any]) -> None:
    """Nothing outside the model is read."""
    path = write_model(workspace / "theirs", {"python_version": "3.11.7", "cloudpickle_version": "3.1", **conf})
    with pytest.raises(InvalidModelError):
        pyfunc.load_model(path, trust=True, versions="ignore")


def test_a_model_from_code_needs_mlflow(workspace: Path) -> None:
    """MLflow's scripts call MLflow, and the error says so."""
    if __import__("importlib.util").util.find_spec("mlflow") is not None:
        pytest.skip("MLflow is installed here")
    conf = {"loader_module": "mlflow.pyfunc.loaders.code_model", "model_code_path": "agent.py"}
    path = write_model(workspace / "theirs", conf, {"agent.py": "import mlflow"})
    with pytest.raises(TrustError, match=r"the script agent\.py is run"):
        pyfunc.load_model(path, versions="ignore")
    with pytest.raises(MissingDependencyError, match=r"loaded by|needs") as raised:
        pyfunc.load_model(path, trust=True, versions="ignore")
    assert "pip install mlflow" in str(raised.value.hint)


def test_a_model_of_any_flavor_is_loaded(toy_plugins: PluginManager, toy_model: ToyModel) -> None:
    """The flavor's own adapter stands behind the same class."""
    modelpack.save_model(toy_model, "model", plugins=toy_plugins)
    model = pyfunc.load_model("model", plugins=toy_plugins)
    assert model.predict(pd.DataFrame({"x": [1.0], "y": [2.0]})).tolist() == [4.0]
    assert type(model.unwrap()).__name__ == "ToyModel"


def test_one_of_several_flavors_is_loaded(
    install_flavors: Callable[..., PluginManager], make_flavor: Callable[..., Any], toy_model: ToyModel
) -> None:
    """`flavor` chooses; what `python_function` says of another flavor is not passed to it."""
    from toy_flavor import ToyPredictor

    seen: list[Any] = []

    def adapt(self: Any, model: Any, context: Any) -> Any:
        seen.append((self.name, dict(context.pyfunc_conf)))
        return ToyPredictor(model)

    plugins = install_flavors(make_flavor("second", loader_modules=("second",), modelpack_pyfunc_adapt=adapt))
    modelpack.save_model(toy_model, "model", flavor="toy", plugins=plugins)
    file = Path("model/MLmodel")
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content["flavors"]["second"] = dict(content["flavors"]["toy"])
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    Path("model/MANIFEST.sha256").unlink()
    frame = pd.DataFrame({"x": [1.0], "y": [2.0]})
    for flavor in (None, "python_function", "toy"):
        pyfunc.load_model("model", flavor=flavor, plugins=plugins).predict(frame)
    assert seen == []
    pyfunc.load_model("model", flavor="second", plugins=plugins).predict(frame)
    assert seen == [("second", {})]


def test_a_flavor_that_the_model_lacks_is_told(toy_plugins: PluginManager, toy_model: ToyModel) -> None:
    """With those that it has."""
    modelpack.save_model(toy_model, "model", flavor="toy", plugins=toy_plugins)
    with pytest.raises(NotFoundError, match=r"no flavor 'other'; it has: .*toy"):
        pyfunc.load_model("model", flavor="other", plugins=toy_plugins)


def test_a_model_without_the_generic_view_says_what_it_has(workspace: Path) -> None:
    """The error names the flavors that are there."""
    (workspace / "theirs").mkdir()
    (workspace / "theirs" / "MLmodel").write_text("flavors: {crate: {version: '0.3'}}", encoding="utf-8")
    with pytest.raises(NotFoundError, match="no flavor 'python_function'; it has: crate"):
        pyfunc.load_model("theirs")


def test_the_native_object_is_the_instance() -> None:
    """`modelpack.load_model` answers what was saved, with its context loaded."""
    pyfunc.save_model("model", python_model=scaler(note="mine"))
    native = modelpack.load_model("model")
    assert native.note == "mine"
    assert len(native.contexts) == 1


def test_the_older_function_takes_a_run() -> None:
    """With `run_id`, the path is one in the run (S17, S26)."""
    with start_run() as run:
        pyfunc.log_model("a/model", python_model=scaler())
    assert pyfunc.load_pyfunc("a/model", run.run_id).predict(FRAME).tolist() == [2, 4]


def test_a_failing_model_keeps_its_own_exception() -> None:
    """The cause is the model's exception."""
    pyfunc.save_model("model", python_model=scaler())
    with pytest.raises(ModelFailureError, match="KeyError") as raised:
        pyfunc.load_model("model").predict(pd.DataFrame({"y": [1]}))
    assert isinstance(raised.value.__cause__, KeyError)


def test_a_loaded_model_is_forgotten_with_its_last_reference() -> None:
    """The flavor keeps no model alive."""
    import gc
    import weakref

    pyfunc.save_model("model", python_model=scaler())
    reference = weakref.ref(modelpack.load_model("model"))
    gc.collect()
    assert reference() is None


def test_models_load_in_threads() -> None:
    """Loads at the same time do not disturb each other."""
    pyfunc.save_model("model", python_model=scaler())
    barrier = threading.Barrier(4)

    def load(_: int) -> Any:
        barrier.wait()
        return pyfunc.load_model("model").predict(FRAME).tolist()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(load, range(4))) == [[2, 4]] * 4

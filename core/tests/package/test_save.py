"""Saving: everything or nothing, and what is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import yaml

import modelpack
from modelpack.contexts import SaveContext
from modelpack.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    ModelFailureError,
    ModelpackError,
    ModelpackWarning,
    PluginError,
)
from modelpack.interfaces import PluginOptions
from modelpack.package.load import load_model
from modelpack.package.manifest import verify
from modelpack.package.save import save_model
from modelpack.package.trust import default_store
from modelpack.schema.mlmodel import MLmodel
from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature, TensorSchema

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from toylib import ToyModel

    from modelpack.interfaces import Flavor
    from modelpack.plugins.manager import PluginManager

EXAMPLE = pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]})
SIGNATURE = ModelSignature(inputs=ColumnSchema((Column(DataType.DOUBLE, "x"), Column(DataType.DOUBLE, "y"))))


def test_a_model_is_a_directory_with_all_it_takes(
    toy_model: ToyModel, tmp_path: Path, toy_plugins: PluginManager
) -> None:
    """S1: the flavor's file, MLmodel, the environment, the example and the manifest, and nothing else."""
    save_model(toy_model, tmp_path / "model", input_example=EXAMPLE, plugins=toy_plugins)
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "MANIFEST.sha256",
        "MLmodel",
        "conda.yaml",
        "input_example.json",
        "model.json",
        "python_env.yaml",
        "requirements.txt",
        "serving_input_example.json",
    ]


def test_the_mlmodel_file_says_what_mlflow_expects(
    toy_model: ToyModel, tmp_path: Path, toy_plugins: PluginManager
) -> None:
    """The native flavor, the generic view with its environment, time, identity and size (S2 to S6)."""
    save_model(toy_model, tmp_path / "model", metadata={"owner": "me"}, plugins=toy_plugins, suffix="toy", digits=1)
    written = yaml.safe_load((tmp_path / "model" / "MLmodel").read_text())
    assert written["flavors"] == {
        "toy": {"data": "model.toy", "toy_version": "1.2.3", "digits": 1},
        "python_function": {
            "loader_module": "toy_flavor",
            "data": "model.toy",
            "python_version": ".".join(map(str, sys.version_info[:3])),
            "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
        },
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", written["utc_time_created"])
    assert re.fullmatch(r"[0-9a-f]{32}", written["model_uuid"])
    assert written["modelpack_version"] == modelpack.__version__
    assert written["metadata"] == {"owner": "me"}
    others = [path for path in (tmp_path / "model").iterdir() if path.name not in {"MLmodel", "MANIFEST.sha256"}]
    assert written["model_size_bytes"] == sum(path.stat().st_size for path in others)


def test_the_answer_tells_what_was_saved(toy_model: ToyModel, tmp_path: Path, toy_plugins: PluginManager) -> None:
    """ModelInfo agrees with the files, and its digest is that of the manifest."""
    info = save_model(
        toy_model, tmp_path / "model", signature=SIGNATURE, run_id="r1", artifact_path="a", plugins=toy_plugins
    )
    described = MLmodel.load(tmp_path / "model")
    assert info.digest == verify(tmp_path / "model")
    assert (info.path, info.model_uri) == (tmp_path / "model", str(tmp_path / "model"))
    assert (info.run_id, info.artifact_path, info.signature) == ("r1", "a", SIGNATURE)
    assert (info.model_uuid, info.flavors) == (described.model_uuid, described.flavors)
    assert (described.run_id, described.artifact_path, described.signature) == ("r1", "a", SIGNATURE)


def test_a_saved_model_is_trusted_by_its_author(
    toy_model: ToyModel, tmp_path: Path, toy_plugins: PluginManager
) -> None:
    """Its digest stands in the user's store."""
    info = save_model(toy_model, tmp_path / "model", plugins=toy_plugins)
    assert info.digest in default_store()


def test_a_store_that_cannot_be_written_does_not_fail_the_save(
    toy_model: ToyModel, tmp_path: Path, toy_plugins: PluginManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a warning; the model is there."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path / "file"))
    with pytest.warns(ModelpackWarning, match="could not be added to your trust store"):
        save_model(toy_model, tmp_path / "model", plugins=toy_plugins)
    assert (tmp_path / "model" / "MLmodel").is_file()


def test_two_saves_share_nothing(toy_model: ToyModel, tmp_path: Path, toy_plugins: PluginManager) -> None:
    """Q1: a second save has neither the first's flavors nor its identity, even from one template."""
    template = MLmodel(metadata={"from": "template"}).add_flavor("other", key=1)
    before = template.to_dict()
    first = save_model(toy_model, tmp_path / "a", mlmodel=template, code_paths=[__file__], plugins=toy_plugins)
    second = save_model(toy_model, tmp_path / "b", mlmodel=template, plugins=toy_plugins)
    third = save_model(toy_model, tmp_path / "c", plugins=toy_plugins)
    assert template.to_dict() == before
    assert set(first.flavors) == set(second.flavors) == {"other", "toy", "python_function"}
    assert "code" not in second.flavors["toy"]
    assert set(third.flavors) == {"toy", "python_function"}
    assert len({first.model_uuid, second.model_uuid, third.model_uuid}) == 3


def test_the_flavor_can_be_named(toy_model: ToyModel, tmp_path: Path, toy_plugins: PluginManager) -> None:
    """One that is not installed is an error before anything is written."""
    assert "toy" in save_model(toy_model, tmp_path / "model", flavor="toy", plugins=toy_plugins).flavors
    with pytest.raises(PluginError, match="'xgboost' is not installed"):
        save_model(toy_model, tmp_path / "other", flavor="xgboost", plugins=toy_plugins)


def _failing(error: BaseException) -> Callable[..., object]:
    def save(_self: object, model: object, context: Any) -> object:  # noqa: ARG001 - the hook's names
        (context.path / "half").write_text("x")
        raise error

    return save


@pytest.mark.parametrize(
    "arguments",
    [
        {"conda_env": {"dependencies": ["a=1b", {"pip": ["numpy=2"]}]}},
        {"pip_requirements": ["xgboost==1cloudpickle==2"]},
        {"extra_pip_requirements": "absent.txt"},
        {"code_paths": ["absent.py"]},
        {"signature": {"inputs": []}},
        {"no_such_option": 1},
        {"digits": "many"},
        {"metadata": {"model": object()}},
        {"input_example": ({"x": [1.0]}, {1: 2})},
        {"input_example": object()},
        {"input_example": {"x": object()}},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
def test_a_wrong_argument_is_noticed_before_anything_is_written(
    tmp_path: Path, install_flavors: Any, make_flavor: Any, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is the flavor asked to save, nor the directory touched."""
    plugins = install_flavors(
        make_flavor("slow", modelpack_save_model=_failing(AssertionError("it was asked to save")))
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelpackError) as caught:
        save_model(object(), tmp_path / "model", flavor="slow", plugins=plugins, **arguments)
    assert not isinstance(caught.value, ModelFailureError)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_destination_is_refused(toy_model: ToyModel, tmp_path: Path, toy_plugins: PluginManager) -> None:
    """S34, an empty directory included; what stands there stays."""
    for occupied in (tmp_path, tmp_path / "empty"):
        occupied.mkdir(exist_ok=True)
        with pytest.raises(AlreadyExistsError, match="exists already"):
            save_model(toy_model, occupied, plugins=toy_plugins)


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()], ids=["an error", "an interrupt"])
def test_a_flavor_that_fails_leaves_nothing(
    tmp_path: Path, install_flavors: Any, make_flavor: Any, error: BaseException
) -> None:
    """Principle 4: a failed save leaves no trace, and the store does not know it."""
    plugins = install_flavors(make_flavor("bad", modelpack_save_model=_failing(error)))
    with pytest.raises((ModelFailureError, KeyboardInterrupt)):
        save_model(object(), tmp_path / "deep" / "model", flavor="bad", plugins=plugins)
    assert list(tmp_path.iterdir()) == []
    assert default_store().entries() == []


def test_of_concurrent_saves_to_one_path_one_wins(
    toy_model: ToyModel, tmp_path: Path, toy_plugins: PluginManager
) -> None:
    """The others raise AlreadyExistsError, and what stands there is whole."""
    outcomes: list[str] = []

    def save() -> None:
        try:
            outcomes.append(save_model(toy_model, tmp_path / "model", plugins=toy_plugins).digest)
        except AlreadyExistsError:
            outcomes.append("lost")

    threads = [threading.Thread(target=save) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes)[:5] == ["lost"] * 5
    assert sorted(outcomes)[5] == verify(tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_signature_is_inferred_from_the_example(
    toy_model: ToyModel, tmp_path: Path, toy_plugins: PluginManager
) -> None:
    """Inputs from the example, outputs from predicting on it, params from its second half."""
    example = EXAMPLE.copy()
    info = save_model(toy_model, tmp_path / "model", input_example=(example, {"scale": 2.0}), plugins=toy_plugins)
    assert info.signature is not None
    assert info.signature.inputs == SIGNATURE.inputs
    assert isinstance(info.signature.outputs, TensorSchema)
    assert info.signature.params is not None
    assert [(param.name, param.default) for param in info.signature.params] == [("scale", 2.0)]
    pd.testing.assert_frame_equal(example, EXAMPLE)


def test_a_given_signature_is_taken_without_predicting(
    tmp_path: Path, toy_plugins: PluginManager, toy_model: ToyModel
) -> None:
    """The example may then be one that the model cannot answer, and `signature=False` saves without any."""
    broken = pd.DataFrame({"z": ["?"]})
    info = save_model(toy_model, tmp_path / "a", signature=SIGNATURE, input_example=broken, plugins=toy_plugins)
    assert info.signature == SIGNATURE
    assert (
        save_model(toy_model, tmp_path / "b", signature=False, input_example=broken, plugins=toy_plugins).signature
        is None
    )
    assert save_model(toy_model, tmp_path / "c", plugins=toy_plugins).signature is None


def test_an_example_that_the_model_cannot_answer_fails_the_save(
    toy_model: ToyModel, tmp_path: Path, toy_plugins: PluginManager
) -> None:
    """P6: a signature is never dropped silently; the hint offers the ways out."""
    with pytest.raises(ModelFailureError, match="predicting on the input example failed") as caught:
        save_model(toy_model, tmp_path / "model", input_example=pd.DataFrame({"z": [1.0]}), plugins=toy_plugins)
    assert "signature=False" in str(caught.value.hint)
    assert not (tmp_path / "model").exists()


def test_a_template_may_bring_the_signature(toy_model: ToyModel, tmp_path: Path, toy_plugins: PluginManager) -> None:
    """It is kept when the caller gives none, and `signature=False` drops it."""
    template = MLmodel(signature=SIGNATURE)
    assert save_model(toy_model, tmp_path / "a", mlmodel=template, plugins=toy_plugins).signature == SIGNATURE
    kept = save_model(toy_model, tmp_path / "b", mlmodel=template, signature=False, plugins=toy_plugins)
    assert kept.signature is None


def test_the_flavor_sees_what_is_known_of_the_signature(
    tmp_path: Path, install_flavors: Any, make_flavor: Any, toy_model: ToyModel
) -> None:
    """Inputs from the example, before the outputs are known."""
    seen: list[Any] = []

    def save(_self: object, model: object, context: Any) -> dict[str, Any]:  # noqa: ARG001 - the hook's name
        seen.append(context.signature)
        return {}

    plugins = install_flavors(make_flavor("curious", modelpack_save_model=save))
    save_model(toy_model, tmp_path / "model", flavor="curious", input_example=EXAMPLE, plugins=plugins)
    assert seen == [SIGNATURE]


@pytest.mark.parametrize("uri", ["s3://bucket/model", "runs:/1/model", "file:///tmp/model"])
def test_a_uri_is_no_place_to_save_to(toy_model: ToyModel, toy_plugins: PluginManager, uri: str) -> None:
    """It would become a directory of that name."""
    with pytest.raises(InvalidArgumentError, match="is a URI, and a model is saved to a local directory"):
        save_model(toy_model, uri, plugins=toy_plugins)


def test_an_array_example_gives_a_tensor_signature(
    toy_model: ToyModel, tmp_path: Path, toy_plugins: PluginManager
) -> None:
    """The model predicts on the array as it is."""
    info = save_model(toy_model, tmp_path / "model", input_example=np.ones((2, 2)), plugins=toy_plugins)
    assert info.signature is not None
    assert isinstance(info.signature.inputs, TensorSchema)


def test_a_flavor_without_generic_view_has_none(
    tmp_path: Path, install_flavors: Any, make_flavor: Any, toy_model: ToyModel
) -> None:
    """No python_function is written, and the outputs of an inferred signature stay unknown."""
    plugins = install_flavors(make_flavor("native", loader_modules=()))
    info = save_model(toy_model, tmp_path / "model", flavor="native", input_example=EXAMPLE, plugins=plugins)
    assert set(info.flavors) == {"native"}
    assert info.signature == SIGNATURE


def test_requirements_come_from_the_flavor_and_the_code(
    toy_model: ToyModel, tmp_path: Path, toy_plugins: PluginManager
) -> None:
    """P3: what the flavor declares and what the code imports, pinned, without loading the model again."""
    (tmp_path / "helper.py").write_text("import yaml\nimport os\nimport helper\n")
    save_model(toy_model, tmp_path / "model", code_paths=[tmp_path / "helper.py"], plugins=toy_plugins)
    names = [line.partition("==")[0] for line in (tmp_path / "model" / "requirements.txt").read_text().splitlines()]
    assert names == ["modelpack-core", "modelpack-flavor-toy", "packaging", "PyYAML"]


def test_code_paths_are_importable_when_the_model_is_loaded(
    tmp_path: Path, install_flavors: Any, make_flavor: Any, toy_model: ToyModel
) -> None:
    """Both views name the directory, as MLflow expects it; the flavor's load hook can import from it."""

    def load(_self: object, context: object) -> object:  # noqa: ARG001 - the hook's name
        import helper  # type: ignore[import-not-found]  # it comes with the model

        return helper.VALUE

    plugins = install_flavors(make_flavor("coded", modelpack_load_model=load))
    (tmp_path / "helper.py").write_text("VALUE = 42")
    info = save_model(
        toy_model, tmp_path / "model", flavor="coded", code_paths=[tmp_path / "helper.py"], plugins=plugins
    )
    assert [conf["code"] for conf in info.flavors.values()] == ["code", "code"]
    assert load_model(tmp_path / "model", plugins=plugins) == 42
    assert "helper" not in sys.modules


def test_nothing_heavy_is_imported_to_save(tmp_path: Path, site: Any) -> None:
    """Without an example neither NumPy nor pandas nor fsspec is needed, nor anything of the web server."""
    site.install_toy()
    program = (
        "import sys, modelpack, toylib\n"
        f"modelpack.save_model(toylib.ToyModel({{'x': 1.0}}), {str(tmp_path / 'model')!r})\n"
        f"print(modelpack.load_model({str(tmp_path / 'model')!r}))\n"
        "print(sorted({'numpy', 'pandas', 'fsspec', 'starlette', 'rich', 'pyarrow'} & set(sys.modules)))"
    )
    environ = {**os.environ, "PYTHONPATH": str(site.directory)}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["ToyModel(weights={'x': 1.0}, bias=0.0)", "[]"]


def test_a_flavor_has_another_save_the_same_model(
    toy_model: ToyModel,
    tmp_path: Path,
    make_flavor: Callable[..., Flavor[Any, Any]],
    install_flavors: Callable[..., PluginManager],
) -> None:
    """Both stand in `MLmodel` and among the requirements, and the generic view is that of the first."""

    def save_twice(self: Any, model: Any, context: SaveContext[Any]) -> Any:
        context.save_also("second", {"suffix": "toy"})
        return ToyFlavor.modelpack_save_model(self, model, context)

    from toy_flavor import ToyFlavor

    plugins = install_flavors(make_flavor("first", modelpack_save_model=save_twice), make_flavor("second"))
    info = save_model(toy_model, tmp_path / "model", flavor="first", plugins=plugins)
    assert [name for name in info.flavors if name != "python_function"] == ["first", "second"]
    assert info.flavors["second"]["data"] == "model.toy"
    assert load_model(tmp_path / "model", flavor="second", plugins=plugins) == toy_model
    requirements = (tmp_path / "model" / "requirements.txt").read_text().splitlines()
    assert {"modelpack-flavor-first==1.0", "modelpack-flavor-second==1.0"} <= set(requirements)


def test_a_flavor_that_is_missing_beside_another_fails_the_save(
    toy_model: ToyModel,
    tmp_path: Path,
    make_flavor: Callable[..., Flavor[Any, Any]],
    install_flavors: Callable[..., PluginManager],
) -> None:
    """As a whole, and the error says how to install it; so do options that the other does not have."""

    def save_with(name: str, options: dict[str, Any]) -> Any:
        return lambda _self, model, context: context.save_also(name, options)  # noqa: ARG005 - the hook's arguments

    plugins = install_flavors(
        make_flavor("lonely", modelpack_save_model=save_with("absent", {})),
        make_flavor("wrong", modelpack_save_model=save_with("toy", {"colour": "red"})),
    )
    for name, error, words in (
        ("lonely", PluginError, "pip install modelpack-flavor-absent"),
        ("wrong", InvalidArgumentError, "colour"),
    ):
        with pytest.raises(error, match=words):
            save_model(toy_model, tmp_path / "model", flavor=name, plugins=plugins)
        assert not (tmp_path / "model").exists()


def test_nothing_is_added_where_nothing_is_saved(tmp_path: Path) -> None:
    """A context that somebody made by hand says so."""
    with pytest.raises(PluginError, match="no model is being saved"):
        SaveContext(path=tmp_path, options=PluginOptions()).save_also("toy", {})

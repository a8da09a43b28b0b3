"""What loads without trust, and that nothing else does, whatever a file tries."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

import modelpack
from modelpack.errors import InvalidModelError, ModelFailureError, TrustError
from modelpack_flavor_keras.audit import audit
from modelpack_flavor_keras.containers import read_descriptions
from modelpack_flavor_keras.formats import write

Rewrite = Callable[[Path, Callable[[Any], None]], None]


@keras.saving.register_keras_serializable(package="garden")
class Scale(keras.layers.Layer):  # type: ignore[misc]  # Keras is Any where types are checked
    """A layer of somebody's own."""

    def call(self, data: Any) -> Any:
        """Three times as much."""
        return data * 3


@pytest.fixture
def saved(dense: Any, tmp_path: Path) -> Path:
    """A harmless model, saved."""
    modelpack.save_model(dense, tmp_path / "model")
    return tmp_path / "model"


def as_first_layer(layer: dict[str, Any]) -> Callable[[Any], None]:
    """Put a layer between the input and what follows."""
    return lambda description: description["config"]["layers"].insert(1, layer)


LAMBDA = {"class_name": "__lambda__", "config": {"value": {"code": "4wAAAA==", "defaults": None, "closure": None}}}


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        ({"module": "os", "class_name": "system", "config": {}, "registered_name": "system"}, "system"),
        ({"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "eval"}, "eval"),
        ({"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}, "system"),
        ({"module": "keras.utils", "class_name": "function", "config": "get_file"}, "keras.utils.get_file"),
        ({"module": "keras.saving", "class_name": "function", "config": "load_model"}, "keras.saving.load_model"),
        ({"module": "keras.src.utils.file_utils", "class_name": "get_file", "config": {}}, "get_file"),
        ({"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "/etc"}}, "TFSMLayer"),
        ({"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {}}, "TorchModuleWrapper"),
        ({"module": "keras.layers", "class_name": "JaxLayer", "config": {}}, "JaxLayer"),
        ({"module": "keras.layers", "class_name": "Lambda", "config": {"function": LAMBDA}}, "a Python lambda"),
        ({"module": "keras.layers", "class_name": "Activation", "config": {"activation": LAMBDA}}, "a Python lambda"),
        (
            {"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}},
            "/etc/pass",
        ),
        ({"module": "keras_hub.models", "class_name": "Backbone", "config": {}}, "Backbone"),
        ({"module": "keras.layers", "class_name": "Dense", "config": {}, "registered_name": "garden>Scale"}, "Scale"),
        ({"class_name": "TypeSpec", "type_spec": "anything", "serialized": []}, "TypeSpec"),
        ({"class_name": "deserialize", "config": {}}, "deserialize"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_listed_needs_trust(layer: Any, named: str, saved: Path, rewrite: Rewrite) -> None:
    """The error names what the file holds; nothing of it is looked up before."""
    rewrite(saved, as_first_layer(layer))
    with pytest.raises(TrustError, match=named):
        modelpack.load_model(saved)


@pytest.mark.parametrize("place", ["activation", "kernel_initializer"])
def test_a_file_does_not_choose_among_what_is_registered(place: str, saved: Path, rewrite: Rewrite) -> None:
    """A bare name is looked up among the custom objects of the process as well."""
    rewrite(saved, lambda description: description["config"]["layers"][1]["config"].update({place: "garden>Scale"}))
    with pytest.raises(TrustError, match="garden>Scale"):
        modelpack.load_model(saved)


def test_no_flag_in_the_model_is_believed(saved: Path, rewrite: Rewrite) -> None:
    """Neither MLmodel nor the file can say that a lambda is safe."""
    rewrite(saved, as_first_layer({"module": "keras.layers", "class_name": "Lambda", "config": {"function": LAMBDA}}))
    text = (saved / "MLmodel").read_text()
    (saved / "MLmodel").write_text(text.replace("  keras:\n", "  keras:\n    safe_mode: true\n    trusted: true\n"))
    with pytest.raises(TrustError, match="lambda"):
        modelpack.load_model(saved, safe_mode=False)
    with pytest.raises(TrustError, match="lambda"):
        modelpack.load_model(saved, load_model_kwargs={"safe_mode": False})


def test_code_for_training_counts_when_it_would_be_loaded(saved: Path, rewrite: Rewrite) -> None:
    """A loss of one's own keeps nobody from predicting."""
    loss = {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
    rewrite(saved, lambda description: description.update(compile_config={"optimizer": "sgd", "loss": loss}))
    assert modelpack.load_model(saved).count_params() > 0
    with pytest.raises(TrustError, match="system"):
        modelpack.load_model(saved, compile=True)


def test_names_that_are_no_names_are_refused() -> None:
    """Where Keras expects a text, nothing else is taken."""
    with pytest.raises(InvalidModelError, match="no name"):
        audit([{"class_name": ["Dense"], "config": {}}], registered=())


@pytest.mark.parametrize("depth", [100_000])
def test_deep_descriptions_are_looked_at_to_the_end(depth: int) -> None:
    """The look has no depth of its own."""
    value: Any = {"class_name": "__lambda__", "config": {}}
    for _ in range(depth):
        value = [value]
    assert audit([value], registered=()).code == {"a Python lambda"}


def test_lambda_of_ones_own_loads_and_a_stranger_is_refused(tmp_path: Path, stranger: Callable[[], None]) -> None:
    """The one who saved it trusts it; everyone else has to say so."""
    layers = [keras.Input((2,)), keras.layers.Lambda(lambda x: x * 2, output_shape=(2,))]
    info = modelpack.save_model(keras.Sequential(layers), tmp_path / "model")
    assert info.flavors["keras"]["safe_mode"] is False
    rows = np.ones((3, 2), dtype="float32")
    np.testing.assert_array_equal(modelpack.pyfunc.load_model(tmp_path / "model").predict(rows), rows * 2)
    with pytest.raises(ModelFailureError, match="lambda"):
        modelpack.load_model(tmp_path / "model", safe_mode=True)
    stranger()
    with pytest.raises(TrustError, match="Python code"):
        modelpack.load_model(tmp_path / "model")
    np.testing.assert_array_equal(modelpack.pyfunc.load_model(tmp_path / "model", trust=True).predict(rows), rows * 2)


@pytest.mark.parametrize("save_format", ["keras", "h5"])
def test_classes_that_the_caller_gives_need_no_trust(
    save_format: str, tmp_path: Path, stranger: Callable[[], None]
) -> None:
    """They are the caller's own code, and this model may use them."""
    model = keras.Sequential([keras.Input((2,)), Scale()])
    modelpack.save_model(model, tmp_path / "model", save_format=save_format)
    modelpack.load_model(tmp_path / "model")
    stranger()
    with pytest.raises(TrustError, match="garden>Scale"):
        modelpack.load_model(tmp_path / "model")
    loaded = modelpack.load_model(tmp_path / "model", custom_objects={"garden>Scale": Scale})
    assert keras.ops.convert_to_numpy(loaded(np.ones((1, 2)))).tolist() == [[3.0, 3.0]]


def test_registered_class_comes_with_the_code_of_the_model(tmp_path: Path) -> None:
    """`code_paths` hold the module that registers it; a new process finds it there."""
    (tmp_path / "garden_layers.py").write_text(
        "import keras\n\n\n@keras.saving.register_keras_serializable(package='beds')\n"
        "class Halve(keras.layers.Layer):\n    def call(self, data):\n        return data / 2\n"
    )
    program = (
        "import sys, keras, modelpack; sys.path.insert(0, sys.argv[1]); from garden_layers import Halve\n"
        "modelpack.save_model(keras.Sequential([keras.Input((2,)), Halve()]), sys.argv[2],"
        " code_paths=[sys.argv[1] + '/garden_layers.py'])"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path), str(tmp_path / "model")], check=True)
    answer = modelpack.pyfunc.load_model(tmp_path / "model").predict(np.ones((1, 2), dtype="float32"))
    assert answer.tolist() == [[0.5, 0.5]]


def test_pickled_custom_objects_need_trust(tmp_path: Path, stranger: Callable[[], None]) -> None:
    """They are found by their file, which no key of the conf can hide."""
    model = keras.Sequential([keras.Input((2,)), Scale()])
    info = modelpack.save_model(model, tmp_path / "model", custom_objects={"garden>Scale": Scale})
    assert info.flavors["keras"]["custom_objects"] == "data/custom_objects.cloudpickle"
    assert modelpack.load_model(tmp_path / "model").layers
    stranger()
    (tmp_path / "model" / "MANIFEST.sha256").unlink()
    text = (tmp_path / "model" / "MLmodel").read_text()
    (tmp_path / "model" / "MLmodel").write_text(
        text.replace("    custom_objects: data/custom_objects.cloudpickle\n", "")
    )
    with pytest.raises(TrustError, match="pickle"):
        modelpack.load_model(tmp_path / "model", custom_objects={"garden>Scale": Scale})


@pytest.mark.parametrize("name", ["../escape.txt", "/absolute.txt", "assets/../../escape.txt", "C:/escape.txt"])
def test_members_that_leave_the_archive_are_refused(name: str, saved: Path) -> None:
    """Before Keras unpacks anything."""
    (saved / "MANIFEST.sha256").unlink()
    with zipfile.ZipFile(saved / "data" / "model.keras", "a") as archive:
        archive.writestr(name, "text")
    with pytest.raises(InvalidModelError, match="leaves the archive"):
        modelpack.load_model(saved, trust=True)


def test_two_members_of_one_name_are_refused(saved: Path) -> None:
    """What is looked at is what is loaded."""
    (saved / "MANIFEST.sha256").unlink()
    with zipfile.ZipFile(saved / "data" / "model.keras", "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", "{}")
    with pytest.raises(InvalidModelError, match="two members"):
        modelpack.load_model(saved, trust=True)


def test_weights_of_another_kind_are_refused(saved: Path) -> None:
    """Keras also reads `.npz`, whose arrays of objects are pickles."""
    (saved / "MANIFEST.sha256").unlink()
    path = saved / "data" / "model.keras"
    with zipfile.ZipFile(path) as archive:
        description = archive.read("config.json")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", description)
        archive.writestr("model.weights.npz", b"")
    with pytest.raises(InvalidModelError, match=r"model\.weights\.h5"):
        modelpack.load_model(saved, trust=True)


def test_archive_that_would_fill_the_memory_is_refused(saved: Path) -> None:
    """Zeros compress well."""
    (saved / "MANIFEST.sha256").unlink()
    path = saved / "data" / "model.keras"
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("assets/zeros", "w") as member:
        for _ in range(300):
            member.write(bytes(1 << 20))
    with pytest.raises(InvalidModelError, match="expand"):
        modelpack.load_model(saved, trust=True)


def external_link(file: Any) -> None:
    """A group of another file."""
    file["stolen"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(file: Any) -> None:
    """A group of another name."""
    file["renamed"] = h5py.SoftLink("/elsewhere")


def external_storage(file: Any) -> None:
    """An array whose numbers are the bytes of another file."""
    file.create_dataset("stolen", (16,), "u1", external=[("/etc/passwd", 0, 16)])


def virtual_array(file: Any) -> None:
    """An array made of parts of others."""
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "numbers", (4,))  # noqa: S108 - never opened
    file.create_virtual_dataset("stolen", layout)


def shape_bomb(file: Any) -> None:
    """A terabyte of which nothing is stored."""
    file.create_dataset("large", (1 << 38,), "f4", chunks=(1 << 20,), compression="gzip")


@pytest.mark.parametrize("edit", [external_link, soft_link, external_storage, virtual_array, shape_bomb])
@pytest.mark.parametrize("save_format", ["keras", "h5"])
def test_weights_that_lead_elsewhere_are_refused(edit: Any, save_format: str, dense: Any, tmp_path: Path) -> None:
    """In an `.h5` file and in the one inside a `.keras` file alike."""
    path, weights = tmp_path / f"model.{save_format}", tmp_path / "weights.h5"
    write(dense, path, with_optimizer=False)
    if save_format == "h5":
        with h5py.File(path, "a") as file:
            edit(file["model_weights"])
    else:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        weights.write_bytes(members["model.weights.h5"])
        with h5py.File(weights, "a") as file:
            edit(file["layers"])
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in {**members, "model.weights.h5": weights.read_bytes()}.items():
                archive.writestr(name, content)
    with pytest.raises(InvalidModelError, match=r"another file|expand"):
        read_descriptions(path, with_training=False)


def test_lambda_in_an_hdf5_file_needs_trust(dense: Any, tmp_path: Path) -> None:
    """Its description stands in an attribute, without the modules that newer files give."""
    modelpack.save_model(dense, tmp_path / "model", save_format="h5")
    (tmp_path / "model" / "MANIFEST.sha256").unlink()
    with h5py.File(tmp_path / "model" / "data" / "model.h5", "a") as file:
        description = json.loads(file.attrs["model_config"])
        layer = {"class_name": "Lambda", "config": {"function": ["4wAAAA==", None, None], "function_type": "lambda"}}
        description["config"]["layers"].insert(1, layer)
        file.attrs["model_config"] = json.dumps(description)
    with pytest.raises(TrustError, match="Lambda"):
        modelpack.load_model(tmp_path / "model")

"""Models of every era, and what a caller may say when one is loaded."""

from __future__ import annotations

import pickle
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest
import torch

import modelpack
from modelpack.errors import (
    InvalidArgumentError,
    InvalidModelError,
    MissingDependencyError,
    ModelFailureError,
    ModelpackWarning,
    TrustError,
)
from modelpack_flavor_pytorch import pickle_module
from modelpack_flavor_pytorch.flavor import PytorchConf, flavor
from modelpack_flavor_pytorch.loading import _comparable

Load = Callable[..., Any]

ERAS: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "0.7": ("data/model.pth", {}, {"model_data": "data", "pytorch_version": "0.4.1"}),
    "0.9": (
        "data/model.pth",
        {"data/pickle_module_info.txt": "mlflow.pytorch.pickle_module"},
        {"model_data": "data", "pytorch_version": "1.0.1"},
    ),
    "2 with code": (
        "data/model.pth",
        {"data/pickle_module_info.txt": "mlflow.pytorch.pickle_module\n"},
        {"model_data": "data", "pytorch_version": "2.1.0+cu118", "code": None, "requirements_file": {"path": "r.txt"}},
    ),
    "name in the flavor": ("data/model.pth", {}, {"pickle_module_name": "cloudpickle"}),
    "file in place of a directory": ("model.pth", {}, {"model_data": "model.pth"}),
    "nothing said": ("data/model.pth", {}, {}),
}


def written(root: Path, model: Any, file: str, others: dict[str, str]) -> None:
    """A directory as an old release wrote it."""
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    torch.save(model, root / file, pickle_module=pickle_module)
    for name, text in others.items():
        (root / name).write_text(text)


@pytest.mark.parametrize("era", ERAS)
def test_every_era_is_read(
    era: str, network: torch.nn.Module, rows: Any, tmp_path: Path, load: Load, answer: Any
) -> None:
    """Whole modules, with and without the name of what pickled them; by nobody who does not trust them."""
    file, others, keys = ERAS[era]
    written(tmp_path, network, file, others)
    conf = PytorchConf.model_validate({**keys, "pytorch_version": None})
    with pytest.raises(TrustError, match=r"model\.pth is a pickle"):
        load(tmp_path, conf)
    loaded = load(tmp_path, conf, trusted=True)
    assert not any(part.training for part in loaded.modules())
    np.testing.assert_array_equal(answer(loaded, rows), answer(network, rows))


def test_the_name_under_python_function_counts(network: torch.nn.Module, tmp_path: Path, load: Load) -> None:
    """Where MLflow puts it; a module that is not here is named, with the way out."""
    written(tmp_path, network, "data/model.pth", {})
    with pytest.raises(MissingDependencyError, match="absent_pickle") as raised:
        load(tmp_path, PytorchConf(), trusted=True, pyfunc_conf={"pickle_module_name": "absent_pickle.module"})
    assert "pip install absent_pickle" in str(raised.value.hint)


def test_another_pickle_module_is_the_callers_decision(network: Any, rows: Any, tmp_path: Path, answer: Any) -> None:
    """With a warning that names both (S67)."""
    modelpack.save_model(network, tmp_path / "m", serialization_format="pickle")
    own = types.ModuleType("own_pickle")
    vars(own).update(Unpickler=pickle.Unpickler, load=pickle.load, loads=pickle.loads)
    with pytest.warns(ModelpackWarning, match=r"mlflow\.pytorch\.pickle_module, and is loaded with own_pickle"):
        loaded = modelpack.load_model(tmp_path / "m", pickle_module=own)
    np.testing.assert_array_equal(answer(loaded, rows), answer(network, rows))


def test_arguments_of_torch_load_are_passed_on(network: torch.nn.Module, tmp_path: Path) -> None:
    """`mmap` maps the file; `weights_only` refuses what is more than tensors (S64)."""
    modelpack.save_model(network, tmp_path / "m", serialization_format="pickle")
    assert isinstance(modelpack.load_model(tmp_path / "m", mmap=True), torch.nn.Sequential)
    with pytest.raises(ModelFailureError, match="weights_only"):
        modelpack.load_model(tmp_path / "m", weights_only=True)


def test_unknown_arguments_are_refused_for_programs(network: torch.nn.Module, rows: Any, tmp_path: Path) -> None:
    """There is no `torch.load` to take them."""
    modelpack.save_model(network, tmp_path / "m", input_example=rows)
    with pytest.raises(InvalidArgumentError, match="no load option 'devise'"):
        modelpack.load_model(tmp_path / "m", devise="cuda")


def options_of(name: str) -> dict[str, Any]:
    """The device under one of its two names."""
    return {name: "meta"}


@pytest.mark.parametrize("serialization_format", ["pt2", "pickle", "state_dict"])
@pytest.mark.parametrize("option", ["device", "map_location"])
def test_device_at_load(option: str, serialization_format: str, rows: Any, tmp_path: Path) -> None:
    """`meta` stands for a device that is not the CPU."""
    arguments = (
        {} if serialization_format != "state_dict" else {"model_arguments": {"in_features": 3, "out_features": 2}}
    )
    options: dict[str, Any] = {"serialization_format": serialization_format, **arguments}
    modelpack.save_model(torch.nn.Linear(3, 2), tmp_path / "m", input_example=rows, **options)
    loaded = modelpack.load_model(tmp_path / "m", **options_of(option))
    assert {each.device.type for each in loaded.parameters()} == {"meta"}
    assert {each.device.type for each in modelpack.load_model(tmp_path / "m").parameters()} == {"cpu"}
    assert modelpack.pyfunc.load_model(tmp_path / "m", model_config={"device": "cpu"}).predict(rows).shape == (7, 2)


def test_device_that_is_not_here(network: torch.nn.Module, rows: Any, tmp_path: Path) -> None:
    """What the caller asks for is refused; what the model wishes for is not granted, with a warning."""
    absent = "xla" if torch.cuda.is_available() else "cuda"
    modelpack.save_model(network, tmp_path / "m", input_example=rows, device=absent)
    for device in (absent, "no device", 1.5):
        with pytest.raises(InvalidArgumentError, match="cannot be used"):
            modelpack.load_model(tmp_path / "m", device=device)
    with pytest.warns(ModelpackWarning, match="loaded on the CPU"):
        loaded = modelpack.pyfunc.load_model(tmp_path / "m")
    assert loaded.predict(rows).shape == (7, 2)


def test_pickles_of_another_device_load_on_the_cpu(tmp_path: Path, load: Load, rows: Any, answer: Any) -> None:
    """As CUDA writes its name into the pickle; there is none here, so the name is written by hand."""
    model = torch.nn.Linear(3, 2)
    written(tmp_path, model, "data/model.pth", {})
    file = tmp_path / "data" / "model.pth"
    reader = torch._C.PyTorchFileReader(str(file))
    contents = {name: reader.get_record(name) for name in reader.get_all_records() if not name.startswith(".")}
    assert b"X\x03\x00\x00\x00cpu" in contents["data.pkl"]
    contents["data.pkl"] = contents["data.pkl"].replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
    writer = torch._C.PyTorchFileWriter(str(file))
    for name, content in contents.items():
        writer.write_record(name, content, len(content))
    writer.write_end_of_file()
    np.testing.assert_array_equal(answer(load(tmp_path, PytorchConf(), trusted=True), rows), answer(model, rows))


def test_a_state_dict_alone_is_no_module(tmp_path: Path, load: Load) -> None:
    """Of `mlflow.pytorch.log_state_dict`, say."""
    written(tmp_path, torch.nn.ReLU().state_dict(), "data/model.pth", {})
    with pytest.raises(InvalidModelError, match="OrderedDict, no module"):
        load(tmp_path, PytorchConf(), trusted=True)


def test_a_state_dict_with_code_is_refused(tmp_path: Path, load: Load) -> None:
    """Tensors are read by the restricted unpickler, whatever the file holds."""
    (tmp_path / "data").mkdir()
    torch.save({"weight": torch.nn.ReLU()}, tmp_path / "data" / "state_dict.pth")
    conf = PytorchConf(serialization_format="state_dict", model_class="torch.nn.modules.activation:ReLU")
    assert flavor.executes_code(conf) is None
    with pytest.raises(pickle.UnpicklingError, match=r"(?i)weights.only"):
        load(tmp_path, conf)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"serialization_format": "onnx"}, "'onnx', which is none of pt2"),
        ({"serialization_format": "pt2"}, r"data/model\.pt2"),
        ({"serialization_format": "state_dict"}, "does not name the model_class"),
        (
            {"serialization_format": "state_dict", "model_class": "torch.nn.modules.linear:Absent"},
            "Linear.*|Absent.*cannot be imported",
        ),
        (
            {"serialization_format": "state_dict", "model_class": "torch.nn.modules.module:warnings.warn"},
            "no class of torch.nn.Module",
        ),
        (
            {"serialization_format": "state_dict", "model_class": "torch.nn.modules.module:torch.nn.DataParallel"},
            "a class of torch.nn.parallel",
        ),
        ({"serialization_format": "state_dict", "model_class": "torch.nn.modules.linear:Linear"}, "model_arguments"),
        (
            {
                "serialization_format": "state_dict",
                "model_class": "torch.nn.modules.linear:Linear",
                "model_arguments": {"in_features": 1, "out_features": 1},
            },
            "do not fit",
        ),
    ],
)
def test_malformed_confs_are_named(keys: dict[str, Any], message: str, tmp_path: Path, load: Load) -> None:
    """In words."""
    (tmp_path / "data").mkdir()
    torch.save({}, tmp_path / "data" / "state_dict.pth")
    with pytest.raises(InvalidModelError, match=message):
        load(tmp_path, PytorchConf(**keys))


def test_a_claim_of_the_model_does_not_open_another_file(network: Any, tmp_path: Path, load: Load) -> None:
    """A pickle is not read because a model says that it is a program."""
    written(tmp_path, network, "data/model.pth", {})
    with pytest.raises(InvalidModelError, match=r"model\.pt2"):
        load(tmp_path, PytorchConf(serialization_format="pt2"))
    written(tmp_path, network, "model.pt2", {})
    with pytest.raises(InvalidModelError, match=r"model\.pt2"):
        load(tmp_path, PytorchConf(model_data="model.pt2"))


@pytest.mark.parametrize(
    ("recorded", "running", "expected"),
    [
        ("2.13.0+cu130", "2.13.0+cpu", "2.13.0+cpu"),
        ("2.12.0+cpu", "2.13.0+cpu", "2.12.0+cpu"),
        ("2.13.0", "2.13.0+cpu", "2.13.0+cpu"),
        (None, "2.13.0", None),
    ],
)
def test_builds_of_one_release_are_one_version(recorded: Any, running: str, expected: Any) -> None:
    """A model from a machine with a GPU is not of another version."""
    assert _comparable(recorded, running) == expected


def test_cloudpickle_streams_need_no_special_reader(tmp_path: Path, load: Load) -> None:
    """A class of a function comes back by value."""

    class Inside(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not installed where types are checked
        def forward(self, rows: Any) -> Any:
            return rows + 1

    assert cloudpickle.__version__
    written(tmp_path, Inside(), "data/model.pth", {})
    loaded = load(tmp_path, PytorchConf(), trusted=True)
    assert loaded(torch.zeros(1)).item() == 1


def test_programs_load_in_several_threads(network: torch.nn.Module, rows: Any, tmp_path: Path) -> None:
    """PyTorch reads one program at a time, so that threads wait for each other."""
    modelpack.save_model(network, tmp_path / "m", input_example=rows)
    expected = modelpack.pyfunc.load_model(tmp_path / "m").predict(rows)
    with ThreadPoolExecutor(4) as pool:
        loads = [pool.submit(lambda: modelpack.pyfunc.load_model(tmp_path / "m").predict(rows)) for _ in range(12)]
    for each in loads:
        np.testing.assert_array_equal(each.result(), expected)


def test_a_loaded_program_can_be_trained_on(network: torch.nn.Module, rows: Any, tmp_path: Path) -> None:
    """Gradients reach its parameters, as they do in the module that was saved."""
    modelpack.save_model(network, tmp_path / "m", input_example=rows)
    loaded = modelpack.load_model(tmp_path / "m")
    loaded(torch.from_numpy(rows)).sum().backward()
    network.eval()(torch.from_numpy(rows)).sum().backward()
    found = {name: each.grad for name, each in loaded.named_parameters()}
    for name, each in network.named_parameters():
        torch.testing.assert_close(found[name], each.grad)

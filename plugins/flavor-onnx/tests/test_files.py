"""Files: what is written, what is checked, and where the data of tensors may lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import modelpack
from modelpack import ModelpackWarning
from modelpack.errors import InvalidArgumentError, InvalidModelError, ModelFailureError, ModelpackError
from modelpack_flavor_onnx.files import tensors

Linear = Callable[..., Any]
Graph = Callable[..., Any]


def with_entry(path: Path, **entries: str) -> None:
    """Let the tensor of a saved model say something else of its place, as an attacker would."""
    file = path / "model.onnx"
    model = onnx.load(file, load_external_data=False)
    (tensor,) = model.graph.initializer
    kept = {entry.key: entry.value for entry in tensor.external_data} | entries
    del tensor.external_data[:]
    for key, value in kept.items():
        tensor.external_data.add(key=key, value=value)
    file.write_bytes(model.SerializeToString())
    (path / "MANIFEST.sha256").unlink()


def weights(model: Any) -> Any:
    """The numbers of the first tensor."""
    return onnx.numpy_helper.to_array(model.graph.initializer[0]).tolist()


@pytest.fixture
def saved(linear: Linear, tmp_path: Path) -> Path:
    """A saved model with a tensor in a file of its own."""
    modelpack.save_model(linear(200), tmp_path / "model")
    return tmp_path / "model"


def test_large_tensors_stand_beside_the_model(saved: Path, linear: Linear) -> None:
    """Under a name that tells nothing of the machine, unlike MLflow's; what comes back holds them again."""
    names = sorted(path.name for path in saved.iterdir() if path.name.startswith("model"))
    assert names == ["model.onnx", "model.onnx.data"]
    assert (saved / "model.onnx.data").stat().st_size == 3 * 200 * 4
    assert weights(modelpack.load_model(saved)) == weights(linear(200))


@pytest.mark.parametrize(("columns", "external"), [(1, True), (200, False)], ids=["small tensors", "not asked for"])
def test_model_stays_in_one_file(columns: int, external: bool, linear: Linear, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter
    """Where tensors are small, or when the caller wants it so."""
    modelpack.save_model(linear(columns), tmp_path / "model", save_as_external_data=external)
    assert not (tmp_path / "model" / "model.onnx.data").exists()
    assert modelpack.load_model(tmp_path / "model") == linear(columns)


def test_saving_leaves_the_model_as_it_is(linear: Linear, tmp_path: Path) -> None:
    """The library itself empties the tensors that it writes into another file; the caller's model keeps them."""
    model = linear(200)
    modelpack.save_model(model, tmp_path / "model")
    assert model == linear(200)


def test_saving_looks_at_no_file_of_the_working_directory(
    linear: Linear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library refuses when a file of the tensors' name stands there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.onnx.data").write_text("the user's")
    modelpack.save_model(linear(200), tmp_path / "model")
    assert (tmp_path / "model.onnx.data").read_text() == "the user's"


@pytest.mark.parametrize("location", ["../secret", "/etc/hostname", "sub/../../secret", "*/_ORT_MEM_ADDR_/*"])
def test_model_cannot_read_outside_its_directory(location: str, saved: Path) -> None:
    """Nor memory: ONNX Runtime knows a location that means an address."""
    (saved.parent / "secret").write_bytes(b"s" * 4000)
    with_entry(saved, location=location)
    for load in (modelpack.load_model, modelpack.pyfunc.load_model):
        with pytest.raises(InvalidModelError, match="the tensor 'w'"):
            load(saved)


def test_link_out_of_the_directory_is_refused(saved: Path) -> None:
    """Wherever the tensors' file is a symbolic link to."""
    (saved / "model.onnx.data").rename(saved.parent / "secret")
    (saved / "model.onnx.data").symlink_to(saved.parent / "secret")
    (saved / "MANIFEST.sha256").unlink()
    with pytest.raises(InvalidModelError, match="symbolic link"):
        modelpack.load_model(saved)


@pytest.mark.parametrize(
    "entries",
    [{"offset": "2396"}, {"length": "999999"}, {"offset": "-4"}, {"length": "-1"}, {"offset": "many"}],
    ids=str,
)
def test_data_beyond_its_file_is_refused(entries: dict[str, str], saved: Path) -> None:
    """Before a library reads or maps it."""
    with_entry(saved, **entries)
    with pytest.raises(InvalidModelError, match="the tensor 'w'"):
        modelpack.load_model(saved)


def test_every_tensor_is_looked_at(graph: Graph) -> None:
    """Those in attributes, subgraphs, functions and sparse tensors, too."""
    named = {name: onnx.numpy_helper.from_array(np.ones(1, np.float32), name) for name in "abcdef"}
    inner = helper.make_graph([], "inner", [], [], [named["b"]])
    node = helper.make_node("If", ["x"], ["y"], then_branch=inner, value=named["c"], several=[named["d"]])
    model = graph([], {"x": (TensorProto.BOOL, [1])}, {"y": (TensorProto.FLOAT, [1])})
    model.graph.initializer.append(named["a"])
    model.graph.node.append(node)
    sparse = model.graph.sparse_initializer.add()
    sparse.values.CopyFrom(named["e"])
    function = helper.make_function("own", "f", [], [], [helper.make_node("Constant", [], ["z"], value=named["f"])], [])
    model.functions.append(function)
    assert sorted(tensor.name for tensor in tensors(model)) == list("abcdef")


def test_model_without_its_data_is_refused(saved: Path, tmp_path: Path) -> None:
    """It was read without its tensors, which lie in files that nobody copies; wherever these are."""
    model = onnx.load(saved / "model.onnx", load_external_data=False)
    with pytest.raises(InvalidArgumentError, match=r"tensor 'w' is not in memory, but in 'model.onnx.data'") as raised:
        modelpack.save_model(model, tmp_path / "again")
    assert "onnx.load(path)" in str(raised.value.hint)
    assert not (tmp_path / "again").exists()


def test_data_in_memory_is_written_where_it_belongs(linear: Linear, tmp_path: Path) -> None:
    """Whatever place onnx was told before."""
    model = linear(200)
    onnx.external_data_helper.convert_model_to_external_data(model, location="../elsewhere.bin")
    modelpack.save_model(model, tmp_path / "model")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]
    assert weights(modelpack.load_model(tmp_path / "model")) == weights(linear(200))


def test_malformed_model_is_refused_in_words(linear: Linear, tmp_path: Path) -> None:
    """By onnx's checker, before anything stands at the path."""
    model = linear()
    model.graph.node[0].input[1] = "nowhere"
    with pytest.raises(InvalidArgumentError, match=r"malformed: .*nowhere"):
        modelpack.save_model(model, tmp_path / "model")
    with pytest.raises(InvalidArgumentError, match="malformed"):
        modelpack.save_model(onnx.ModelProto(), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_contradicting_shapes_are_told(graph: Graph, tmp_path: Path) -> None:
    """As a warning: ONNX Runtime is more lenient than onnx, and such models are about."""
    inputs, outputs = {"x": (TensorProto.FLOAT, ["N", 3])}, {"y": (TensorProto.FLOAT, ["N", 2])}
    model = graph([("MatMul", ["x", "w"], ["y"])], inputs, outputs, {"w": np.ones((3, 1), np.float32)})
    with pytest.warns(ModelpackWarning, match=r"shapes in the ONNX model contradict each other.*MatMul"):
        modelpack.save_model(model, tmp_path / "model")


@pytest.mark.parametrize("content", [b"", b"no protobuf at all", b"\x08\x0a"], ids=["empty", "text", "only a version"])
def test_damaged_file_is_noticed(content: bytes, saved: Path) -> None:
    """An empty file is a well-formed message, which onnx reads without a word."""
    (saved / "model.onnx").write_bytes(content)
    (saved / "MANIFEST.sha256").unlink()
    with pytest.raises(ModelFailureError):
        modelpack.load_model(saved)


def test_newer_format_than_the_runtime_knows_is_told(linear: Linear, tmp_path: Path) -> None:
    """With the numbers that ONNX Runtime gives."""
    model = linear()
    modelpack.save_model(model, tmp_path / "model")
    file = tmp_path / "model" / "model.onnx"
    model.opset_import[0].version = 999
    file.write_bytes(model.SerializeToString())
    (tmp_path / "model" / "MANIFEST.sha256").unlink()
    with pytest.raises(ModelpackError, match="999"):
        modelpack.pyfunc.load_model(tmp_path / "model")

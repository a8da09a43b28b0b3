"""An exported program that would run code when it is loaded needs trust, wherever in the file the code stands."""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.export.pt2_archive import PT2ArchiveReader, PT2ArchiveWriter

import modelpack
from modelpack.errors import InvalidModelError, ModelFailureError, ModelpackError, TrustError
from modelpack_flavor_pytorch import archive
from modelpack_flavor_pytorch.expressions import is_guard, is_shape

Contents = dict[str, bytes]
PROGRAM = "models/model.json"


class Marker:
    """Makes a directory when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (os.mkdir, (str(self.path),))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose program is plain."""
    path = tmp_path_factory.mktemp("saved") / "model"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELPACK_HOME", str(path.parent / "home"))
        modelpack.save_model(torch.nn.Linear(3, 2), path, input_example=np.ones((2, 3), "float32"))
    return path


@pytest.fixture
def forged(saved: Path, tmp_path: Path) -> Callable[[Callable[[Contents], None]], Path]:
    """Copies of the model, without its manifest, in whose program something was changed."""

    def forge(change: Callable[[Contents], None]) -> Path:
        copy = tmp_path / "forged"
        shutil.copytree(saved, copy)
        (copy / "MANIFEST.sha256").unlink()
        rewrite(copy / "data" / "model.pt2", change)
        return copy

    return forge


def rewrite(path: Path, change: Callable[[Contents], None]) -> None:
    """Write an archive again with other contents."""
    reader = PT2ArchiveReader(str(path))
    own = (".data/", "byteorder")
    contents = {name: reader.read_bytes(name) for name in reader.get_file_names() if not name.startswith(own)}
    change(contents)
    with PT2ArchiveWriter(str(path)) as writer:
        for name, content in contents.items():
            writer.write_bytes(name, content)


def edited(change: Callable[[Any], None], name: str = PROGRAM) -> Callable[[Contents], None]:
    """A change of a description in JSON."""

    def apply(contents: Contents) -> None:
        content = json.loads(contents[name])
        change(content)
        contents[name] = json.dumps(content).encode()

    return apply


def graph(program: Any) -> Any:
    """The graph of a program's description."""
    return program["graph_module"]["graph"]


CODE = "__import__('pathlib').Path('ran').touch()"


def in_shape(program: Any) -> None:
    """PyTorch hands it to sympy, which evaluates it."""
    size = next(size for size in graph(program)["tensor_values"]["linear"]["sizes"] if "as_expr" in size)
    size["as_expr"]["expr_str"] = CODE


def in_attribute_of_shape(program: Any) -> None:
    """Through an attribute of a harmless name."""
    size = next(size for size in graph(program)["tensor_values"]["linear"]["sizes"] if "as_expr" in size)
    size["as_expr"]["expr_str"] = "Integer(1).__class__.__base__.__subclasses__()"


def in_guard(program: Any) -> None:
    """PyTorch writes it into a function."""
    program["guards_code"] = [f"{CODE} is None"]


def in_name(program: Any) -> None:
    """PyTorch writes it into the source of `forward`."""
    node = graph(program)["nodes"][0]
    node["name"] = f"x = {CODE}; y"


def in_target(program: Any) -> None:
    """PyTorch calls whatever stands below `torch`."""
    node = graph(program)["nodes"][0]
    node["target"] = "torch.serialization.os.system"
    node["inputs"] = [{"name": "", "arg": {"as_string": "touch ran"}, "kind": 1}]


def in_writing_operator(program: Any) -> None:
    """An operator of TorchScript that writes files."""
    graph(program)["nodes"][0]["target"] = "torch.ops.aten.save.default"


def in_file_operator(program: Any) -> None:
    """An operator that maps any file into memory, and makes it when it is not there."""
    graph(program)["nodes"][0]["target"] = "torch.ops.aten.from_file.default"


def in_enumeration(program: Any) -> None:
    """PyTorch imports the module that a tree's context names."""
    context = json.dumps([{"__enum__": True, "fqn": "antigravity:X", "name": "x"}])
    tree = [1, {"type": "builtins.dict", "context": context, "children_spec": []}]
    program["graph_module"]["module_call_graph"][0]["signature"]["in_spec"] = json.dumps(tree)


def in_constant_input(program: Any) -> None:
    """PyTorch compares it in a guard, and writes it there between quotes that it can close."""
    graph(program)["inputs"].append({"as_string": f"' or {CODE} or '"})


def pickled_weight(config: Any) -> None:
    """PyTorch unpickles it."""
    next(iter(config["config"].values()))["use_pickle"] = True


def pickled_object(config: Any) -> None:
    """PyTorch unpickles it."""
    config["config"]["it"] = {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True, "tensor_meta": None}


@pytest.mark.parametrize(
    "change",
    [
        in_shape,
        in_attribute_of_shape,
        in_guard,
        in_name,
        in_target,
        in_writing_operator,
        in_file_operator,
        in_enumeration,
        in_constant_input,
    ],
    ids=lambda change: change.__name__,
)
def test_code_in_the_description_needs_trust(
    change: Callable[[Any], None],
    forged: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is found before anything of the program is read by PyTorch."""
    monkeypatch.chdir(tmp_path)
    model = forged(edited(change))
    with pytest.raises(TrustError, match=r"model\.pt2 can run code"):
        modelpack.load_model(model)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("data/weights/model_weights_config.json", pickled_weight),
        ("data/constants/model_constants_config.json", pickled_object),
    ],
)
def test_pickled_tensors_and_objects_need_trust(
    file: str, change: Callable[[Any], None], forged: Callable[..., Path]
) -> None:
    """The archive says which of its parts are pickles."""
    with pytest.raises(TrustError, match="pickled in it"):
        modelpack.load_model(forged(edited(change, file)))


@pytest.mark.parametrize(
    "name",
    ["data/aotinductor/model/code.so", "data/weights/model.pt", "data/constants/opaque_obj_0", "models/other.json"],
)
def test_other_parts_need_trust(name: str, forged: Callable[..., Path]) -> None:
    """Compiled libraries, pickles of older releases, second programs: whatever is not known to be plain."""

    def add(contents: Contents) -> None:
        contents[name] = b"{}"

    with pytest.raises(TrustError, match=name):
        modelpack.load_model(forged(add))


def test_pickled_sample_inputs_need_trust_and_run_with_it(
    forged: Callable[..., Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """PyTorch falls back to a full unpickler for them; without trust it does not come to that."""
    caplog.set_level(logging.ERROR, logger="torch._export.serde.serialize")  # its warning there cannot be formatted
    mark = tmp_path / "mark"

    def change(contents: Contents) -> None:
        buffer = io.BytesIO()
        torch.save(((Marker(mark),), {}), buffer)
        contents["data/sample_inputs/model.pt"] = buffer.getvalue()

    model = forged(change)
    with pytest.raises(TrustError, match="sample inputs"):
        modelpack.load_model(model)
    assert not mark.exists()
    modelpack.load_model(model, trust=True)
    assert mark.exists(), "the forgery does nothing, so that this test proves nothing"


def test_programs_of_older_releases_need_trust_and_load_with_it(
    saved: Path, tmp_path: Path, rows: np.ndarray[Any, Any]
) -> None:
    """Up to PyTorch 2.7 the archive held pickles; PyTorch still reads it."""
    from torch._export.serde.serialize import SCHEMA_VERSION, serialize

    copy = tmp_path / "old"
    shutil.copytree(saved, copy)
    (copy / "MANIFEST.sha256").unlink()
    parts = serialize(torch.export.load(copy / "data" / "model.pt2"))
    with zipfile.ZipFile(copy / "data" / "model.pt2", "w") as written:
        written.writestr("serialized_exported_program.json", parts.exported_program)
        written.writestr("serialized_state_dict.pt", parts.state_dict)
        written.writestr("serialized_constants.pt", parts.constants)
        written.writestr("serialized_example_inputs.pt", parts.example_inputs)
        written.writestr("version", ".".join(map(str, SCHEMA_VERSION)))
    with pytest.raises(TrustError, match=r"before PyTorch 2\.8"):
        modelpack.load_model(copy)
    expected = modelpack.pyfunc.load_model(saved).predict(rows)
    np.testing.assert_array_equal(modelpack.pyfunc.load_model(copy, trust=True).predict(rows), expected)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"\x00" * 4096], ids=["empty", "cut", "zeros"])
def test_what_is_no_archive_is_named(content: bytes, saved: Path, tmp_path: Path) -> None:
    """In words, without a crash."""
    copy = tmp_path / "broken"
    shutil.copytree(saved, copy)
    (copy / "MANIFEST.sha256").unlink()
    (copy / "data" / "model.pt2").write_bytes(content)
    with pytest.raises((InvalidModelError, ModelFailureError), match=r"model\.pt2"):
        modelpack.load_model(copy)


def test_sizes_that_lie_are_found(forged: Callable[..., Path]) -> None:
    """Weights do not reach beyond their bytes."""

    def grow(config: Any) -> None:
        for payload in config["config"].values():
            payload["tensor_meta"]["sizes"][0]["as_int"] = 10_000_000

    with pytest.raises(ModelpackError):
        modelpack.load_model(forged(edited(grow, "data/weights/model_weights_config.json")))


def test_a_program_of_another_device_loads_on_the_cpu(
    forged: Callable[..., Path], saved: Path, rows: np.ndarray[Any, Any]
) -> None:
    """As CUDA writes its name into the description; there is none here, so the names are written by hand."""

    def move(value: Any) -> None:
        if isinstance(value, dict):
            if value.keys() == {"type", "index"}:
                value.update(type="cuda", index=0)
            for each in value.values():
                move(each)
        elif isinstance(value, list):
            for each in value:
                move(each)

    def change(contents: Contents) -> None:
        for name in (PROGRAM, "data/weights/model_weights_config.json"):
            edited(move, name)(contents)

    model = forged(change)
    assert b'"cuda"' in (model / "data" / "model.pt2").read_bytes()
    expected = modelpack.pyfunc.load_model(saved).predict(rows)
    np.testing.assert_array_equal(modelpack.pyfunc.load_model(model).predict(rows), expected)


def _networks() -> list[tuple[str, torch.nn.Module, tuple[int, ...]]]:
    nn = torch.nn
    encoder = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    convolution = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 2))
    return [
        ("convolution", convolution, (2, 1, 8, 8)),
        ("transformer", nn.TransformerEncoder(encoder, 1, enable_nested_tensor=False), (2, 5, 8)),
        ("recurrent", nn.GRU(3, 4, batch_first=True), (2, 5, 3)),
        ("normalised", nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)), nn.Softmax(-1)), (2, 3)),
        ("names", nn.ModuleDict({"conv-1": nn.Linear(3, 2)})["conv-1"], (2, 3)),
    ]


@pytest.mark.parametrize(
    ("name", "model", "shape"), _networks(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_usual_networks_need_no_trust(
    name: str, model: torch.nn.Module, shape: tuple[int, ...], tmp_path: Path
) -> None:
    """The list of harmless forms covers what networks are made of."""
    example = np.random.default_rng(0).normal(size=shape).astype("float32")
    info = modelpack.save_model(model, tmp_path / name, input_example=example)
    assert info.flavors["pytorch"]["serialization_format"] == "pt2"
    assert archive.reasons(tmp_path / name / "data" / "model.pt2") == []


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("Symbol('s28', positive=True, integer=True)", True),
        ("Mul(Integer(8), Add(Symbol('s28', positive=True, integer=True), Integer(-1)))", True),
        ("4*s77 + s0//2", True),
        ("Max(1, s0) >= 2", True),
        ("Mul('open(1)', Integer(2))", False),
        ("Symbol('s28').name", False),
        ("preview(s0)", False),
        ("sympify('1')", False),
        ("[s0 for s0 in ()]", False),
        ("(lambda: s0)()", False),
        ("s0 if s1 else s2", False),
        ("f'{s0}'", False),
        ("s0[0]", False),
        ("s0 +", False),
    ],
)
def test_expressions_of_sizes(text: str, *, harmless: bool) -> None:
    """Arithmetic on numbers and symbols, and nothing that has an effect."""
    assert is_shape(text) is harmless


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("L['features'].size()[0] == L['tokens'].size()[0]", True),
        ("L['batch']['a'].size()[1] <= 64 and Mod(L['x'].size()[0], 4) == 0", True),
        ("L['x'].__class__ == 1", False),
        ("L['x'].size().__class__ == 1", False),
        ("L['x'].tofile('there')", False),
        ("L['x\"']. size()[0] == 1", False),
        ("exit() == 1", False),
        ("L == 1", False),
    ],
)
def test_expressions_of_guards(text: str, *, harmless: bool) -> None:
    """Comparisons of the sizes of inputs."""
    assert is_guard(text) is harmless

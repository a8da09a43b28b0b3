"""What is saved: a program where that loses nothing, and what was asked for."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import modelpack
from modelpack.errors import InvalidArgumentError, ModelFailureError, ModelpackError, ModelpackWarning, TrustError


def saved_format(info: modelpack.ModelInfo) -> Any:
    """What the model says of itself."""
    return info.flavors["pytorch"]["serialization_format"]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_an_example_makes_a_program_for_any_number_of_rows(
    count: int,
    network: torch.nn.Module,
    frame: pd.DataFrame,
    tmp_path: Path,
    answer: Any,
) -> None:
    """One row is enough. Nobody's trust is needed, and the module in memory stays in training mode."""
    info = modelpack.save_model(network, tmp_path / "model", input_example=frame.head(count))
    assert saved_format(info) == "pt2"
    assert all(part.training for part in network.modules())
    loaded = modelpack.pyfunc.load_model(tmp_path / "model", trust=False)
    for size in (1, 2, 7):
        expected = answer(network, frame.head(size).astype("float32"))
        np.testing.assert_allclose(loaded.predict(frame.head(size)), expected, atol=1e-6)


def test_a_signature_is_enough(network: torch.nn.Module, rows: Any, tmp_path: Path, answer: Any) -> None:
    """When it leaves nothing open but the number of rows."""
    signature = modelpack.infer_signature(rows, answer(network, rows))
    assert saved_format(modelpack.save_model(network, tmp_path / "model", signature=signature)) == "pt2"


def test_tensors_are_examples(network: torch.nn.Module, rows: Any, tmp_path: Path, answer: Any) -> None:
    """The example is kept as an array, the signature says tensors."""
    info = modelpack.save_model(network, tmp_path / "model", input_example=torch.from_numpy(rows))
    assert saved_format(info) == "pt2"
    np.testing.assert_allclose(
        modelpack.pyfunc.load_model(info.model_uri).predict(rows), answer(network, rows), atol=1e-6
    )


def test_an_exported_program_is_saved_again(network: torch.nn.Module, rows: Any, tmp_path: Path, answer: Any) -> None:
    """As it comes from `torch.export`, and as it comes from a load."""
    shapes = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(network.eval(), (torch.zeros(2, 3),), dynamic_shapes=shapes)
    modelpack.save_model(program, tmp_path / "first", input_example=rows[:2])
    modelpack.save_model(modelpack.load_model(tmp_path / "first"), tmp_path / "second", input_example=rows[:2])
    found = modelpack.pyfunc.load_model(tmp_path / "second", trust=False).predict(rows)
    np.testing.assert_allclose(found, answer(network, rows), atol=1e-6)


class Counting(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not installed where types are checked
    """Does otherwise for more than two rows, and does not let the tracer see it."""

    def forward(self, rows: Any) -> Any:
        """The rows, or their negatives."""
        return rows if rows.detach().shape[0] < 3 else -rows


class Hidden(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not installed where types are checked
    """Answers by a number that is fixed while it is traced."""

    def forward(self, rows: Any) -> Any:
        """The rows, counted on."""
        self.__dict__["calls"] = self.__dict__.get("calls", 0) + 1
        return rows + self.__dict__["calls"]


@pytest.mark.parametrize("model", [Counting(), Hidden()], ids=lambda model: type(model).__name__)
def test_what_a_program_would_answer_otherwise_is_pickled(model: Any, rows: Any, tmp_path: Path) -> None:
    """With a warning that says why, and what it means."""
    with pytest.warns(
        ModelpackWarning, match=r"saved with cloudpickle, and loading it will need trust: .*(trace|rows)"
    ):
        info = modelpack.save_model(model, tmp_path / "model", input_example=rows)
    assert saved_format(info) == "pickle"
    assert not (tmp_path / "model" / "data" / "model.pt2").exists()
    with pytest.raises(TrustError, match="pickle"):
        modelpack.load_model(tmp_path / "model", trust=False)


def test_params_in_the_signature_keep_the_module(rows: Any, tmp_path: Path) -> None:
    """A program would not take them."""
    signature = modelpack.infer_signature(rows, rows, {"inplace": False})
    with pytest.warns(ModelpackWarning, match="params"):
        assert saved_format(modelpack.save_model(torch.nn.ReLU(), tmp_path / "m", signature=signature)) == "pickle"


def test_without_example_a_module_is_pickled_with_a_warning(
    network: torch.nn.Module, rows: Any, tmp_path: Path, answer: Any
) -> None:
    """As MLflow did; the warning says what to give for a file that runs no code."""
    with pytest.warns(ModelpackWarning, match="give an input_example"):
        info = modelpack.save_model(network, tmp_path / "model")
    assert saved_format(info) == "pickle"
    loaded = modelpack.load_model(tmp_path / "model")
    assert not any(part.training for part in loaded.modules())
    np.testing.assert_array_equal(answer(loaded, rows), answer(network, rows))


def test_a_program_that_is_asked_for_is_refused_where_it_cannot_be(tmp_path: Path) -> None:
    """Nothing else is written in its place, and nothing at all."""
    with pytest.raises(InvalidArgumentError, match="cannot be saved as pt2: there is no input example"):
        modelpack.save_model(torch.nn.ReLU(), tmp_path / "model", serialization_format="pt2")
    assert list(tmp_path.iterdir()) == []


def test_sizes_that_a_signature_leaves_open_stay_open(tmp_path: Path) -> None:
    """Beside the number of rows, where the example has more than one of it."""
    signature = modelpack.infer_signature(np.zeros((2, 4, 3), "float32"), np.zeros((2, 4, 2), "float32"))
    schema = modelpack.schema.signature
    tensors = (schema.Tensor("float32", (-1, -1, 3)),)
    signature = schema.ModelSignature(inputs=schema.TensorSchema(tensors), outputs=signature.outputs)
    example = np.ones((2, 4, 3), "float32")
    info = modelpack.save_model(torch.nn.Linear(3, 2), tmp_path / "m", input_example=example, signature=signature)
    assert saved_format(info) == "pt2"
    assert modelpack.pyfunc.load_model(tmp_path / "m").predict(np.ones((5, 9, 3), "float32")).shape == (5, 9, 2)
    with pytest.warns(ModelpackWarning, match="leaves open"):
        modelpack.save_model(torch.nn.Linear(3, 2), tmp_path / "n", input_example=example[:, :1], signature=signature)


def test_torchscript_is_saved_as_it_is(network: torch.nn.Module, rows: Any, tmp_path: Path, answer: Any) -> None:
    """It cannot be exported; it loads as MLflow loads it, in silence."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted = torch.jit.script(network.eval())
    modelpack.save_model(scripted, tmp_path / "model", serialization_format="pickle")
    found = modelpack.pyfunc.load_model(tmp_path / "model").predict(rows)
    np.testing.assert_allclose(found, answer(network, rows), atol=1e-6)


@pytest.mark.parametrize("serialization_format", ["state_dict", "safetensors"])
def test_tensors_of_pytorchs_own_module_need_no_trust(serialization_format: str, tmp_path: Path) -> None:
    """The class is known to do nothing but compute; types of tensors and parameters that are one stay."""
    model = torch.nn.Linear(3, 2, dtype=torch.float16)
    options: dict[str, Any] = {
        "serialization_format": serialization_format,
        "model_arguments": {"in_features": 3, "out_features": 2},
    }
    modelpack.save_model(model, tmp_path / "model", **options)
    loaded = modelpack.load_model(tmp_path / "model", trust=False)
    assert loaded.weight.dtype == torch.float16
    assert torch.equal(loaded.weight, model.weight)


MODULE = """
import torch
class Tied(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not installed where types are checked
    def __init__(self, width=3, *, bias=True):
        super().__init__()
        self.first = torch.nn.Linear(width, width, bias=bias)
        self.second = torch.nn.Linear(width, width, bias=False)
        self.second.weight = self.first.weight
    def forward(self, rows):
        return self.second(self.first(rows))
"""


@pytest.fixture
def tied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A class in a module that is found beside the test."""
    (tmp_path / "own_layers.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    import own_layers  # type: ignore[import-not-found]  # it was written above

    yield own_layers.Tied
    import sys

    del sys.modules["own_layers"]


@pytest.mark.parametrize("serialization_format", ["state_dict", "safetensors"])
def test_tensors_of_another_class_need_trust(
    serialization_format: str,
    tied: Any,
    rows: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: Any,
) -> None:
    """A name in a model must not choose what is imported. The class may come with the model."""
    model = tied(bias=False)
    options: dict[str, Any] = {"serialization_format": serialization_format, "model_arguments": {"bias": False}}
    info = modelpack.save_model(model, tmp_path / "model", code_paths=[tmp_path / "own_layers.py"], **options)
    assert info.flavors["pytorch"]["model_class"] == "own_layers:Tied"
    monkeypatch.setattr("sys.path", [each for each in __import__("sys").path if each != str(tmp_path)])
    with pytest.raises(TrustError, match="own_layers:Tied is imported"):
        modelpack.load_model(tmp_path / "model", trust=False)
    loaded = modelpack.load_model(tmp_path / "model")
    assert loaded.second.weight is loaded.first.weight
    np.testing.assert_array_equal(answer(loaded, rows), answer(model, rows))


def test_model_class_asks_for_tensors(tied: Any, tmp_path: Path) -> None:
    """By class or by name; the format follows."""
    model = tied()
    for number, given in enumerate([tied, "own_layers.Tied", "own_layers:Tied"]):
        assert saved_format(modelpack.save_model(model, tmp_path / str(number), model_class=given)) == "state_dict"


class Local(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not installed where types are checked
    """A class that wants an argument."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(width, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model_class": "no_such_module:Net"}, "no_such_module"),
        ({"model_class": "json:JSONDecoder"}, "no class of torch.nn.Module"),
        ({"model_class": torch.nn.ReLU}, "the model is a Local"),
        ({"serialization_format": "state_dict"}, "cannot be made with the model_arguments"),
        ({"serialization_format": "safetensors", "model_arguments": {"width": 5}}, "do not fit"),
        ({"serialization_format": "pickle", "model_arguments": {"width": 3}}, "not as pickle"),
        ({"serialization_format": "onnx"}, "serialization_format"),
        ({"serialisation_format": "pt2"}, "did you mean 'serialization_format'"),
    ],
)
def test_options_that_cannot_be_used(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    """Are named while the model can still be saved otherwise, and leave nothing."""
    with pytest.raises(InvalidArgumentError, match=message):
        modelpack.save_model(Local(3), tmp_path / "model", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_class_that_is_found_nowhere_else_is_refused(tmp_path: Path) -> None:
    """One of a function, as of `__main__`."""

    class Inside(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not installed where types are checked
        pass

    with pytest.raises(InvalidArgumentError, match="cannot be imported elsewhere"):
        modelpack.save_model(Inside(), tmp_path / "model", serialization_format="state_dict")


def test_what_cannot_be_pickled_is_named(tmp_path: Path) -> None:
    """And leaves nothing."""
    model = torch.nn.ReLU()
    model.lock = threading.Lock()
    with pytest.raises(ModelFailureError, match="cannot pickle this ReLU"):
        modelpack.save_model(model, tmp_path / "model", serialization_format="pickle")
    assert list(tmp_path.iterdir()) == []


def test_a_pickle_module_of_ones_own(network: torch.nn.Module, rows: Any, tmp_path: Path, answer: Any) -> None:
    """Asks for a pickle, and is recorded where MLflow looks; its protocol can be given (S62)."""
    import pickle

    info = modelpack.save_model(network, tmp_path / "m", pickle_module=pickle, pickle_protocol=4)
    assert info.flavors["python_function"]["pickle_module_name"] == "pickle"
    assert (tmp_path / "m" / "data" / "pickle_module_info.txt").read_text() == "pickle"
    np.testing.assert_array_equal(answer(modelpack.load_model(tmp_path / "m"), rows), answer(network, rows))


def test_the_default_pickle_module_is_mlflows(tmp_path: Path) -> None:
    """By name; it pickles classes of `__main__` and of functions by value."""

    class Inside(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not installed where types are checked
        def forward(self, rows: Any) -> Any:
            return rows + 1

    info = modelpack.save_model(Inside(), tmp_path / "m", serialization_format="pickle")
    assert info.flavors["python_function"]["pickle_module_name"] == "mlflow.pytorch.pickle_module"
    assert modelpack.load_model(tmp_path / "m")(torch.zeros(1)).item() == 1


def test_extra_files_are_kept(network: torch.nn.Module, tmp_path: Path) -> None:
    """Under MLflow's names."""
    (tmp_path / "labels.txt").write_text("cat\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "deep.txt").write_text("deep\n")
    files = [tmp_path / "labels.txt", str(tmp_path / "more")]
    info = modelpack.save_model(network, tmp_path / "m", serialization_format="pickle", extra_files=files)
    assert info.flavors["pytorch"]["extra_files"] == [{"path": "extra_files/labels.txt"}, {"path": "extra_files/more"}]
    assert (tmp_path / "m" / "extra_files" / "more" / "deep.txt").read_text() == "deep\n"


def test_extra_files_that_cannot_be_kept(network: torch.nn.Module, tmp_path: Path) -> None:
    """Absent, or of one name."""
    (tmp_path / "a.txt").write_text("a")
    for files in ([tmp_path / "absent.txt"], [tmp_path / "a.txt", tmp_path / "a.txt"]):
        with pytest.raises(ModelpackError, match=r"absent\.txt|'a\.txt'"):
            modelpack.save_model(network, tmp_path / "m", serialization_format="pickle", extra_files=files)
    assert not (tmp_path / "m").exists()

"""The generic Python view of a module."""

from __future__ import annotations

import warnings
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from modelpack.errors import InvalidArgumentError, ModelFailureError, SchemaError
from modelpack_flavor_pytorch.predictor import TorchPredictor, answered

Pair = namedtuple("Pair", ["mean", "spread"])  # noqa: PYI024 - a plain one, as models answer


def program(model: torch.nn.Module, *example: torch.Tensor) -> Any:
    """The module as a program for any number of rows."""
    shapes = tuple({0: torch.export.Dim("batch")} for _ in example)
    return torch.export.export(model.eval(), example, dynamic_shapes=shapes).module()


@pytest.fixture(params=["module", "program"])
def predictor(request: pytest.FixtureRequest, network: torch.nn.Module) -> TorchPredictor:
    """Of a module, and of what it is exported to."""
    return TorchPredictor(network.eval() if request.param == "module" else program(network, torch.zeros(2, 3)))


def test_frame_is_answered_with_a_frame(
    predictor: TorchPredictor, network: Any, frame: pd.DataFrame, answer: Any
) -> None:
    """Its index, and whole numbers as columns (S68); float64 is cast."""
    found = predictor.predict(frame)
    assert found.index.tolist() == list("tuvwxyz")
    assert found.columns.tolist() == [0, 1]
    assert found.dtypes.tolist() == ["float32"] * 2
    np.testing.assert_allclose(found, answer(network, frame.astype("float32")), atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_array_is_answered_with_an_array(
    predictor: TorchPredictor, network: Any, rows: Any, dtype: str, answer: Any
) -> None:
    """Floats of any width are cast to that of the weights."""
    found = predictor.predict(rows.astype(dtype))
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, answer(network, rows.astype(dtype).astype("float32")), atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[::-1],
        np.asfortranarray,
        lambda rows: rows.astype(">f4"),
        lambda rows: rows[:1],
        lambda rows: torch.from_numpy(rows.copy()),
        lambda rows: torch.from_numpy(rows.copy()).double().requires_grad_(),
        lambda rows: {"anything": rows},
    ],
    ids=["reversed", "by columns", "big-endian", "one row", "tensor", "tensor with gradients", "mapping"],
)
def test_arrays_of_any_layout(predictor: TorchPredictor, network: Any, rows: Any, change: Any, answer: Any) -> None:
    """What NumPy can hold and PyTorch cannot share is copied, and in silence."""
    given = change(rows)
    plain = given["anything"] if isinstance(given, dict) else given
    plain = plain.detach().numpy() if isinstance(plain, torch.Tensor) else plain
    np.testing.assert_allclose(predictor.predict(given), answer(network, plain.astype("float32")), atol=1e-6)


def test_read_only_arrays_are_taken_in_silence(predictor: TorchPredictor, rows: Any) -> None:
    """PyTorch would warn of undefined behaviour."""
    rows.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predictor.predict(rows)
        predictor.predict(pd.DataFrame(rows, copy=False))


class InPlace(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not installed where types are checked
    """Writes into its input."""

    def forward(self, rows: Any) -> Any:
        """Twice the input."""
        return rows.mul_(2)


@pytest.mark.parametrize("make", [InPlace, lambda: program(InPlace(), torch.ones(2, 3))], ids=["module", "program"])
@pytest.mark.parametrize("given", [lambda rows: rows, torch.from_numpy], ids=["array", "tensor"])
def test_a_module_that_writes_into_its_input_gets_a_copy(make: Any, given: Any, rows: Any) -> None:
    """The caller's data stays the caller's."""
    kept = rows.copy()
    np.testing.assert_array_equal(TorchPredictor(make()).predict(given(rows)), kept * 2)
    np.testing.assert_array_equal(rows, kept)


def test_predicting_changes_nothing(network: torch.nn.Module, rows: Any, answer: Any) -> None:
    """A module in training mode predicts as in evaluation, and is in training mode afterwards; no statistics move."""
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network[1].eval()
    found = TorchPredictor(network).predict(rows)
    np.testing.assert_allclose(found, answer(network, rows), atol=1e-6)
    assert [part.training for part in network] == [True, False, True, True, True]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.is_grad_enabled()


def test_threads_agree(predictor: TorchPredictor, rows: Any) -> None:
    """Nothing of a call is kept."""
    expected = predictor.predict(rows)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(predictor.predict, [rows[place : place + 1] for place in range(7)] * 20))
    for place, each in enumerate(found):
        np.testing.assert_allclose(each[0], expected[place % 7], atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("kind", ["module", "program"])
def test_half_precision(dtype: torch.dtype, kind: str, rows: Any) -> None:
    """Input is narrowed to the weights' type, and output widened to what every consumer has."""
    model = torch.nn.Linear(3, 2, dtype=dtype)
    used = program(model, torch.zeros(2, 3, dtype=dtype)) if kind == "program" else model
    found = TorchPredictor(used).predict(rows)
    with torch.no_grad():
        expected = model(torch.from_numpy(rows).to(dtype)).float().numpy()
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


class Words(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not installed where types are checked
    """Takes two inputs, one of them optional, and answers several."""

    def __init__(self) -> None:
        super().__init__()
        self.words = torch.nn.Embedding(7, 4)

    def forward(self, tokens: Any, weights: Any = None) -> Any:
        """Means of words."""
        found = self.words(tokens).mean(1)
        return found if weights is None else {"mean": found, "weighted": (found * weights[:, None], weights)}


@pytest.mark.parametrize("kind", ["module", "program"])
def test_inputs_by_name(kind: str, answer: Any) -> None:
    """A mapping feeds the parameters of `forward`, and so does a table of lists and numbers."""
    tokens, weights = np.array([[1, 2], [3, 4], [5, 6]]), np.array([0.5, 1.0, 2.0])
    model = Words()
    used = program(model, torch.zeros(2, 2, dtype=torch.int64), torch.zeros(2)) if kind == "program" else model
    predictor = TorchPredictor(used)
    found = predictor.predict({"weights": weights, "tokens": tokens})
    assert list(found) == ["mean", "weighted.0", "weighted.1"]
    np.testing.assert_array_equal(found["mean"], answer(model, tokens))
    table = pd.DataFrame({"weights": weights, "tokens": list(tokens)})
    for name, part in predictor.predict(table).items():
        np.testing.assert_array_equal(part, found[name])


def test_integers_stay_integers(answer: Any) -> None:
    """Indices are not made floats."""
    model = Words()
    np.testing.assert_array_equal(TorchPredictor(model).predict(np.array([[1, 2]])), answer(model, [[1, 2]]))


def test_images_in_one_column() -> None:
    """A column of arrays is stacked."""
    model = torch.nn.Flatten()
    images = np.arange(16, dtype="float32").reshape(2, 2, 4)
    found = TorchPredictor(model).predict(pd.DataFrame({"image": list(images)}))
    np.testing.assert_array_equal(found, images.reshape(2, 8))


def test_program_says_what_does_not_fit(network: torch.nn.Module, rows: Any) -> None:
    """In words, before PyTorch is asked; a program for one row says so as well."""
    predictor = TorchPredictor(program(network, torch.zeros(2, 3)))
    with pytest.raises(SchemaError, match=r"float32 of shape \(-1, 3\).*\(7, 2\)"):
        predictor.predict(rows[:, :2])
    with pytest.raises(SchemaError, match="text"):
        predictor.predict(pd.DataFrame({"a": ["text"]}))
    alone = TorchPredictor(torch.export.export(network, (torch.zeros(1, 3),)).module())
    with pytest.raises(SchemaError, match=r"\(1, 3\)"):
        alone.predict(rows)


def test_params_reach_forward_of_a_module(rows: Any) -> None:
    """As keyword arguments; an exported program takes none, and says so."""

    class Scaled(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not installed where types are checked
        def forward(self, rows: Any, scale: float = 1.0) -> Any:
            return rows * scale

    np.testing.assert_array_equal(TorchPredictor(Scaled()).predict(rows, {"scale": 3.0}), rows * 3)
    with pytest.raises(InvalidArgumentError, match="takes no params, and scale came"):
        TorchPredictor(program(Scaled(), torch.zeros(2, 3))).predict(rows, {"scale": 3.0})


def test_device_of_a_prediction_is_that_of_the_model(predictor: TorchPredictor, rows: Any) -> None:
    """Moving a model for one caller would move it under the others."""
    np.testing.assert_array_equal(predictor.predict(rows, {"device": "cpu"}), predictor.predict(rows))
    with pytest.raises(InvalidArgumentError, match=r"'cuda', and the model is on 'cpu'"):
        predictor.predict(rows, {"device": "cuda"})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((torch.zeros(2), torch.ones(2, 3)), {"0": (2,), "1": (2, 3)}),
        ([torch.zeros(2, 1)], (2, 1)),
        (Pair(torch.zeros(2), torch.zeros(2)), {"mean": (2,), "spread": (2,)}),
        ({"a": torch.zeros(2), "none": None, "in": {"b": torch.zeros(1)}}, {"a": (2,), "in.b": (1,)}),
        (torch.tensor(3.0), (1,)),
        (torch.eye(2).to_sparse(), (2, 2)),
        (torch.zeros(2, requires_grad=True), (2,)),
    ],
    ids=["tuple", "list of one", "named tuple", "mapping", "scalar", "sparse", "with gradients"],
)
def test_answers_become_arrays(given: Any, expected: Any) -> None:
    """Several tensors get the names, or places, that lead to them."""
    found = answered(given)
    shapes = {name: part.shape for name, part in found.items()} if isinstance(found, dict) else found.shape
    assert shapes == expected


@pytest.mark.parametrize("given", ["text", None, [], {"a": 1}], ids=repr)
def test_answer_without_tensors_is_refused(given: Any) -> None:
    """It says what came."""
    with pytest.raises(ModelFailureError, match=type(given).__name__):
        answered(given)

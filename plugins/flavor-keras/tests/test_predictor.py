"""The generic Python view: frames, groups of columns, mappings and arrays in; frames, arrays and dicts out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from modelpack.errors import SchemaError
from modelpack_flavor_keras.predictor import KerasPredictor

AREA = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
ROOMS = np.random.default_rng(1).normal(size=(5, 1)).astype("float32")


def predictor(model: Any) -> KerasPredictor:
    """The view of a model on the backend of the tests."""
    return KerasPredictor(model, keras.backend.backend())


def assert_same(answer: Any, expected: Any) -> None:
    """The same names with nearly the same numbers."""
    assert answer.keys() == expected.keys()
    for name in expected:
        np.testing.assert_allclose(answer[name], expected[name], rtol=1e-6, atol=1e-6)


def priced(model: Any) -> dict[str, Any]:
    """What Keras answers for the houses."""
    price, kind = model.predict([AREA, ROOMS], verbose=0)
    return {"price": price, "kind": kind}


def grouped(pattern: str) -> pd.DataFrame:
    """The area as three numbered columns, out of order, and the rooms as one, in float64."""
    columns = {pattern.format(place): AREA[:, place].astype("float64") for place in (2, 0, 1)}
    return pd.DataFrame({"rooms": ROOMS[:, 0].astype("float64"), **columns})


def test_frame_is_answered_with_a_frame_under_its_index(dense: Any) -> None:
    """As in every MLflow release (S73), whatever the type of the numbers."""
    rows = pd.DataFrame(np.arange(12).reshape(3, 4), columns=list("abcd"), index=["x", "y", "z"])
    answer = predictor(dense).predict(rows)
    assert isinstance(answer, pd.DataFrame)
    assert list(answer.index) == ["x", "y", "z"]
    expected = dense.predict(rows.to_numpy().astype("float32"), verbose=0)
    np.testing.assert_allclose(answer, expected, rtol=1e-6, atol=1e-6)


def test_array_is_answered_with_an_array(dense: Any) -> None:
    """Lists are taken too."""
    rows = np.random.default_rng(0).normal(size=(3, 4))
    expected = dense.predict(rows, verbose=0)
    for given in (rows, rows.tolist(), {"anything": rows}, np.asfortranarray(rows), rows[::-1][::-1]):
        answer = predictor(dense).predict(given)
        assert isinstance(answer, np.ndarray)
        np.testing.assert_allclose(answer, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("pattern", ["area_{}", "area.{}", "area[{}]"])
def test_groups_of_columns_are_the_features_of_an_input(pattern: str, houses: Any) -> None:
    """By their numbers, not by their places."""
    assert_same(predictor(houses).predict(grouped(pattern)), priced(houses))


def test_columns_of_two_levels_name_input_and_feature(houses: Any) -> None:
    """The first level is the input."""
    columns = pd.MultiIndex.from_tuples([("area", "a"), ("area", "b"), ("area", "c"), ("rooms", "count")])
    frame = pd.DataFrame(np.hstack([AREA, ROOMS]), columns=columns)
    assert_same(predictor(houses).predict(frame), priced(houses))


def test_cells_may_hold_arrays(houses: Any) -> None:
    """One column for each input."""
    frame = pd.DataFrame({"area": list(AREA), "rooms": ROOMS[:, 0]})
    assert_same(predictor(houses).predict(frame), priced(houses))


@pytest.mark.parametrize(
    "given",
    [{"rooms": ROOMS, "area": AREA}, {"rooms": ROOMS[:, 0], "area": AREA.astype("float64")}, [AREA, ROOMS]],
    ids=["in any order", "a vector", "by place"],
)
def test_arrays_by_name_or_place(given: Any, houses: Any) -> None:
    """As Keras takes them; a vector for an input of one number too, which TensorFlow alone would refuse."""
    assert_same(predictor(houses).predict(given), priced(houses))


def test_what_is_missing_is_named(houses: Any) -> None:
    """And what has the wrong shape."""
    with pytest.raises(SchemaError, match="rooms"):
        predictor(houses).predict({"area": AREA})
    with pytest.raises(SchemaError, match="area"):
        predictor(houses).predict(grouped("area_{}").drop(columns="area_1"))
    with pytest.raises(SchemaError, match=r"\(5, 2\)"):
        predictor(houses).predict({"area": AREA[:, :2], "rooms": ROOMS})
    with pytest.raises(SchemaError, match="5, 4"):
        predictor(houses).predict({"area": AREA, "rooms": ROOMS[:4]})


def test_steps_of_a_series_may_be_columns() -> None:
    """A row of a table holds the steps one after another."""
    model = keras.Sequential([keras.Input((4, 2)), keras.layers.GRU(3)])
    series = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")
    expected = model.predict(series, verbose=0)
    answer = predictor(model).predict(pd.DataFrame(series.reshape(3, 8)))
    np.testing.assert_allclose(answer, expected, rtol=1e-6, atol=1e-6)


def test_series_of_any_length() -> None:
    """The number of steps follows from the number of columns."""
    model = keras.Sequential([keras.Input((None, 2)), keras.layers.SimpleRNN(3)])
    for steps in (2, 5):
        series = np.random.default_rng(0).normal(size=(3, steps, 2)).astype("float32")
        expected = model.predict(series, verbose=0)
        for given in (series, pd.DataFrame(series.reshape(3, -1))):
            np.testing.assert_allclose(predictor(model).predict(given), expected, rtol=1e-6, atol=1e-6)


def test_series_is_answered_with_what_the_model_answers() -> None:
    """Three axes make no table."""
    model = keras.Sequential([keras.Input((4, 2)), keras.layers.Dense(3)])
    answer = predictor(model).predict(pd.DataFrame(np.ones((3, 8))))
    assert isinstance(answer, np.ndarray)
    assert answer.shape == (3, 4, 3)


class Subclass(keras.Model):  # type: ignore[misc]  # Keras is Any where types are checked
    """A model that does not say what it takes."""

    def __init__(self) -> None:
        """One layer."""
        super().__init__()
        self.layer = keras.layers.Dense(2)

    def call(self, data: Any) -> Any:
        """Two answers."""
        return self.layer(data), data


def test_model_that_does_not_describe_its_inputs() -> None:
    """It gets what came, and its outputs are told apart by place."""
    model = Subclass()
    rows = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    expected = keras.ops.convert_to_numpy(model(rows)[0])
    for given in (rows, pd.DataFrame(rows)):
        answer = predictor(model).predict(given)
        assert sorted(answer) == ["0", "1"]
        np.testing.assert_allclose(answer["0"], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 33, 5000])
def test_any_number_of_rows(count: int, dense: Any) -> None:
    """In pieces, each row answered once and in its place."""
    rows = np.random.default_rng(0).normal(size=(count, 4)).astype("float32")
    answer = predictor(dense).predict(rows)
    assert answer.shape == (count, 3)
    if count:
        np.testing.assert_allclose(answer, dense.predict(rows, batch_size=5000, verbose=0), rtol=1e-5, atol=1e-6)


def test_large_rows_are_taken_in_small_pieces(dense: Any) -> None:
    """A piece has about a million numbers, and no less than 32 rows."""
    view = predictor(dense)
    assert max(stop - start for start, stop in view._pieces([np.empty((9000, 4))])) == 4096
    assert max(stop - start for start, stop in view._pieces([np.empty((100, 300, 300, 3), "u1")])) == 32


def test_model_of_a_fixed_number_of_rows() -> None:
    """It is not cut."""
    model = keras.Sequential([keras.Input(batch_shape=(6, 4)), keras.layers.Dense(2)])
    assert predictor(model).predict(np.ones((6, 4), "float32")).shape == (6, 2)
    with pytest.raises(SchemaError, match="6, 4"):
        predictor(model).predict(np.ones((5, 4), "float32"))


def test_dropout_rests() -> None:
    """Predictions are made in evaluation mode, and leave the model as it was."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.9), keras.layers.BatchNormalization()])
    before = [np.array(keras.ops.convert_to_numpy(value.value)) for value in model.variables]
    rows = np.ones((50, 4), "float32")
    np.testing.assert_array_equal(predictor(model).predict(rows), predictor(model).predict(rows))
    for value, old in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(value.value), old)


def test_half_precision_is_answered_in_numbers_that_numpy_has() -> None:
    """NumPy knows no bfloat16."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, dtype="bfloat16")])
    assert predictor(model).predict(np.ones((2, 4), "float32")).dtype == "float32"


def test_trained_on_after_loading(dense: Any) -> None:
    """The view follows the weights of its model."""
    model = keras.models.clone_model(dense)
    view, rows = predictor(model), np.ones((2, 4), "float32")
    before = view.predict(rows)
    model.layers[-1].set_weights([np.eye(5, 3, dtype="float32"), np.zeros(3, "float32")])
    assert not np.allclose(view.predict(rows), before)


def test_threads_get_the_same_answers(houses: Any) -> None:
    """From the first call on, with different numbers of rows."""
    view = predictor(houses)
    many = {"area": np.tile(AREA, (8, 1)), "rooms": np.tile(ROOMS, (8, 1))}
    parts = [{name: array[:count] for name, array in many.items()} for count in range(1, 33)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(view.predict, parts))
    for part, answer in zip(parts, answers, strict=True):
        assert_same(answer, view.predict(part))

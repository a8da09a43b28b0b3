"""The generic Python view of a loaded model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd
import pytest

from modelpack.errors import ModelFailureError, NotFoundError, SchemaError
from modelpack.pyfunc.model import PyFuncModel
from modelpack.pyfunc.policy import Policy
from modelpack.schema.mlmodel import MLmodel
from modelpack.schema.signature import (
    Array,
    Column,
    ColumnSchema,
    DataType,
    ModelSignature,
    Param,
    Tensor,
    TensorSchema,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


SIGNATURE = ModelSignature(
    inputs=ColumnSchema((Column(DataType.DOUBLE, "x"),)), params=(Param("factor", DataType.DOUBLE, 2.0),)
)


class Multiplier:
    """Multiplies the column x by the param factor."""

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """The products."""
        return data["x"] * (params or {"factor": 1})["factor"]


class Failing:
    """Raises what it was made with."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002 - a predictor's
        """Nothing."""
        raise self.error


def loaded(predictor: Any, signature: ModelSignature | None = SIGNATURE, policy: Policy = "safe") -> PyFuncModel:
    """A model as if it had been loaded from a directory."""
    mlmodel = MLmodel(signature=signature)
    mlmodel.add_flavor("python_function", loader_module="mlflow.toy").add_flavor("toy", data="model.bin")
    return PyFuncModel(
        predictor, mlmodel=mlmodel, path=Path("/models/m"), digest="sha256:ab", native=predictor, policy=policy
    )


def test_data_and_params_are_enforced_before_the_model_sees_them() -> None:
    """Integers become doubles, and the default is filled in."""
    assert loaded(Multiplier()).predict([{"x": 1}, {"x": 2}]).tolist() == [2.0, 4.0]
    assert loaded(Multiplier()).predict({"x": [1, 2]}, {"factor": 3}).tolist() == [3.0, 6.0]


@pytest.mark.parametrize(("data", "params"), [({"y": [1]}, None), ({"x": ["a"]}, None), ({"x": [1]}, {"f": 1})])
def test_what_does_not_fit_is_a_schema_error(data: Any, params: Any) -> None:
    """The model is not called."""
    with pytest.raises(SchemaError):
        loaded(Failing(AssertionError())).predict(data, params)


def test_the_policy_is_the_callers() -> None:
    """The same data may fit or not."""
    assert loaded(Multiplier(), policy="lenient").predict({"x": ["1.5"]}).tolist() == [3.0]
    with pytest.raises(SchemaError):
        loaded(Multiplier(), policy="strict").predict({"x": [1]})
    assert loaded(Multiplier(), policy="strict").policy == "strict"


def test_a_model_without_signature_gets_what_it_is_given() -> None:
    """Records as a frame, params as they are."""
    model = loaded(Multiplier(), signature=None)
    assert model.predict([{"x": 2}], {"factor": 3, "other": None}).tolist() == [6]
    assert model.predict(pd.DataFrame({"x": [2]})).tolist() == [2]
    assert model.signature is None


def test_an_exception_of_the_model_is_a_model_failure() -> None:
    """It names the type and text, and keeps the original as its cause."""
    original = KeyError("petal")
    with pytest.raises(ModelFailureError) as caught:
        loaded(Failing(original)).predict({"x": [1]})
    assert caught.value.message == "the model failed to predict: KeyError: 'petal'"
    assert caught.value.hint is not None
    assert caught.value.__cause__ is original


def test_an_expected_error_of_the_model_passes() -> None:
    """Its own message is better than one about it."""
    with pytest.raises(NotFoundError, match="no such table"):
        loaded(Failing(NotFoundError("no such table"))).predict({"x": [1]})


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interruption_is_no_model_failure(error: Callable[[], Exception]) -> None:
    """Control-C ends the program."""
    with pytest.raises(error):  # type: ignore[call-overload]
        loaded(Failing(error())).predict({"x": [1]})


def test_the_facts_of_the_model_are_at_hand() -> None:
    """Those of the `MLmodel` file, the place and the native object."""
    predictor = Multiplier()
    model = loaded(predictor)
    assert model.metadata.flavors["toy"] == {"data": "model.bin"}
    assert model.signature == SIGNATURE
    assert model.path == Path("/models/m")
    assert model.digest == "sha256:ab"
    assert model.loader_module == "mlflow.toy"
    assert model.unwrap() is predictor


def test_the_representation_is_short() -> None:
    """It says what a reader of a notebook wants to know."""
    assert repr(loaded(Multiplier())) == "<PyFuncModel toy from '/models/m', signed, safe>"
    assert repr(loaded(Multiplier(), signature=None)) == "<PyFuncModel toy from '/models/m', no signature, safe>"


TWO = ModelSignature(inputs=ColumnSchema((Column(DataType.DOUBLE, "x"), Column(DataType.DOUBLE, "y"))))


class Adder:
    """Adds the columns of frames and arrays, and keeps what it was given."""

    takes_arrays = True

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002 - a predictor's
        """The sums."""
        self.given = data
        return np.asarray(data).sum(axis=1)


def test_an_array_reaches_a_model_that_takes_it() -> None:
    """The very one, when it has the signature's number of columns and their type, under every policy."""
    adder, array = Adder(), np.array([[1.0, 2.0], [3.0, 4.0]])
    for policy in get_args(Policy):
        model = loaded(adder, TWO, policy)
        assert model.takes_arrays
        assert model.predict(array).tolist() == [3.0, 7.0]
        assert adder.given is array


@pytest.mark.parametrize(
    "data",
    [
        np.array([[1, 2], [3, 4]]),
        np.array([[1.0, 2.0], [3.0, 4.0]], dtype="float32"),
        np.array([[1.0, 2.0], [3.0, 4.0]], dtype=">f8"),
        pd.DataFrame({"y": [2.0, 4.0], "x": [1.0, 3.0]}),
        [{"x": 1, "y": 2}, {"x": 3, "y": 4}],
    ],
    ids=["integers", "narrower", "foreign order of bytes", "frame", "records"],
)
def test_what_is_not_that_array_is_enforced_as_a_table(data: Any) -> None:
    """It comes with the signature's columns and types."""
    adder = Adder()
    assert loaded(adder, TWO).predict(data).tolist() == [3.0, 7.0]
    given = np.asarray(adder.given)
    assert given.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert given.dtype == "float64"


def test_a_frame_that_is_more_than_one_array_comes_as_it_is() -> None:
    """With each column's own storage, which the model may handle in its own way; and so does a large one."""
    adder = Adder()
    model = loaded(adder, TWO)
    sparse = pd.DataFrame({"x": pd.arrays.SparseArray([1.0, 0.0]), "y": pd.arrays.SparseArray([2.0, 0.0])})
    large = pd.DataFrame(np.ones((1000, 2)), columns=["x", "y"])
    for frame in (sparse, sparse.assign(y=1.0), large):
        model.predict(frame)
        assert adder.given is frame


def test_a_frame_cannot_be_changed_through_its_array() -> None:
    """The caller's data is the caller's."""
    adder = Adder()
    frame = pd.DataFrame(np.ones((1, 2)), columns=["x", "y"])
    loaded(adder, TWO).predict(frame)
    assert isinstance(adder.given, pd.DataFrame) or not adder.given.flags.writeable


@pytest.mark.parametrize("shape", [(2,), (2, 3), (2, 1), (1, 2, 2)])
def test_an_array_of_another_shape_is_judged_as_before(shape: tuple[int, ...]) -> None:
    """Whatever a model without arrays makes of it."""
    array = np.ones(shape)

    def outcome(model: PyFuncModel) -> Any:
        try:
            return model.predict(array).tolist()
        except SchemaError as error:
            return error.message

    other = Adder()
    other.takes_arrays = False
    assert outcome(loaded(Adder(), TWO)) == outcome(loaded(other, TWO))


@pytest.mark.parametrize(
    "signature",
    [
        None,
        ModelSignature(),
        ModelSignature(inputs=TensorSchema((Tensor("float64", (-1, 2)),))),
        ModelSignature(inputs=ColumnSchema((Column(DataType.DOUBLE), Column(DataType.DOUBLE)))),
        ModelSignature(inputs=ColumnSchema((Column(DataType.DOUBLE, "x"), Column(DataType.LONG, "y")))),
        ModelSignature(inputs=ColumnSchema((Column(DataType.STRING, "x"), Column(DataType.STRING, "y")))),
        ModelSignature(inputs=ColumnSchema((Column(Array(DataType.DOUBLE), "x"), Column(DataType.DOUBLE, "y")))),
    ],
    ids=["none", "empty", "tensor", "no names", "two types", "text", "lists"],
)
def test_other_signatures_are_no_array(signature: ModelSignature | None) -> None:
    """Though the model says that it takes arrays."""
    assert not loaded(Adder(), signature).takes_arrays


def test_a_model_takes_no_arrays_unless_it_says_so() -> None:
    """Predictors written before the question came up have no such attribute."""
    assert not loaded(Multiplier(), TWO).takes_arrays


def test_predict_is_enforce_and_predict_enforced() -> None:
    """So that a server can join the rows of several calls between the two."""
    model = loaded(Multiplier())
    data, params = model.enforce([{"x": 1}], {"factor": 3})
    assert (data["x"].tolist(), params) == ([1.0], {"factor": 3.0})
    assert model.predict_enforced(data, params).tolist() == [3.0]
    with pytest.raises(ModelFailureError, match="RuntimeError"):
        loaded(Failing(RuntimeError())).predict_enforced(data, params)

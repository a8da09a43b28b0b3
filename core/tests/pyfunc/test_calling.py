from __future__ import annotations

from typing import Any

import pytest

from modelpack.errors import ModelpackWarning
from modelpack.pyfunc import PythonModel, PythonModelContext
from modelpack.pyfunc.calling import FunctionPredictor, PythonModelPredictor

CONTEXT = PythonModelContext({"name": "/path"})


class _Classic(PythonModel):
    def predict(self, context: Any, model_input: Any) -> Any:
        return (context, model_input)


class _Renamed(PythonModel):
    def predict(self, ctx: Any, rows: Any) -> Any:
        return (ctx, rows)


class _WithParams(PythonModel):
    def predict(self, context: Any, model_input: Any, params: Any) -> Any:
        return (context, model_input, params)


class _WithoutContext(PythonModel):
    def predict(self, model_input: Any) -> Any:
        return model_input


class _WithoutContextButParams(PythonModel):
    def predict(self, model_input: Any, params: Any = None) -> Any:
        return (model_input, params)


class _Anything(PythonModel):
    def predict(self, *args: Any, **kwargs: Any) -> Any:
        return (*args, kwargs)


@pytest.mark.parametrize(
    ("model", "answer"),
    [
        pytest.param(_Classic(), (CONTEXT, "data"), id="context and input"),
        pytest.param(_Renamed(), (CONTEXT, "data"), id="the same under other names"),
        pytest.param(_WithParams(), (CONTEXT, "data", None), id="params that have no default"),
        pytest.param(_WithoutContext(), "data", id="input alone"),
        pytest.param(_WithoutContextButParams(), ("data", None), id="input and params"),
        pytest.param(_Anything(), (CONTEXT, "data", {}), id="anything"),
    ],
)
def test_predict_is_called_as_it_is_defined(model: PythonModel, answer: Any) -> None:
    """Each of the accepted forms is given what it takes."""
    assert PythonModelPredictor(model, CONTEXT).predict("data") == answer


@pytest.mark.parametrize("model", [_WithParams(), _WithoutContextButParams()])
def test_params_are_passed_on(model: PythonModel) -> None:
    """A model that takes params is given them."""
    assert PythonModelPredictor(model, CONTEXT).predict("data", {"k": 1})[-1] == {"k": 1}


def test_params_that_are_not_taken_are_left_out_with_a_warning() -> None:
    """The warning names the model and the params; empty params are no reason for one."""
    predictor = PythonModelPredictor(_Classic(), CONTEXT)
    assert predictor.predict("data", {}) == (CONTEXT, "data")
    with pytest.warns(ModelpackWarning, match="the predict of _Classic takes no params; left out: top_k"):
        predictor.predict("data", {"top_k": 3})


def test_a_function_is_given_params_if_it_takes_them() -> None:
    """What a loader module answers is called the same way; a function without a signature is given the data."""
    assert FunctionPredictor(None, lambda data, params: (data, params)).predict(1, {"k": 2}) == (1, {"k": 2})
    assert FunctionPredictor(None, max).predict([1, 3, 2]) == 3
    with pytest.warns(ModelpackWarning, match="takes no params; left out: k"):
        FunctionPredictor(None, len).predict([1], {"k": 2})

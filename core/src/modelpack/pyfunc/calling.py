"""How a `predict` that a user wrote wants to be called."""

from __future__ import annotations

import inspect
import warnings
from typing import TYPE_CHECKING, Any

from modelpack.errors import ModelpackWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from inspect import Parameter

    from modelpack.pyfunc.python_model import PythonModelContext


class PythonModelPredictor:
    """The predictor of a `PythonModel`: passes the context where `predict` takes one (S44).

    Attributes:
        python_model: The model.
        context: What `predict` is given beside the input.
    """

    def __init__(self, python_model: Any, context: PythonModelContext) -> None:
        parameters = _parameters(python_model.predict)
        self.python_model = python_model
        self.context = context
        self._predict = python_model.predict
        self._leading = (context,) if _takes_context(parameters) else ()
        self._takes_params = "params" in parameters

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Score one batch; `params` that the model does not take are left out with a warning."""
        if self._takes_params:
            return self._predict(*self._leading, data, params=params)
        if params:
            _warn_of_params(self.python_model, params)
        return self._predict(*self._leading, data)


class FunctionPredictor:
    """The predictor of whatever a loader module answered: an object with a predict function, or a function (S24)."""

    def __init__(self, model: Any, function: Callable[..., Any]) -> None:
        self._model = model
        self._function = function
        self._takes_params = "params" in _parameters(function)

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Score one batch; `params` that the model does not take are left out with a warning."""
        if self._takes_params:
            return self._function(data, params=params)
        if params:
            _warn_of_params(self._model, params)
        return self._function(data)


def takes(function: Callable[..., Any], name: str) -> bool:
    """Whether a function has a parameter of that name."""
    return name in _parameters(function)


def _parameters(function: Callable[..., Any]) -> Mapping[str, Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # some functions written in C have no signature
        return {}


def _takes_context(parameters: Mapping[str, Parameter]) -> bool:
    """As MLflow 2.20 decides: a parameter called `context`, or two that are not `params`."""
    variadic = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters.values())
    positional = [name for name, each in parameters.items() if name != "params" and each.kind is not each.VAR_KEYWORD]
    return variadic or "context" in parameters or len(positional) == 2  # noqa: PLR2004 - context and model_input


def _warn_of_params(model: object, params: Mapping[str, Any]) -> None:
    warnings.warn(
        f"the predict of {type(model).__name__} takes no params; left out: {', '.join(params)}",
        ModelpackWarning,
        stacklevel=4,
    )

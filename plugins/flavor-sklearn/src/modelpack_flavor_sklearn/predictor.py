"""The generic Python view of an estimator: one of its methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from modelpack.errors import InvalidArgumentError, InvalidModelError
from modelpack_flavor_sklearn.arrays import taking_arrays

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelpack import ModelpackError
    from modelpack.schema.signature import ModelSignature

Method = Literal[
    "predict",
    "predict_proba",
    "predict_log_proba",
    "predict_joint_log_proba",
    "decision_function",
    "transform",
    "score_samples",
    "score",
]
METHODS: tuple[str, ...] = get_args(Method)
"""What `pyfunc_predict_fn` may name; MLflow knows all but `decision_function`, `transform` and `score_samples`."""


class SklearnPredictor:
    """Calls one method of an estimator; a DataFrame reaches it as it is (S60).

    Attributes:
        takes_arrays: Whether an array may come in place of a DataFrame.
    """

    __slots__ = ("_method", "_method_for_arrays", "takes_arrays")

    def __init__(self, method: Callable[..., Any], method_for_arrays: Callable[..., Any] | None = None) -> None:
        self._method = method
        self._method_for_arrays = method_for_arrays or method
        self.takes_arrays = method_for_arrays is not None

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Score one batch; params become keyword arguments, such as `return_std`."""
        method = self._method if hasattr(data, "columns") else self._method_for_arrays
        answer = method(data, **params) if params else method(data)
        if isinstance(answer, (list, tuple)):
            return {str(position): part for position, part in enumerate(answer)}
        return answer.toarray() if hasattr(answer, "toarray") else answer


def adapt(model: Any, name: str | None, signature: ModelSignature | None = None) -> SklearnPredictor:
    """Wrap the named method of an estimator.

    Args:
        model: The estimator.
        name: What stands under `predict_fn` in the model; None for the one that `method_of` finds.
        signature: What the model takes, by which it may take arrays.

    Raises:
        InvalidModelError: The name is none of `METHODS`.
        InvalidArgumentError: The estimator has no such method.
    """
    if name is not None and name not in METHODS:
        raise InvalidModelError(
            f"the model names {name!r} as its predict_fn, which is none of {', '.join(METHODS)}",
        )
    chosen = name or method_of(model)
    if chosen is None or not hasattr(model, chosen):
        raise missing_method(model, name)
    copy = taking_arrays(model, signature)
    return SklearnPredictor(getattr(model, chosen), None if copy is None else getattr(copy, chosen))


def method_of(model: Any) -> str | None:
    """The method that stands for a model whose saver named none: `predict`, or a transformer's `transform`."""
    return next((name for name in ("predict", "transform") if hasattr(model, name)), None)


def missing_method(model: Any, name: str | None) -> ModelpackError:
    """The error for an estimator without the method that is asked for."""
    there = [method for method in METHODS if hasattr(model, method)]
    kind = type(model).__name__
    return InvalidArgumentError(
        f"{kind} has no method {name}" if name else f"{kind} has neither predict nor transform",
        hint=f"pyfunc_predict_fn may name: {', '.join(there)}" if there else "load it with modelpack.load_model",
    )

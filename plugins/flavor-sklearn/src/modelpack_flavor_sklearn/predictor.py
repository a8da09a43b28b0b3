"""The generic Python view of an estimator: one of its methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from modelpack.errors import InvalidArgumentError, InvalidModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelpack import ModelpackError

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
    """Calls one method of an estimator; a DataFrame reaches it as it is (S60)."""

    __slots__ = ("_method",)

    def __init__(self, method: Callable[..., Any]) -> None:
        self._method = method

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Score one batch; params become keyword arguments, such as `return_std`."""
        answer = self._method(data, **params) if params else self._method(data)
        if isinstance(answer, (list, tuple)):
            return {str(position): part for position, part in enumerate(answer)}
        return answer.toarray() if hasattr(answer, "toarray") else answer


def adapt(model: Any, name: str | None) -> SklearnPredictor:
    """Wrap the named method of an estimator.

    Args:
        model: The estimator.
        name: What stands under `predict_fn` in the model; None for the one that `method_of` finds.

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
    return SklearnPredictor(getattr(model, chosen))


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

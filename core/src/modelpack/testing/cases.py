"""What a flavor's author declares: models to save, with data to score."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def library_predict(model: Any, data: Any, **params: Any) -> Any:
    """What most libraries call it."""
    return model.predict(data, **params)


@dataclass(frozen=True, kw_only=True)
class FlavorCase:
    """One model of a flavor, and how to tell that it works.

    Attributes:
        name: What the case is called in the report.
        build: Makes and trains the model; called once for each test class.
        inputs: Some rows to score (at least two), or what makes them: a DataFrame, an ndarray, or a dict of arrays.
        predict: How the library itself scores them, without modelpack: the oracle. It is also called in other
            processes, so it refers to nothing that another interpreter could not import.
        tolerance: How far predictions may lie apart, absolutely and relatively; 0 asks for equality.
        options: The flavor's own keyword arguments of `save_model`.
        params: The params that the signature shall declare, with the library's defaults, when the flavor declares
            `supports_params`.
        other_params: Other values for them, with which the library predicts otherwise.
        executes_code: Whether loading this model runs code from it, so that it needs trust.
    """

    name: str
    build: Callable[[], Any]
    inputs: Any
    predict: Callable[..., Any] = library_predict
    tolerance: float = 0.0
    options: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] | None = None
    other_params: Mapping[str, Any] | None = None
    executes_code: bool = False


@dataclass(frozen=True, kw_only=True)
class RecordedModel:
    """A model that something else wrote, such as a release of MLflow, with what it predicted there.

    Attributes:
        name: What it is called in the report.
        path: The model directory.
        inputs: The rows that were scored.
        expected: What was predicted.
        tolerance: As for `FlavorCase`.
    """

    name: str
    path: Path
    inputs: Any
    expected: Any
    tolerance: float = 0.0

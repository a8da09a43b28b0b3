"""What the stages of a pipeline take and answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import ModelFailureError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PREDICTION = "prediction"


def vector_inputs(pipeline: Any) -> set[str]:
    """The columns of features that a stage takes as a vector, so that lists of numbers may stand for them."""
    return {name for stage in stages_of(pipeline) for name in _values(stage, "featuresCol")}


def output_columns(pipeline: Any, columns: Sequence[str]) -> list[str]:
    """The columns that answer for a pipeline: the prediction (S94), or else what the last stage with an output adds.

    Args:
        pipeline: The pipeline.
        columns: The columns that it has made.

    Raises:
        ModelFailureError: No stage says which column it adds.
    """
    stages = list(stages_of(pipeline))[::-1]
    predictions = [[value] for stage in stages for value in (*_values(stage, "predictionCol"), _PREDICTION)]
    outputs = [_values(stage, "outputCol") or _values(stage, "outputCols") for stage in stages]
    for names in (*predictions, *outputs):
        if names and set(names) <= set(columns):
            return names
    raise ModelFailureError(
        f"it cannot be told which of the columns {', '.join(columns)} the pipeline answers",
        hint="save it with a signature whose outputs name them",
    )


def stages_of(pipeline: Any) -> Iterator[Any]:
    """Every stage, those of pipelines within the pipeline too, in their order."""
    for stage in pipeline.stages:
        if hasattr(stage, "stages"):
            yield from stages_of(stage)
        else:
            yield stage


def _values(stage: Any, param: str) -> list[str]:
    if not stage.hasParam(param) or not stage.isDefined(param):
        return []
    value = stage.getOrDefault(param)
    return [value] if isinstance(value, str) else list(value or ())

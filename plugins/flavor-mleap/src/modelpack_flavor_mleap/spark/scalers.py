"""Stages that turn numbers into numbers, each feature by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack_flavor_mleap import values
from modelpack_flavor_mleap.node import Node
from modelpack_flavor_mleap.spark.params import is_set, name_of, pairs, param

if TYPE_CHECKING:
    from modelpack_flavor_mleap.spark.table import Table


def standard_scaler(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """What is subtracted, and what it is divided by."""
    mean = values.vector(stage.mean.toArray()) if param(stage, "withMean") else None
    std = values.vector(stage.std.toArray()) if param(stage, "withStd") else None
    if mean is None and std is None:
        std = values.vector([1.0] * len(stage.std))
    return [_one(stage, "standard_scaler", values.given(mean=mean, std=std))]


def min_max_scaler(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """The range that was seen, and the one that is wanted."""
    attributes = {
        "min": values.vector(stage.originalMin.toArray()),
        "max": values.vector(stage.originalMax.toArray()),
        "minValue": values.number(param(stage, "min")),
        "maxValue": values.number(param(stage, "max")),
    }
    return [_one(stage, "min_max_scaler", attributes)]


def max_abs_scaler(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """The largest absolute values."""
    return [_one(stage, "max_abs_scaler", {"maxAbs": values.vector(stage.maxAbs.toArray())})]


def elementwise_product(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """The factors."""
    return [_one(stage, "elementwise_product", {"scaling_vec": values.vector(param(stage, "scalingVec").toArray())})]


def idf(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """The weight of each word."""
    return [_one(stage, "idf", {"idf": values.vector(stage.idf.toArray())})]


def normalizer(stage: Any, table: Table) -> list[Node]:
    """Which norm."""
    width = table.width(param(stage, "inputCol"))
    attributes = {"p_norm": values.number(param(stage, "p")), "input_size": values.small(width or 1)}
    return [_one(stage, "normalizer", attributes)]


def binarizer(stage: Any, table: Table) -> list[Node]:
    """The threshold of each column."""
    columns = pairs(stage)
    thresholds = (
        param(stage, "thresholds") if is_set(stage, "thresholds") else [param(stage, "threshold")] * len(columns)
    )
    return [
        Node.of(
            name_of(stage, place, len(columns)),
            "binarizer",
            {"input": source},
            {"output": output},
            {"threshold": values.number(threshold), "input_shape": values.a_shape(table.width(source), nullable=False)},
        )
        for place, ((source, output), threshold) in enumerate(zip(columns, thresholds, strict=True))
    ]


def bucketizer(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """The splits of each column."""
    columns = pairs(stage)
    splits = param(stage, "splitsArray") if is_set(stage, "splitsArray") else [param(stage, "splits")]
    invalid = values.text(param(stage, "handleInvalid"))
    return [
        Node.of(
            name_of(stage, place, len(columns)),
            "bucketizer",
            {"input": source},
            {"output": output},
            {"splits": values.numbers(each), "handle_invalid": invalid},
        )
        for place, ((source, output), each) in enumerate(zip(columns, splits, strict=True))
    ]


def imputer(stage: Any, table: Table) -> list[Node]:
    """What is put in place of what is missing, as the column's type has it."""
    columns = pairs(stage)
    row = stage.surrogateDF.first()
    attributes = {
        "missing_value": values.number(param(stage, "missingValue")),
        "strategy": values.text(param(stage, "strategy")),
        "nullable_input": values.flag(True),  # noqa: FBT003 - what is encoded
    }
    return [
        Node.of(
            name_of(stage, place, len(columns)),
            "imputer",
            {"input": source},
            {"output": output},
            {"surrogate_value": values.number(_typed(row[source], table.kind(source))), **attributes},
        )
        for place, (source, output) in enumerate(columns)
    ]


def _typed(surrogate: float, kind: str) -> float:
    """Spark casts the surrogate to the type of the column."""
    import numpy as np

    if kind in {"byte", "short", "integer", "long"}:
        return float(int(surrogate))
    return float(np.float32(surrogate)) if kind == "float" else float(surrogate)


def _one(stage: Any, op: str, attributes: dict[str, Any]) -> Node:
    ((source, output),) = pairs(stage)
    return Node.of(stage.uid, op, {"input": source}, {"output": output}, attributes)


WRITERS = {
    "StandardScalerModel": standard_scaler,
    "MinMaxScalerModel": min_max_scaler,
    "MaxAbsScalerModel": max_abs_scaler,
    "ElementwiseProduct": elementwise_product,
    "IDFModel": idf,
    "Normalizer": normalizer,
    "Binarizer": binarizer,
    "Bucketizer": bucketizer,
    "ImputerModel": imputer,
}

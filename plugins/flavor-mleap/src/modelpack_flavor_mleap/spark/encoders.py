"""Stages that turn texts and categories into numbers, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack_flavor_mleap import values
from modelpack_flavor_mleap.node import Node
from modelpack_flavor_mleap.spark.params import is_set, numbered, pairs, param

if TYPE_CHECKING:
    from modelpack_flavor_mleap.spark.table import Table


def string_indexer(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """Labels, a list for each column."""
    lists = list(stage.labelsArray)
    attributes = {
        "labels_length": values.small(len(lists)),
        "handle_invalid": values.text(param(stage, "handleInvalid")),
        **{f"labels_array_{place}": values.texts(labels) for place, labels in enumerate(lists)},
    }
    return [_several(stage, "string_indexer", attributes)]


def one_hot_encoder(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """How many categories each column has."""
    attributes = {
        "category_sizes": values.smalls(stage.categorySizes),
        "handle_invalid": values.text(param(stage, "handleInvalid")),
        "drop_last": values.flag(param(stage, "dropLast")),
    }
    return [_several(stage, "one_hot_encoder", attributes)]


def index_to_string(stage: Any, table: Table) -> list[Node]:
    """Labels: the stage's own, or those that Spark noted of its column."""
    ((source, output),) = pairs(stage)
    own = list(param(stage, "labels")) if is_set(stage, "labels") else []
    attributes = {
        "labels": values.texts(own or table.labels(source)),
        "input_shape": values.a_shape(None, nullable=False),
    }
    return [Node.of(stage.uid, "reverse_string_indexer", {"input": source}, {"output": output}, attributes)]


def _several(stage: Any, op: str, attributes: dict[str, Any]) -> Node:
    columns = pairs(stage)
    inputs = numbered("input", [source for source, _ in columns])
    return Node.of(stage.uid, op, inputs, numbered("output", [output for _, output in columns]), attributes)


WRITERS = {
    "StringIndexerModel": string_indexer,
    "OneHotEncoderModel": one_hot_encoder,
    "IndexToString": index_to_string,
}

"""Stages that make vectors of columns, and of other vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack_flavor_mleap import values
from modelpack_flavor_mleap.node import Node
from modelpack_flavor_mleap.spark.params import numbered, param

if TYPE_CHECKING:
    from modelpack_flavor_mleap.spark.table import Table


def vector_assembler(stage: Any, table: Table) -> list[Node]:
    """The shapes of the columns. MLeap does not know `handle_invalid`; the scorer here does."""
    sources = list(param(stage, "inputCols"))
    attributes = {
        "input_shapes": values.shapes([table.width(source) for source in sources]),
        "handle_invalid": values.text(param(stage, "handleInvalid")),
    }
    return [Node.of(stage.uid, "vector_assembler", numbered("input", sources), _output(stage), attributes)]


def pca(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """The principal components."""
    return [_of_input(stage, "pca", {"principal_components": values.matrix(stage.pc.toArray())})]


def selector(stage: Any, table: Table) -> list[Node]:
    """Which features are kept; the three selectors of Spark are one operator of MLeap's."""
    source = param(stage, "featuresCol")
    attributes = {
        "filter_indices": values.wholes(sorted(stage.selectedFeatures)),
        "input_size": values.small(table.width(source) or 1),
    }
    return [Node.of(stage.uid, "chi_sq_selector", {"input": source}, _output(stage), attributes)]


def vector_slicer(stage: Any, table: Table) -> list[Node]:
    """Which features are kept, by place and by name."""
    names = list(param(stage, "names"))
    attributes = {
        "indices": values.wholes(param(stage, "indices")),
        "names": values.texts(names),
        "named_indices": values.smalls(table.places(param(stage, "inputCol"), names)),
        "input_size": values.small(table.width(param(stage, "inputCol")) or 1),
    }
    return [_of_input(stage, "vector_slicer", attributes)]


def vector_indexer(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """The categories of each feature that has few values."""
    attributes = {
        "keys": values.wholes(stage.categoryMaps),
        "num_features": values.whole(stage.numFeatures),
        "handle_invalid": values.text(param(stage, "handleInvalid")),
    }
    for place, found in stage.categoryMaps.items():
        attributes[f"key_{place}_keys"] = values.numbers(found)
        attributes[f"key_{place}_values"] = values.wholes(found.values())
    return [_of_input(stage, "vector_indexer", attributes)]


def polynomial_expansion(stage: Any, table: Table) -> list[Node]:
    """The degree."""
    width = table.width(param(stage, "inputCol")) or 1
    attributes = {"degree": values.whole(param(stage, "degree")), "input_size": values.small(width)}
    return [_of_input(stage, "polynomial_expansion", attributes)]


def interaction(stage: Any, table: Table) -> list[Node]:
    """How many categories the elements of each column have."""
    sources = list(param(stage, "inputCols"))
    attributes = {
        "num_inputs": values.small(len(sources)),
        **{f"num_features{place}": values.smalls(table.categories(source)) for place, source in enumerate(sources)},
        "input_shapes": values.shapes([table.width(source) for source in sources]),
    }
    return [Node.of(stage.uid, "interaction", numbered("input", sources), _output(stage), attributes)]


def _of_input(stage: Any, op: str, attributes: dict[str, Any]) -> Node:
    return Node.of(stage.uid, op, {"input": param(stage, "inputCol")}, _output(stage), attributes)


def _output(stage: Any) -> dict[str, str]:
    return {"output": param(stage, "outputCol")}


WRITERS = {
    "VectorAssembler": vector_assembler,
    "PCAModel": pca,
    "ChiSqSelectorModel": selector,
    "UnivariateFeatureSelectorModel": selector,
    "VarianceThresholdSelectorModel": selector,
    "VectorSlicer": vector_slicer,
    "VectorIndexerModel": vector_indexer,
    "PolynomialExpansion": polynomial_expansion,
    "Interaction": interaction,
}

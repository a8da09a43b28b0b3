"""Decision trees and what is made of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from modelpack_flavor_mleap import values
from modelpack_flavor_mleap.spark.models import classifier_node, model_node, thresholds
from modelpack_flavor_mleap.tree import Split, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack_flavor_mleap.node import Node
    from modelpack_flavor_mleap.spark.table import Table


def tree_classifier(stage: Any, table: Table) -> list[Node]:
    """One tree, with how often each class was in its leaves."""
    attributes = {**_features(stage), **_classes(stage), **thresholds(stage)}
    return [classifier_node(stage, "decision_tree_classifier", attributes, _trees([stage], table, counts=True))]


def tree_regressor(stage: Any, table: Table) -> list[Node]:
    """One tree."""
    return [model_node(stage, "decision_tree_regression", _features(stage), _trees([stage], table))]


def forest_classifier(stage: Any, table: Table) -> list[Node]:
    """Trees that vote."""
    attributes = {**_features(stage), **_classes(stage), **_listed(stage), **thresholds(stage)}
    return [classifier_node(stage, "random_forest_classifier", attributes, _trees(stage.trees, table, counts=True))]


def forest_regressor(stage: Any, table: Table) -> list[Node]:
    """Trees whose mean is taken."""
    return [
        model_node(
            stage, "random_forest_regression", {**_features(stage), **_listed(stage)}, _trees(stage.trees, table)
        )
    ]


def boosted_classifier(stage: Any, table: Table) -> list[Node]:
    """Trees whose sum decides between two classes."""
    attributes = {**_features(stage), **_classes(stage), **_listed(stage), **thresholds(stage)}
    return [classifier_node(stage, "gbt_classifier", attributes, _trees(stage.trees, table))]


def boosted_regressor(stage: Any, table: Table) -> list[Node]:
    """Trees whose sum is taken."""
    return [model_node(stage, "gbt_regression", {**_features(stage), **_listed(stage)}, _trees(stage.trees, table))]


def _features(stage: Any) -> dict[str, Any]:
    return {"num_features": values.whole(stage.numFeatures)}


def _classes(stage: Any) -> dict[str, Any]:
    return {"num_classes": values.whole(stage.numClasses)}


def _listed(stage: Any) -> dict[str, Any]:
    weights = list(stage.treeWeights)
    names = [f"tree{place}" for place in range(len(weights))]
    return {"tree_weights": values.numbers(weights), "trees": values.texts(names)}


def _trees(stages: list[Any], table: Table, *, counts: bool = False) -> list[Tree]:
    """The trees, each in one call: to ask Java for every node takes a thousand times as long."""
    mapper = _json_mapper(table.jvm)
    roots = (json.loads(mapper.writeValueAsString(stage._java_obj.rootNode())) for stage in stages)  # noqa: SLF001 - Spark has no public name for it
    return [Tree.of(_nodes(root, counts=counts), "the tree") for root in roots]


def _nodes(root: dict[str, Any], *, counts: bool) -> Iterator[Split | list[float]]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if "split" in node:
            yield _split(node["split"])
            waiting += [node["rightChild"], node["leftChild"]]
        else:
            yield node["impurityStats"]["stats"] if counts else [node["prediction"]]


def _split(split: dict[str, Any]) -> Split:
    if "threshold" in split:
        return Split(split["featureIndex"], split["threshold"])
    named = tuple(sorted(split["categories"]))
    return Split(split["featureIndex"], None, named, split["numCategories"], split["isLeft"])


def _json_mapper(jvm: Any) -> Any:
    """Jackson, which Spark brings along, told to look at fields as well: categories have no method that shows them."""
    jackson = jvm.com.fasterxml.jackson
    mapper = jackson.databind.ObjectMapper()
    everything = jvm.java.lang.Class.forName("com.fasterxml.jackson.annotation.JsonAutoDetect$Visibility")
    mapper.setVisibility(jackson.annotation.PropertyAccessor.FIELD, everything.getEnumConstants()[0])
    mapper.registerModule(jackson.module.scala.DefaultScalaModule())
    return mapper


WRITERS = {
    "DecisionTreeClassificationModel": tree_classifier,
    "DecisionTreeRegressionModel": tree_regressor,
    "RandomForestClassificationModel": forest_classifier,
    "RandomForestRegressionModel": forest_regressor,
    "GBTClassificationModel": boosted_classifier,
    "GBTRegressionModel": boosted_regressor,
}

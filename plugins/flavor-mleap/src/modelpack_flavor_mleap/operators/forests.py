"""Decision trees, forests and boosted trees: all trees go down by a level at once, for all rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.errors import InvalidModelError
from modelpack_flavor_mleap.operators.classes import Classes, shares, two_sided
from modelpack_flavor_mleap.operators.descent import Forest

if TYPE_CHECKING:
    from modelpack_flavor_mleap.columns import Columns
    from modelpack_flavor_mleap.node import Node
    from modelpack_flavor_mleap.operators.step import Step
    from modelpack_flavor_mleap.sparse import Array


def decision_tree_regression(node: Node) -> Step:
    """The number of the leaf."""
    forest, output = _forest(node, numbers=True), node.output("prediction")
    source, width = node.input("features"), _width(node)

    def run(columns: Columns) -> None:
        columns[output] = forest.numbers(columns.vectors(source, width))[0]

    return run


def random_forest_regression(node: Node) -> Step:
    """The mean of the trees' numbers."""
    forest, output = _forest(node, numbers=True), node.output("prediction")
    source, width = node.input("features"), _width(node)

    def run(columns: Columns) -> None:
        columns[output] = _sum(forest.numbers(columns.vectors(source, width))) / len(node.trees)

    return run


def gbt_regression(node: Node) -> Step:
    """The weighted sum of the trees' numbers."""
    forest, weights, output = _forest(node, numbers=True), _weights(node), node.output("prediction")
    source, width = node.input("features"), _width(node)

    def run(columns: Columns) -> None:
        columns[output] = _sum(forest.numbers(columns.vectors(source, width)) * weights)

    return run


def gbt_classifier(node: Node) -> Step:
    """One of two classes, by the weighted sum of the trees' numbers."""
    import numpy as np

    forest, weights, classes = _forest(node, numbers=True), _weights(node), Classes(node)
    source, width = node.input("features"), _width(node)

    def probability(raw: Array) -> Array:
        with np.errstate(over="ignore"):
            first = 1.0 / (1.0 + np.exp(-2.0 * raw[:, 0]))
        return np.stack([first, 1.0 - first], axis=1)

    def run(columns: Columns) -> None:
        margin = _sum(forest.numbers(columns.vectors(source, width)) * weights)
        classes.write(columns, two_sided(margin), probability, lambda raw: (raw[:, 1] > 0).astype(float))

    return run


def decision_tree_classifier(node: Node) -> Step:
    """The most frequent class of the leaf."""
    forest, classes = _forest(node, numbers=False), Classes(node)
    source, width = node.input("features"), _width(node)

    def run(columns: Columns) -> None:
        classes.write(columns, forest.values(columns.vectors(source, width))[0], shares)

    return run


def random_forest_classifier(node: Node) -> Step:
    """The class with most votes, each tree dividing its own among the classes of the leaf."""
    forest, classes = _forest(node, numbers=False, votes=True), Classes(node)
    source, width = node.input("features"), _width(node)

    def run(columns: Columns) -> None:
        classes.write(columns, _sum(forest.values(columns.vectors(source, width))), shares)

    return run


def _forest(node: Node, *, numbers: bool, votes: bool = False) -> Forest:
    place = node.attributes.place
    if not node.trees:
        raise InvalidModelError(f"{place}: the {node.op} has no tree")
    width = node.attributes.whole("num_features")
    used = max((split.feature for tree in node.trees for split in tree.splits if split is not None), default=-1)
    if used >= width:
        raise InvalidModelError(f"{place}: a tree asks for feature {used}, and there are {width}")
    wanted = 1 if numbers else node.attributes.whole("num_classes")
    widths = {tree.values.shape[1] for tree in node.trees}
    if widths != {wanted}:
        raise InvalidModelError(f"{place}: the leaves have {sorted(widths)} numbers, where {wanted} are needed")
    return Forest.of(node.trees, votes=votes)


def _width(node: Node) -> int:
    return node.attributes.whole("num_features")


def _weights(node: Node) -> Array:
    weights = node.attributes.numbers("tree_weights")
    if len(weights) != len(node.trees):
        raise node.attributes.wrong("tree_weights", f"a list of {len(weights)} for {len(node.trees)} trees")
    return weights[:, None]


def _sum(parts: Array) -> Array:
    """The sum over the trees, one after the other as Spark adds, so that the last bit is the same."""
    import numpy as np

    total = np.zeros(parts.shape[1:])
    for part in parts:
        total += part
    return total


OPERATORS = {
    "decision_tree_regression": decision_tree_regression,
    "random_forest_regression": random_forest_regression,
    "gbt_regression": gbt_regression,
    "decision_tree_classifier": decision_tree_classifier,
    "random_forest_classifier": random_forest_classifier,
    "gbt_classifier": gbt_classifier,
}

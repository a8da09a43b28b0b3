"""Decision trees, forests and boosted trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack_flavor_mleap import values
from modelpack_flavor_mleap.errors import MLeapSerializationException
from modelpack_flavor_mleap.sklearn.outputs import classifier, model
from modelpack_flavor_mleap.tree import Split, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelpack_flavor_mleap.sklearn.builder import Block, Builder
    from modelpack_flavor_mleap.sparse import Array


def tree_classifier(step: Any, block: Block, builder: Builder) -> None:
    """One tree, with the share of each class in its leaves."""
    attributes = {**_features(step), **_classes(step)}
    classifier(builder, block, "decision_tree_classifier", attributes, step.classes_, (_tree(step),))


def tree_regressor(step: Any, block: Block, builder: Builder) -> None:
    """One tree."""
    model(builder, block, "decision_tree_regression", _features(step), (_tree(step),))


def forest_classifier(step: Any, block: Block, builder: Builder) -> None:
    """Trees that vote."""
    trees = tuple(map(_tree, step.estimators_))
    attributes = {**_features(step), **_classes(step), **_listed([1.0] * len(trees))}
    classifier(builder, block, "random_forest_classifier", attributes, step.classes_, trees)


def forest_regressor(step: Any, block: Block, builder: Builder) -> None:
    """Trees whose mean is taken."""
    trees = tuple(map(_tree, step.estimators_))
    model(builder, block, "random_forest_regression", {**_features(step), **_listed([1.0] * len(trees))}, trees)


def boosted_regressor(step: Any, block: Block, builder: Builder) -> None:
    """Trees whose sum is taken, the first one without a question for what the others begin with."""
    start = 0.0 if step.init_ == "zero" else _constant(step, "DummyRegressor", "constant_")
    trees, weights = _boosted(step, start, step.learning_rate)
    model(builder, block, "gbt_regression", {**_features(step), **_listed(weights)}, trees)


def boosted_classifier(step: Any, block: Block, builder: Builder) -> None:
    """Trees whose sum decides between two classes. MLeap's margin is half of scikit-learn's."""
    import numpy as np

    if len(step.classes_) != 2 or step.loss != "log_loss":  # noqa: PLR2004 - MLeap has no other
        raise MLeapSerializationException("MLeap boosts two classes with the loss log_loss")
    start = 0.0
    if step.init_ != "zero":
        tiny = np.finfo(np.float32).eps
        share = np.clip(_constant(step, "DummyClassifier", "class_prior_", place=1), tiny, 1 - tiny)
        start = float(np.log(share / (1 - share)))
    trees, weights = _boosted(step, start / 2.0, step.learning_rate / 2.0)
    attributes = {**_features(step), **_classes(step), **_listed(weights)}
    classifier(builder, block, "gbt_classifier", attributes, step.classes_, trees)


def comparable(thresholds: Array) -> Array:
    """The thresholds by which doubles go the way that scikit-learn sends them after rounding them to single precision.

    It is the largest double that is rounded to at most the threshold.
    """
    import numpy as np

    below = thresholds.astype(np.float32)
    below = np.where(below > thresholds, np.nextafter(below, np.float32(-np.inf)), below)
    above = np.nextafter(below, np.float32(np.inf))
    middle = (below.astype(float) + above.astype(float)) / 2.0
    return np.where(middle.astype(np.float32) == below, middle, np.nextafter(middle, -np.inf))


def _boosted(step: Any, start: float, weight: float) -> tuple[tuple[Tree, ...], list[float]]:
    grown = [_tree(each) for each in step.estimators_[:, 0]]
    return (Tree.of([[start]], "the start"), *grown), [1.0, *[weight] * len(grown)]


def _constant(step: Any, kind: str, name: str, *, place: int = 0) -> float:
    import numpy as np

    if type(step.init_).__name__ != kind:
        raise MLeapSerializationException(f"it begins with a {type(step.init_).__name__}, and not with a constant")
    return float(np.ravel(getattr(step.init_, name))[place])


def _tree(step: Any) -> Tree:
    if step.n_outputs_ != 1:
        raise MLeapSerializationException(f"it has {step.n_outputs_} outputs, and MLeap's have one")
    return Tree.of(_nodes(step.tree_), "the tree")


def _nodes(tree: Any) -> Iterator[Split | list[float]]:
    thresholds, leaves = comparable(tree.threshold).tolist(), tree.value[:, 0, :].tolist()
    left, right, feature = tree.children_left.tolist(), tree.children_right.tolist(), tree.feature.tolist()
    waiting = [0]
    while waiting:
        place = waiting.pop()
        if left[place] < 0:
            yield leaves[place]
        else:
            yield Split(feature[place], thresholds[place])
            waiting += [right[place], left[place]]


def _features(step: Any) -> dict[str, Any]:
    return {"num_features": values.whole(step.n_features_in_)}


def _classes(step: Any) -> dict[str, Any]:
    return {"num_classes": values.whole(len(step.classes_))}


def _listed(weights: Sequence[float]) -> dict[str, Any]:
    names = [f"tree{place}" for place in range(len(weights))]
    return {"tree_weights": values.numbers(weights), "trees": values.texts(names)}


MODELS = {
    "DecisionTreeClassifier": tree_classifier,
    "ExtraTreeClassifier": tree_classifier,
    "DecisionTreeRegressor": tree_regressor,
    "ExtraTreeRegressor": tree_regressor,
    "RandomForestClassifier": forest_classifier,
    "ExtraTreesClassifier": forest_classifier,
    "RandomForestRegressor": forest_regressor,
    "ExtraTreesRegressor": forest_regressor,
    "GradientBoostingRegressor": boosted_regressor,
    "GradientBoostingClassifier": boosted_classifier,
}

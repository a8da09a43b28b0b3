"""Checks of what native code indexes into without looking.

Trees, neighbour indexes, sparse matrices and splines keep indices that scikit-learn's and SciPy's compiled code trusts.
A crafted skops file could make it read outside its memory, which is why skops itself does not admit these types.
Here they are admitted and looked at, once, after loading.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def checked(model: Any) -> Any:
    """Answer a loaded model after a look at every object in it whose content native code takes on trust.

    Raises:
        InvalidModelError: Indices or shapes in it do not fit together.
    """
    for value in _reachable(model):
        examine = _CHECKS.get(type(value).__name__)
        if examine is None or not type(value).__module__.startswith(("sklearn.", "scipy.")):
            continue
        try:
            sound = examine(value)
        except (AttributeError, IndexError, TypeError, ValueError):
            sound = False
        if not sound:
            raise InvalidModelError(
                f"the {type(value).__name__} in the model is malformed: its indices and shapes do not fit together",
                hint="the file is damaged or was made to mislead; get it again from a source you trust",
            )
    return model


def _reachable(model: Any) -> Iterator[Any]:
    """Every object in a model, each once, arrays of numbers not entered."""
    seen: set[int] = set()
    waiting = [model]
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, (str, bytes, int, float, type, ModuleType, type(None))):
            continue
        seen.add(id(value))
        yield value
        waiting.extend(_children(value))


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    if getattr(getattr(value, "dtype", None), "hasobject", False):
        return list(value.ravel())
    return list(getattr(value, "__dict__", {}).values())


def _inside(indices: Any, end: int) -> bool:
    return bool(((indices >= 0) & (indices < end)).all())


def _descends(parents: Any, children: Any, count: int) -> bool:
    """Whether every child stands behind its parent, so that no walk leaves the nodes or goes in circles."""
    return bool((children > parents).all()) and _inside(children, count)


def _tree(tree: Any) -> bool:
    import numpy as np

    count = tree.node_count
    if not 0 < count == len(tree.children_left) == len(tree.value):
        return False
    inner = np.flatnonzero(tree.children_left != -1)
    return (
        _descends(inner, tree.children_left[inner], count)
        and _descends(inner, tree.children_right[inner], count)
        and _inside(tree.feature[inner], tree.n_features)
    )


def _decision_tree(estimator: Any) -> bool:
    return "tree_" not in vars(estimator) or bool(estimator.tree_.n_features == estimator.n_features_in_)


def _forest(estimator: Any) -> bool:
    """Whether all trees take as many features as the ensemble checks its input for."""
    import numpy as np

    trees = np.ravel(vars(estimator).get("estimators_", []))
    return all(tree.tree_.n_features == estimator.n_features_in_ for tree in trees)


def _isolation_forest(estimator: Any) -> bool:
    trees = zip(vars(estimator).get("estimators_", []), vars(estimator).get("estimators_features_", []), strict=True)
    return all(tree.tree_.n_features == len(taken) <= estimator.n_features_in_ for tree, taken in trees)


def _histogram_boosting(estimator: Any) -> bool:
    """Whether every node of every predictor names a feature, a child and a set of categories that are there."""
    import numpy as np

    predictors = [predictor for stage in vars(estimator).get("_predictors", []) for predictor in stage]
    if not predictors:
        return True
    features = estimator.n_features_in_
    binner = estimator._bin_mapper  # noqa: SLF001 - what predict reads
    if binner is not None and len(binner.is_categorical_) != features:
        return False
    for predictor in predictors:
        nodes, sets = predictor.nodes, predictor.raw_left_cat_bitsets
        inner = np.flatnonzero(nodes["is_leaf"] == 0)
        taken = nodes[inner]
        categorical = taken["bitset_idx"][taken["is_categorical"] != 0]
        if not (
            len(nodes)
            and _descends(inner, taken["left"].astype(np.int64), len(nodes))
            and _descends(inner, taken["right"].astype(np.int64), len(nodes))
            and _inside(taken["feature_idx"], features)
            and _inside(categorical.astype(np.int64), len(sets))
            and (sets.ndim, *sets.shape[1:]) == (2, 8)
        ):
            return False
    return True


def _neighbours(index: Any) -> bool:
    import numpy as np

    data, order, nodes, bounds = (np.asarray(part) for part in index.get_arrays())
    points, features = data.shape
    starts, ends = nodes["idx_start"], nodes["idx_end"]
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    return (
        len(nodes) > 0
        and len(order) == points
        and _inside(order, points)
        and bool(((starts >= 0) & (starts <= ends) & (ends <= points)).all())
        and bool((2 * inner + 2 < len(nodes)).all())
        and bounds.shape[1:] == (len(nodes), features)
        and len(bounds) == (2 if type(index).__name__.startswith("KD") else 1)
    )


def _compressed(matrix: Any) -> bool:
    matrix.check_format(full_check=True)
    return True


def _spline(spline: Any) -> bool:
    type(spline)(spline.t, spline.c, spline.k, spline.extrapolate, spline.axis)
    return True


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "Tree": _tree,
    **dict.fromkeys(
        ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"),
        _decision_tree,
    ),
    **dict.fromkeys(
        (
            "ExtraTreesClassifier",
            "ExtraTreesRegressor",
            "GradientBoostingClassifier",
            "GradientBoostingRegressor",
            "RandomForestClassifier",
            "RandomForestRegressor",
            "RandomTreesEmbedding",
        ),
        _forest,
    ),
    "IsolationForest": _isolation_forest,
    **dict.fromkeys(("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), _histogram_boosting),
    **dict.fromkeys(("BallTree", "BallTree64", "KDTree", "KDTree64"), _neighbours),
    **dict.fromkeys(("csc_array", "csc_matrix", "csr_array", "csr_matrix"), _compressed),
    "BSpline": _spline,
}

"""Forged indices in what native code takes on trust are found before a model is handed out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from scipy.sparse import csr_matrix
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestRegressor,
)
from sklearn.neighbors import BallTree, KDTree
from sklearn.preprocessing import FunctionTransformer, SplineTransformer
from sklearn.tree import DecisionTreeRegressor

from modelpack.errors import InvalidModelError
from modelpack_flavor_sklearn.soundness import checked

ROWS = np.random.default_rng(0).normal(size=(40, 3))
TARGET = ROWS.sum(axis=1)


def restated(value: Any, **changes: Any) -> Any:
    """The same object with other state, as a forged file would restore it."""
    constructor, arguments, state = value.__reduce__()
    forged = constructor(*arguments)
    forged.__setstate__({**state, **changes})
    return forged


def forged_nodes(nodes: Any, field: str, value: int) -> Any:
    """Nodes of which the first says something else."""
    nodes = nodes.copy()
    nodes[field][0] = value
    return nodes


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeRegressor(),
        RandomForestRegressor(3),
        GradientBoostingRegressor(n_estimators=3),
        HistGradientBoostingRegressor(max_iter=3),
        IsolationForest(n_estimators=3),
        IsolationForest(n_estimators=3, max_features=2),
        SplineTransformer(),
    ],
    ids=str,
)
def test_honest_models_pass(model: Any) -> None:
    """What scikit-learn has fitted is sound."""
    assert checked(model.fit(ROWS, TARGET)) is model


@pytest.mark.parametrize(
    ("field", "value"),
    [("left_child", 10_000), ("right_child", -7), ("left_child", 0), ("feature", 3), ("feature", -5)],
)
def test_forged_tree_is_found(field: str, value: int) -> None:
    """A child that is not there, a circle, and a feature that is not there."""
    model = DecisionTreeRegressor().fit(ROWS, TARGET)
    state = model.tree_.__getstate__()
    model.tree_ = restated(model.tree_, nodes=forged_nodes(state["nodes"], field, value))
    with pytest.raises(InvalidModelError, match="Tree"):
        checked({"inside": [model]})


def test_tree_of_another_width_is_found() -> None:
    """An ensemble checks its input for one number of features, and its trees read another."""
    forest = RandomForestRegressor(2).fit(ROWS, TARGET)
    forest.estimators_[1] = DecisionTreeRegressor().fit(np.hstack([ROWS, ROWS]), TARGET)
    with pytest.raises(InvalidModelError, match="RandomForestRegressor"):
        checked(forest)


@pytest.mark.parametrize(("field", "value"), [("left", 10_000), ("right", 0), ("feature_idx", 3)])
def test_forged_histogram_tree_is_found(field: str, value: int) -> None:
    """The predictors of histogram boosting are looked at as trees are."""
    model = HistGradientBoostingRegressor(max_iter=2).fit(np.repeat(ROWS, 10, axis=0), np.repeat(TARGET, 10))
    predictor = model._predictors[0][0]
    predictor.nodes = forged_nodes(predictor.nodes, field, value)
    with pytest.raises(InvalidModelError, match="HistGradientBoostingRegressor"):
        checked(model)


@pytest.mark.parametrize("kind", [KDTree, BallTree])
def test_forged_neighbour_index_is_found(kind: Any) -> None:
    """An index into the points that is not there."""
    index = kind(ROWS, leaf_size=5)
    assert checked(index) is index
    state = list(index.__getstate__())
    order = state[1].copy()
    order[0] = 10_000
    forged = kind.__new__(kind)
    forged.__setstate__((state[0], order, *state[2:]))
    with pytest.raises(InvalidModelError, match=kind.__name__):
        checked(FunctionTransformer(kw_args={"index": forged}))


def test_forged_sparse_matrix_is_found() -> None:
    """A column that is not there."""
    matrix = csr_matrix(np.eye(3))
    matrix.indices[0] = 99
    with pytest.raises(InvalidModelError, match="csr_matrix"):
        checked([matrix])


def test_forged_file_is_refused(tmp_path: Path) -> None:
    """Loading a skops file looks at what it holds."""
    from modelpack_flavor_sklearn.formats import read_skops

    model = DecisionTreeRegressor().fit(ROWS, TARGET)
    state = model.tree_.__getstate__()
    model.tree_ = restated(model.tree_, nodes=forged_nodes(state["nodes"], "left_child", 10_000))
    skops.io.dump(model, tmp_path / "model.skops")

    def never(reason: str) -> None:
        raise AssertionError(reason)

    with pytest.raises(InvalidModelError, match="Tree"):
        read_skops(tmp_path / "model.skops", never)

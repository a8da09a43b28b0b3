"""Every estimator of scikit-learn is saved and loaded, and answers the same."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401 - makes them known
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.utils.discovery import all_estimators

from modelpack import ModelpackWarning
from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature
from modelpack_flavor_sklearn.arrays import taking_arrays

FEATURES, TARGET = make_classification(60, 6, random_state=0)
POSITIVE = np.abs(FEATURES)
WITH_NULLS = np.where(np.arange(360).reshape(60, 6) % 41 == 0, np.nan, POSITIVE)
TEXTS = ["red green", "green blue green", "blue"] * 20
REQUIRED = {
    "base_estimator": LogisticRegression(),
    "dictionary": POSITIVE[:4],
    "estimator": LogisticRegression(),
    "estimators": [("first", LogisticRegression()), ("second", LogisticRegression(C=2.0))],
    "param_distributions": {"C": [0.5, 2.0]},
    "param_grid": {"C": [0.5, 2.0]},
    "steps": [("scale", StandardScaler()), ("predict", LogisticRegression())],
    "transformer_list": [("scale", StandardScaler())],
    "transformers": [("scale", StandardScaler(), [0, 1])],
}
SPECIAL: dict[str, dict[str, Any]] = {
    "GaussianRandomProjection": {"n_components": 2},
    "SelfTrainingClassifier": {"estimator": LogisticRegression(), "base_estimator": LogisticRegression()},
    "SparseRandomProjection": {"n_components": 2},
}
DATA: tuple[tuple[Any, Any], ...] = (
    (WITH_NULLS, TARGET),
    (FEATURES, TARGET),
    (POSITIVE, TARGET),
    (POSITIVE, POSITIVE[:, :2]),
    (POSITIVE, (POSITIVE[:, :2] > 1).astype(int)),
    (TEXTS, TARGET),
    ([{"a": 1}, {"b": 2.0}] * 30, TARGET),
    (POSITIVE @ POSITIVE.T, TARGET),
    (POSITIVE, POSITIVE[:, 0] + 0.1),
    (POSITIVE[:, 0], TARGET),
    (TARGET, None),
    ([("a", "b"), ("b",)] * 30, None),
)
METHODS = ("predict", "predict_proba", "decision_function", "transform", "score_samples")
RANDOM = {"BernoulliRBM", "DummyClassifier"}
"""Their answers differ from call to call, for the same rows."""
BEYOND_SKOPS = {"Birch", "BisectingKMeans"}
"""Those that are saved with cloudpickle, with a notice: skops does not know the first; the second keeps a function
whose arguments native code takes on trust."""
UNFITTED = {"SparseCoder"}
FRAME_READERS = {"ColumnTransformer", "FunctionTransformer", "CountVectorizer", "HashingVectorizer", "TfidfVectorizer"}
"""Those that are given frames in any case."""


def classes() -> Iterator[type]:
    """The classes, of every kind."""
    for _, kind in all_estimators():
        if not kind.__module__.startswith("sklearn.utils"):
            yield kind


def fitted(kind: type) -> tuple[Any, Any]:
    """An estimator with default arguments, and rows that it was fitted to.

    Raises:
        ValueError: None of the data suits it.
    """
    for rows, target in DATA:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = kind(**arguments(kind))
            try:
                return (model.fit(rows) if target is None else model.fit(rows, target)), rows
            except Exception:  # noqa: BLE001, S112 - other data may suit it
                continue
    raise ValueError(f"no data suits {kind.__name__}")


def arguments(kind: type) -> dict[str, Any]:
    """What an estimator cannot be made without."""
    parameters = inspect.signature(kind).parameters.values()
    needed = {parameter.name for parameter in parameters if parameter.default is parameter.empty}
    arguments = {name: value for name, value in REQUIRED.items() if name in needed}
    if "Regressor" in kind.__name__ and "estimators" in arguments:
        arguments["estimators"] = [("first", LinearRegression()), ("second", LinearRegression(fit_intercept=False))]
    if kind.__name__ == "RegressorChain":
        arguments = dict.fromkeys(arguments, LinearRegression())
    if kind.__name__ == "FrozenEstimator":
        arguments["estimator"].fit(FEATURES, TARGET)
    known = {parameter.name for parameter in parameters}
    special = {name: value for name, value in SPECIAL.get(kind.__name__, {}).items() if name in known}
    if kind.__name__ == "SelfTrainingClassifier" and "estimator" in special:
        special.pop("base_estimator", None)
    return arguments | special


def answers(model: Any, rows: Any) -> dict[str, list[Any]]:
    """What each method of an estimator answers for some rows, arrays made dense."""
    found: dict[str, list[Any]] = {}
    for name in METHODS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                answer = getattr(model, name)(rows)
            except Exception:  # noqa: BLE001, S112 - it has no such method, or not for these rows
                continue
        parts = answer if isinstance(answer, (list, tuple)) else [answer]
        found[name] = [part.toarray() if hasattr(part, "toarray") else np.asarray(part) for part in parts]
    return found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Class .* is deprecated:FutureWarning")
@pytest.mark.parametrize("kind", list(classes()), ids=lambda kind: kind.__name__)
def test_estimator_answers_the_same(
    kind: type, tmp_path: Path, save: Callable[..., Any], load: Callable[..., Any]
) -> None:
    """The default format holds it, needs no trust (but for two), and every method answers bit for bit the same."""
    model, rows = (kind(dictionary=np.eye(6)), np.eye(6)) if kind.__name__ in UNFITTED else fitted(kind)
    beyond = kind.__name__ in BEYOND_SKOPS
    if beyond:
        with pytest.warns(ModelpackWarning, match="serialization_format='cloudpickle'"):
            conf = save(model, tmp_path)
    else:
        conf = save(model, tmp_path)
    assert conf.serialization_format == ("cloudpickle" if beyond else "skops")
    loaded: Any = load(tmp_path, conf)
    assert type(loaded) is kind
    if kind.__name__ not in RANDOM:
        # a copy of the rows: kernels take a shortcut for the very rows that they were fitted to
        first, second = answers(model, deepcopy(rows)), answers(loaded, deepcopy(rows))
        assert first.keys() == second.keys()
        for name, parts in first.items():
            for part, other in zip(parts, second[name], strict=True):
                np.testing.assert_array_equal(part, other, err_msg=name)


@pytest.mark.slow
def test_nearly_all_of_them_were_tried() -> None:
    """The data suits every estimator that can be made."""
    assert sum(1 for _ in classes()) > 190
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        unsuited = [kind.__name__ for kind in classes() if kind.__name__ not in UNFITTED and not _is_suited(kind)]
    assert unsuited == []


def _is_suited(kind: type) -> bool:
    try:
        fitted(kind)
    except ValueError:
        return False
    return True


def signature_of(names: list[Any]) -> ModelSignature:
    """Doubles of these names."""
    return ModelSignature(inputs=ColumnSchema(tuple(Column(DataType.DOUBLE, name) for name in names)))


def frame_of(rows: Any) -> pd.DataFrame:
    """Rows as a frame with names."""
    return pd.DataFrame(rows, columns=[f"c{position}" for position in range(np.shape(rows)[1])], copy=False)


def fitted_to_frame(kind: type) -> tuple[Any, Any] | None:
    """An estimator that was fitted to a frame, and the numbers in it; None where no frame suits it."""
    for rows, target in DATA:
        if getattr(rows, "ndim", 0) != 2:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return kind(**arguments(kind)).fit(frame_of(rows), target), rows
            except Exception:  # noqa: BLE001, S112 - other data may suit it
                continue
    return None


def outcome(model: Any, method: str, rows: Any) -> tuple[list[Any] | None, list[str]]:
    """What a method answers, and what it warns of; None where it cannot."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            answer = getattr(model, method)(rows)
        except Exception:  # noqa: BLE001 - it has no such method, or not for these rows
            return None, []
    parts = answer if isinstance(answer, (list, tuple)) else [answer]
    arrays = [part.toarray() if hasattr(part, "toarray") else np.asarray(part) for part in parts]
    return arrays, [str(each.message) for each in caught]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Class .* is deprecated:FutureWarning")
@pytest.mark.parametrize("kind", list(classes()), ids=lambda kind: kind.__name__)
def test_an_array_is_answered_as_the_frame(kind: type) -> None:
    """Bit for bit, by every method, and with no word of warning that the frame would not have brought."""
    found = fitted_to_frame(kind)
    if found is None:
        pytest.skip("no frame suits it")
    model, rows = found
    names = frame_of(rows).columns.tolist()
    taking = taking_arrays(model, signature_of(names))
    assert (taking is None) == (kind.__name__ in FRAME_READERS)
    if taking is None or kind.__name__ in RANDOM:
        return
    for method in METHODS:
        expected, before = outcome(model, method, frame_of(rows.copy()))
        answer, after = outcome(taking, method, rows.copy())
        assert after == before, method
        assert (answer is None) == (expected is None), method
        for part, other in zip(answer or [], expected or [], strict=True):
            np.testing.assert_array_equal(part, other, err_msg=method)
            assert part.dtype == other.dtype

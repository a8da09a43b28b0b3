"""Estimators take arrays in place of frames where that makes no difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import RFE
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import modelpack
from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature
from modelpack_flavor_sklearn.arrays import taking_arrays
from modelpack_flavor_sklearn.predictor import adapt

Iris = tuple[pd.DataFrame, pd.Series]

LOGISTIC = LogisticRegression(max_iter=500)
MODELS = {
    "calibrated": CalibratedClassifierCV(LOGISTIC, cv=2),
    "bagging": BaggingClassifier(LOGISTIC, n_estimators=2, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=3, random_state=0),
    "forest": RandomForestClassifier(n_estimators=3, random_state=0),
    "pipeline": make_pipeline(StandardScaler(), LOGISTIC),
    "search": GridSearchCV(Pipeline([("scale", StandardScaler()), ("fit", LOGISTIC)]), {"fit__C": [0.1, 1.0]}, cv=2),
    "selection": RFE(LOGISTIC, n_features_to_select=2),
    "stacking": StackingClassifier([("first", LOGISTIC)], passthrough=True, cv=2),
    "target": TransformedTargetRegressor(LinearRegression(), func=lambda y: y + 1, inverse_func=lambda y: y - 1),
    "union": make_pipeline(FeatureUnion([("scale", StandardScaler())]), LOGISTIC),
    "voting": VotingClassifier([("first", make_pipeline(StandardScaler(), LOGISTIC)), ("second", LOGISTIC)]),
}


def signature_of(names: Any) -> ModelSignature:
    """Doubles of these names."""
    return ModelSignature(inputs=ColumnSchema(tuple(Column(DataType.DOUBLE, name) for name in names)))


@pytest.mark.parametrize("name", MODELS)
def test_parts_forget_the_names_too(name: str, iris: Iris) -> None:
    """An array is answered in silence, bit for bit as the frame, however deep the estimator is nested."""
    model = MODELS[name].fit(*iris)
    predictor = adapt(model, None, signature_of(iris[0].columns))
    assert predictor.takes_arrays
    np.testing.assert_array_equal(predictor.predict(iris[0].to_numpy()), model.predict(iris[0]))


@pytest.mark.parametrize("name", ["pipeline", "voting"])
def test_the_estimator_itself_keeps_the_names(name: str, iris: Iris) -> None:
    """The copy is another object, so the caller's estimator is left as it is."""
    model = MODELS[name].fit(*iris)
    copy = taking_arrays(model, signature_of(iris[0].columns))
    assert copy is not model
    assert list(model.feature_names_in_) == list(iris[0].columns)
    assert not hasattr(copy, "feature_names_in_")
    with pytest.warns(UserWarning, match="feature names"):
        model.predict(iris[0].to_numpy())


def test_the_copy_shares_what_was_learnt(iris: Iris) -> None:
    """A large model is not in memory twice."""
    model = RandomForestClassifier(n_estimators=3).fit(*iris)
    copy = taking_arrays(model, signature_of(iris[0].columns))
    assert copy.estimators_ is model.estimators_


def test_estimator_fitted_to_arrays_is_taken_as_it_is(iris: Iris) -> None:
    """It has no names to forget."""
    model = LOGISTIC.fit(iris[0].to_numpy(), iris[1])
    assert taking_arrays(model, signature_of(iris[0].columns)) is model


class Doubling(StandardScaler):  # type: ignore[misc]  # scikit-learn has no types
    """A transformer from elsewhere."""


UNSURE = {
    "by name": make_pipeline(ColumnTransformer([("scale", StandardScaler(), ["sepal length (cm)"])]), LOGISTIC),
    "function": make_pipeline(FunctionTransformer(lambda frame: frame * 2), LOGISTIC),
    "frames": make_pipeline(StandardScaler(), LOGISTIC).set_output(transform="pandas"),
    "foreign": make_pipeline(Doubling(), LOGISTIC),
}


@pytest.mark.parametrize("name", UNSURE)
def test_what_may_need_a_frame_gets_one(name: str, iris: Iris) -> None:
    """Columns by name, functions and transformers of others, and frames between the steps."""
    model = UNSURE[name].fit(*iris)
    predictor = adapt(model, None, signature_of(iris[0].columns))
    assert not predictor.takes_arrays
    np.testing.assert_array_equal(predictor.predict(iris[0]), model.predict(iris[0]))


def test_names_must_be_the_signatures_in_its_order(iris: Iris) -> None:
    """Otherwise scikit-learn refuses the frame, and an array would get past that check."""
    model = LOGISTIC.fit(*iris)
    assert taking_arrays(model, signature_of(iris[0].columns[::-1])) is None
    assert taking_arrays(model, ModelSignature()) is None
    assert taking_arrays(model, None) is None


def test_frames_as_the_general_output_need_frames(iris: Iris) -> None:
    """`set_config(transform_output=…)` counts like `set_output`."""
    with sklearn.config_context(transform_output="pandas"):
        assert taking_arrays(LOGISTIC.fit(*iris), signature_of(iris[0].columns)) is None


def test_loaded_model_takes_arrays(iris: Iris, tmp_path: Path) -> None:
    """The signature reaches the predictor, and arrays pass as they are."""
    rows, target = iris
    model = make_pipeline(StandardScaler(), LOGISTIC).fit(rows, target)
    modelpack.save_model(model, tmp_path / "model", signature=signature_of(rows.columns))
    loaded = modelpack.pyfunc.load_model(tmp_path / "model")
    assert loaded.takes_arrays
    array = rows.to_numpy()
    assert loaded.enforce(array)[0] is array
    np.testing.assert_array_equal(loaded.predict(array), loaded.predict(rows))

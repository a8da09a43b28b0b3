"""The conformance kit of modelpack, for scikit-learn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from packaging.version import Version

from modelpack.testing import FlavorCase, FlavorTests, RecordedModel

RECORDED = Path(__file__).parent / "recorded"
RECORDED_WITH = "1.9.1"


def mixed_frame() -> pd.DataFrame:
    """Numbers, nulls and text."""
    return pd.DataFrame(
        {
            "age": [20.0, np.nan, 41.0, 65.5, 30.0, 17.0],
            "rooms": [1, 2, 3, 4, 2, 1],
            "city": ["Bonn", "Köln", "Bonn", "Ulm", "Köln", "Ulm"],
        }
    )


def pipeline() -> Any:
    """Columns prepared each in its way, and a classifier that holds trees."""
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["age"]),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["city"]),
        remainder="passthrough",
    )
    model = make_pipeline(columns, HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=1))
    return model.fit(mixed_frame(), ["a", "b", "a", "b", "a", "b"])


def array() -> Any:
    """Rows without names."""
    return np.random.default_rng(0).normal(size=(8, 3))


def forest() -> Any:
    """Trees, fitted on an array."""
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(5, random_state=0).fit(array(), array().sum(axis=1))


def numbers() -> pd.DataFrame:
    """Columns of one type, which may come as an array."""
    return pd.DataFrame(array(), columns=["length", "width", "height"])


def boosting() -> Any:
    """Trees, fitted on columns with names."""
    from sklearn.ensemble import GradientBoostingRegressor

    return GradientBoostingRegressor(n_estimators=5, random_state=0).fit(numbers(), array()[:, 0] - array()[:, 2])


def process() -> Any:
    """A model whose `predict` takes params."""
    from sklearn.gaussian_process import GaussianProcessRegressor

    return GaussianProcessRegressor(optimizer=None).fit(array(), array().sum(axis=1))


def predict_by_part(model: Any, rows: Any, **params: Any) -> Any:
    """A tuple of arrays as modelpack answers it: a dict by position."""
    answer = model.predict(rows, **params)
    return {str(place): part for place, part in enumerate(answer)} if isinstance(answer, tuple) else answer


def with_function() -> Any:
    """A model that holds a function, which only cloudpickle can save."""
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    return make_pipeline(FunctionTransformer(lambda rows: rows**2), LinearRegression()).fit(array(), array()[:, 0])


def recorded(path: Path) -> RecordedModel:
    """A model that MLflow wrote, with what it predicted there."""
    told = json.loads((path / "expected.json").read_text(encoding="utf-8"))
    rows = told["rows"]
    frame = pd.DataFrame(rows["data"], columns=rows["columns"])
    return RecordedModel(name=path.name, path=path, inputs=frame, expected=told["predictions"], tolerance=1e-12)


class TestSklearn(FlavorTests):
    """The flavor does what every flavor does."""

    flavor = "sklearn"
    library = "sklearn"
    distribution = "scikit-learn"
    supports_params = True
    cases = (
        FlavorCase(name="pipeline on a frame", build=pipeline, inputs=mixed_frame),
        FlavorCase(name="forest on an array", build=forest, inputs=array),
        FlavorCase(name="boosting on a frame of numbers", build=boosting, inputs=numbers),
        FlavorCase(
            name="process with params",
            build=process,
            inputs=array,
            predict=predict_by_part,
            params={"return_std": False},
            other_params={"return_std": True},
            tolerance=1e-12,
        ),
        FlavorCase(
            name="function by cloudpickle",
            build=with_function,
            inputs=array,
            options={"serialization_format": "cloudpickle"},
            executes_code=True,
            tolerance=1e-12,
        ),
    )
    wrong_models = (object(), "a text", {"a": "mapping"}, 42, dict)
    recorded_models = tuple(
        recorded(path.parent)
        for path in sorted(RECORDED.glob("*/MLmodel"))
        if Version(sklearn.__version__) >= Version(RECORDED_WITH)
    )

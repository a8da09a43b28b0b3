"""The conformance kit of modelpack, for XGBoost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from modelpack.testing import FlavorCase, FlavorTests, RecordedModel

RECORDED = Path(__file__).parent / "recorded"
TREES = {"n_estimators": 4, "max_depth": 3, "n_jobs": 1}


def frame() -> pd.DataFrame:
    """Numbers of one type, with names."""
    return pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)), columns=["a", "b", "c"])


def array() -> Any:
    """Rows without names."""
    return frame().to_numpy()


def sums() -> Any:
    """What there is to learn."""
    return array().sum(axis=1)


def kinds() -> Any:
    """Three classes."""
    return np.digitize(sums(), [-1, 1])


def towns() -> pd.DataFrame:
    """Numbers with a null, whole numbers, and text that the model knows as categories."""
    names = ["Bonn", "Kiel", "Ulm"] * 4
    return pd.DataFrame({"age": [np.nan, *range(1, 12)], "rooms": [1, 2, 3] * 4, "town": names}).astype({"age": float})


def with_categories(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows as they were trained on."""
    return rows.astype({"town": "category"})


def booster() -> Any:
    """XGBoost's own interface, with names."""
    import xgboost

    return xgboost.train({"max_depth": 3, "nthread": 1}, xgboost.DMatrix(frame(), sums()), 4)


def several_outputs() -> Any:
    """A booster that answers a row of probabilities, of an array."""
    import xgboost

    params = {"objective": "multi:softprob", "num_class": 3, "nthread": 1}
    return xgboost.train(params, xgboost.DMatrix(array(), kinds()), 3)


def linear() -> Any:
    """A booster without trees."""
    import xgboost

    params = {"booster": "gblinear", "nthread": 1, "updater": "coord_descent"}
    return xgboost.train(params, xgboost.DMatrix(frame(), sums()), 3)


def classifier() -> Any:
    """The scikit-learn API."""
    from xgboost import XGBClassifier

    return XGBClassifier(**TREES).fit(frame(), kinds())


def forest() -> Any:
    """A random forest, of an array."""
    from xgboost import XGBRFRegressor

    return XGBRFRegressor(**TREES).fit(array(), sums())


def ranker() -> Any:
    """Of queries of ten rows each."""
    from xgboost import XGBRanker

    return XGBRanker(**TREES).fit(frame(), kinds(), qid=np.repeat(range(4), 10))


def of_towns() -> Any:
    """A classifier with a categorical column."""
    from xgboost import XGBClassifier

    rows = with_categories(towns())
    return XGBClassifier(**TREES, enable_categorical=True).fit(rows, (rows["town"] == "Ulm").astype(int))


def predict_matrix(model: Any, rows: Any, **params: Any) -> Any:
    """A booster's own way."""
    import xgboost

    return model.predict(xgboost.DMatrix(rows), **params)


def predict_towns(model: Any, rows: pd.DataFrame) -> Any:
    """With categories, as XGBoost wants them."""
    return model.predict(rows.astype({"town": "category"}))


def recorded(path: Path) -> RecordedModel:
    """A model that MLflow wrote, with what it predicted there."""
    told = json.loads((path / "expected.json").read_text(encoding="utf-8"))
    rows = pd.DataFrame(told["rows"]["data"], columns=told["rows"]["columns"])
    return RecordedModel(name=path.name, path=path, inputs=rows, expected=told["predictions"])


class TestXGBoost(FlavorTests):
    """The flavor does what every flavor does."""

    flavor = "xgboost"
    library = "xgboost"
    distribution = "xgboost-cpu"
    supports_params = True
    cases = (
        FlavorCase(
            name="booster on a frame",
            build=booster,
            inputs=frame,
            predict=predict_matrix,
            params={"output_margin": False, "pred_leaf": False},
            other_params={"pred_leaf": True},
        ),
        FlavorCase(name="probabilities on an array", build=several_outputs, inputs=array, predict=predict_matrix),
        FlavorCase(name="linear booster", build=linear, inputs=frame, predict=predict_matrix, tolerance=1e-6),
        FlavorCase(
            name="classifier as json",
            build=classifier,
            inputs=frame,
            options={"model_format": "json"},
            params={"output_margin": False},
            other_params={"output_margin": True},
        ),
        FlavorCase(name="forest on an array", build=forest, inputs=array),
        FlavorCase(name="ranker", build=ranker, inputs=frame),
        FlavorCase(name="classifier of categories", build=of_towns, inputs=towns, predict=predict_towns),
    )
    wrong_models = (object(), "a text", {"a": "mapping"}, 42, dict)
    recorded_models = tuple(recorded(path.parent) for path in sorted(RECORDED.glob("*/MLmodel")))

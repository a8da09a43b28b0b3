"""The conformance kit of modelpack, for LightGBM."""

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
RECORDED_WITH = "1.9.1"  # of scikit-learn
SMALL = {"n_estimators": 3, "num_leaves": 4, "min_child_samples": 2, "n_jobs": 1, "verbose": -1}
TRAINING = {"num_leaves": 4, "min_data_in_leaf": 2, "num_threads": 1, "verbose": -1}


def frame() -> pd.DataFrame:
    """Numbers of one type, one of the names with a space."""
    return pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)), columns=["a", "b b", "c"])


def array() -> Any:
    """Rows without names."""
    return frame().to_numpy()


def sums() -> Any:
    """What there is to learn."""
    return array().sum(axis=1)


def towns() -> pd.DataFrame:
    """Numbers with a null, and text that the model knows as categories."""
    names = ["Ulm", "Bonn", "Köln"] * 4
    return pd.DataFrame({"age": [np.nan, *range(1, 12)], "town": names, "rooms": [1, 2, 3] * 4}).astype({"age": float})


def booster() -> Any:
    """LightGBM's own interface, with names."""
    import lightgbm

    return lightgbm.train(TRAINING, lightgbm.Dataset(frame(), sums()), 3)


def several_outputs() -> Any:
    """A booster that answers a row of probabilities, of an array."""
    import lightgbm

    kinds = np.digitize(sums(), [-1, 1])
    return lightgbm.train({**TRAINING, "objective": "multiclass", "num_class": 3}, lightgbm.Dataset(array(), kinds), 2)


def of_towns() -> Any:
    """A booster with a categorical column."""
    import lightgbm

    rows = towns().astype({"town": "category"})
    return lightgbm.train(
        {**TRAINING, "min_data_per_group": 1, "cat_smooth": 0}, lightgbm.Dataset(rows, rows["town"].cat.codes), 3
    )


def classifier() -> Any:
    """An estimator whose labels are text."""
    from lightgbm import LGBMClassifier

    return LGBMClassifier(**SMALL).fit(frame(), np.where(sums() > 0, "more", "less"))


def regressor() -> Any:
    """An estimator of an array."""
    from lightgbm import LGBMRegressor

    return LGBMRegressor(**SMALL).fit(array(), sums())


def predict_towns(model: Any, rows: pd.DataFrame) -> Any:
    """With categories, as LightGBM wants them."""
    return model.predict(rows.astype({"town": pd.CategoricalDtype(["Bonn", "Köln", "Ulm"])}))


def recorded(path: Path) -> RecordedModel:
    """A model that MLflow wrote, with what it predicted there."""
    told = json.loads((path / "expected.json").read_text(encoding="utf-8"))
    rows = pd.DataFrame(told["rows"]["data"], columns=told["rows"]["columns"])
    return RecordedModel(name=path.name, path=path, inputs=rows, expected=told["predictions"])


def is_readable(path: Path) -> bool:
    """Whether the installed scikit-learn is not older than the one whose label encoder is in a classifier."""
    return "classifier" not in path.parent.name or Version(sklearn.__version__) >= Version(RECORDED_WITH)


class TestLightGBM(FlavorTests):
    """The flavor does what every flavor does."""

    flavor = "lightgbm"
    library = "lightgbm"
    distribution = "lightgbm"
    supports_params = True
    cases = (
        FlavorCase(
            name="booster on a frame",
            build=booster,
            inputs=frame,
            params={"pred_leaf": False},
            other_params={"pred_leaf": True},
        ),
        FlavorCase(name="probabilities on an array", build=several_outputs, inputs=array),
        FlavorCase(name="booster of categories", build=of_towns, inputs=towns, predict=predict_towns),
        FlavorCase(name="classifier", build=classifier, inputs=frame),
        FlavorCase(
            name="regressor by cloudpickle",
            build=regressor,
            inputs=array,
            options={"serialization_format": "cloudpickle"},
            executes_code=True,
        ),
    )
    wrong_models = (object(), "a text", {"a": "mapping"}, 42, dict)
    recorded_models = tuple(recorded(path.parent) for path in sorted(RECORDED.glob("*/MLmodel")) if is_readable(path))

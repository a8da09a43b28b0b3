"""The conformance kit of modelpack, for CatBoost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from modelpack.testing import FlavorCase, FlavorTests, RecordedModel

RECORDED = Path(__file__).parent / "recorded"
QUIET = {"iterations": 4, "depth": 2, "verbose": False, "allow_writing_files": False}


def array() -> Any:
    """Rows without names."""
    return np.random.default_rng(0).normal(size=(12, 3))


def frame() -> pd.DataFrame:
    """Numbers, text, and whole numbers that are categories."""
    return pd.DataFrame(
        {
            "age": [20.0, np.nan, 41.0, 65.5, 30.0, 17.0] * 2,
            "rooms": [1, 2, 3, 4, 2, 1] * 2,
            "city": ["Bonn", "Köln", "Bonn", "Ulm", "Köln", "Ulm"] * 2,
        }
    )


def texts() -> pd.DataFrame:
    """Sentences, and a number."""
    sentences = ["a good film", "a bad film", "good, very good", "bad, so bad"]
    return pd.DataFrame({"review": sentences * 3, "stars": range(12)})


def labels(count: int) -> list[str]:
    """As many classes for the twelve rows."""
    return [f"class {place % count}" for place in range(12)]


def regressor() -> Any:
    """Numbers, fitted on an array."""
    from catboost import CatBoostRegressor

    return CatBoostRegressor(**QUIET).fit(array(), array().sum(axis=1))


def classifier() -> Any:
    """Categories, and two classes."""
    from catboost import CatBoostClassifier

    return CatBoostClassifier(**QUIET, cat_features=["rooms", "city"]).fit(frame(), labels(2))


def several() -> Any:
    """Three classes, which CatBoost answers as a column of a matrix."""
    from catboost import CatBoostClassifier

    return CatBoostClassifier(**QUIET).fit(array(), labels(3))


def reader() -> Any:
    """Text features."""
    from catboost import CatBoostClassifier

    return CatBoostClassifier(**QUIET, text_features=["review"]).fit(texts(), labels(2))


def ranker() -> Any:
    """Groups of rows."""
    from catboost import CatBoostRanker

    return CatBoostRanker(**QUIET).fit(array(), [0, 1] * 6, group_id=np.repeat([0, 1, 2], 4))


def plain() -> Any:
    """The class behind the others, which answers raw values."""
    from catboost import CatBoost

    return CatBoost({**QUIET, "loss_function": "Logloss"}).fit(array(), [0, 1] * 6)


def derived() -> Any:
    """A subclass, which no library could restore."""
    from catboost import CatBoostRegressor

    class Regressor(CatBoostRegressor):  # type: ignore[misc]  # CatBoost ships no types
        """One's own."""

    return Regressor(**QUIET)


def recorded(path: Path) -> RecordedModel:
    """A model that MLflow wrote, with what it predicted there."""
    told = json.loads((path / "expected.json").read_text(encoding="utf-8"))
    rows = pd.DataFrame(told["rows"]["data"], columns=told["rows"]["columns"])
    return RecordedModel(name=path.name, path=path, inputs=rows, expected=told["predictions"], tolerance=1e-12)


class TestCatBoost(FlavorTests):
    """The flavor does what every flavor does."""

    flavor = "catboost"
    library = "catboost"
    distribution = "catboost"
    supports_params = True
    cases = (
        FlavorCase(name="regressor on an array", build=regressor, inputs=array),
        FlavorCase(
            name="classifier on a frame",
            build=classifier,
            inputs=frame,
            params={"prediction_type": "Class"},
            other_params={"prediction_type": "Probability"},
        ),
        FlavorCase(name="three classes", build=several, inputs=lambda: pd.DataFrame(array())),
        FlavorCase(name="texts", build=reader, inputs=texts),
        FlavorCase(name="ranker", build=ranker, inputs=array),
        FlavorCase(name="plain model", build=plain, inputs=array),
        FlavorCase(
            name="json",
            build=regressor,
            inputs=array,
            options={"format": "json"},
            tolerance=1e-12,
        ),
    )
    wrong_models = (object(), "a text", {"a": "mapping"}, 42, derived())
    recorded_models = tuple(recorded(path.parent) for path in sorted(RECORDED.glob("*/MLmodel")))

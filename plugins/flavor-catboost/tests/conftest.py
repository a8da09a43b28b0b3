"""What the tests of the plugin share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture

ROWS = 40


@pytest.fixture(scope="session")
def numbers() -> pd.DataFrame:
    """Two columns of numbers."""
    random = np.random.default_rng(0)
    return pd.DataFrame({"age": random.normal(size=ROWS), "height": random.normal(size=ROWS)})


@pytest.fixture(scope="session")
def people(numbers: pd.DataFrame) -> pd.DataFrame:
    """Numbers, a category of texts and one of whole numbers."""
    cities = np.array(["Bonn", "Köln", "Ulm", "missing"] * (ROWS // 4), dtype=object)
    return numbers.assign(city=cities, floor=np.arange(ROWS) % 3)


@pytest.fixture(scope="session")
def regressor(numbers: pd.DataFrame) -> Any:
    """A model of numbers, which knows their names."""
    from catboost import CatBoostRegressor

    model = CatBoostRegressor(iterations=4, depth=2, verbose=False, allow_writing_files=False)
    return model.fit(numbers, numbers["age"] - 2 * numbers["height"])


@pytest.fixture(scope="session")
def classifier(people: pd.DataFrame) -> Any:
    """A model of numbers and categories, whose classes are texts."""
    from catboost import CatBoostClassifier

    model = CatBoostClassifier(
        iterations=6, depth=2, verbose=False, allow_writing_files=False, cat_features=["city", "floor"]
    )
    return model.fit(people, np.where((people["city"] == "Ulm") ^ (people["age"] > 0), "stays", "moves"))

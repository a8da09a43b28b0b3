"""What the tests of the plugin share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture


def pytest_configure(config: pytest.Config) -> None:
    """Train what XGBoost 3.4 would rather not, as long as there is such a model to load."""
    config.addinivalue_line("filterwarnings", r"ignore:(?s).*\bis deprecated")


@pytest.fixture(scope="session")
def houses() -> pd.DataFrame:
    """Numbers, a flag, nulls, and two columns of categories, one of text and one of numbers."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "area": random.normal(100, 20, 80),
            "rooms": random.integers(1, 6, 80),
            "garden": random.choice([True, False], 80),
            "city": pd.Categorical(random.choice(["Bonn", "Kiel", "Ulm"], 80)),
            "zone": pd.Categorical(random.choice([3, 5, 9], 80)),
        }
    )
    frame.loc[::7, "area"] = np.nan
    return frame


@pytest.fixture(scope="session")
def prices(houses: pd.DataFrame) -> pd.Series:
    """What depends on all of them."""
    cities = houses["city"].cat.codes * 30 + houses["zone"].astype(int) * 5
    return houses["area"].fillna(90) + houses["rooms"] * 10 + houses["garden"] * 20 + cities
